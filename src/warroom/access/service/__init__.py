"""Use cases of `access`, by noun; each in one transaction."""
