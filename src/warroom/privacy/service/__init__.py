"""Use cases of `privacy`, by noun."""
