"""A style vector for a painting, at a glance: nothing is fitted."""
