"""Tests of `identity`."""
