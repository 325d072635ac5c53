"""Architectures that score structures."""
