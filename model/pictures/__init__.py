"""Bytes to pictures and back, and what is done to pictures."""
