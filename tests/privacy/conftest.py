"""The desk of the requests: three agencies, their people, and cameras."""

from tests.access.conftest import Desk, desk

__all__ = ["Desk", "desk"]
