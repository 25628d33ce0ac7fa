"""Colour and light of one picture, structure of another."""
