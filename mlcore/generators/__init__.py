"""Architectures that propose structures."""
