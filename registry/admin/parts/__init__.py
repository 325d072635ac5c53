"""Pieces that the pages of several nouns are made of."""
