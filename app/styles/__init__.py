"""The styles that can be painted."""
