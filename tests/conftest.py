"""Fixtures of every test."""

pytest_plugins = ["tests.conftest_db"]
