"""All SQL of `access`, by noun."""
