"""An owner's new name is a new version of the inventory."""

from alembic import op

revision = "0030"
down_revision = "0027"


def upgrade() -> None:
    op.execute(_RENAMED)


_RENAMED = """
-- What a list tells of a camera and its owner is remembered for as long as the version holds.
create trigger agency_renamed after update of name, short on agency
    for each statement execute function cameras_changed();
"""
