"""Pure decisions of `access`, by noun; time is an argument."""
