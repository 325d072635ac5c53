"""Machine learning for Solvate: identity, generation and prediction of structures, without a database."""

__version__ = "0.1.0"
