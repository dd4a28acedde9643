"""The world of the authorization matrix, for all tests that ask the application as somebody."""

from tests.app.test_authorization_matrix import walls, world

__all__ = ["walls", "world"]
