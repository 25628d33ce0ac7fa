"""The service: HTTP around `model`."""
