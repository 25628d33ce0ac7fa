"""A picture from a photo."""
