"""Textures and pictures made of an exemplar's own pixels, without a network."""
