"""From a photo to its painting, many at once."""
