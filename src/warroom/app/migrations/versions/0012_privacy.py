"""Records of processing and subject access."""

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    pass
