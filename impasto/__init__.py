"""One network that paints photos in many styles: the one name under which everything here is imported."""
