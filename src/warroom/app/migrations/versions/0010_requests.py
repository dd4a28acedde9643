"""Grants across agencies emergency access and access reviews."""

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    pass
