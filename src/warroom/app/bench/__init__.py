"""Benchmarks of the whole node, each with its floor or peer beside its own figure."""
