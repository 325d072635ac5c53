"""Measures of what generators and predictors are worth."""
