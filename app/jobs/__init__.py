"""What takes too long for an answer."""
