"""Thin commands over model and app; a package so that import-linter sees them."""
