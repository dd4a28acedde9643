"""All SQL of `identity`, by noun."""
