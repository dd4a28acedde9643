"""Holds and alarms are behind the wall of their camera as it is now."""

from alembic import op

from warroom.kernel.wall import policy

revision = "0013"
down_revision = "0012"

TABLES = ("recording_hold", "recording_alarm")


def upgrade() -> None:
    for table in TABLES:
        op.execute(policy(table, _OF_THE_CAMERA))
    op.execute(_COPIES)


# Whoever the rules let see the camera, by whichever side, sees what is held and wrong of it; who
# owned it when the row was written does not matter.
_OF_THE_CAMERA = """(
    (select scope_sees_all()) or exists (select from camera c where c.id = camera_id)
)"""

# A copy of what a camera was is what a right must not be judged by.
_COPIES = "alter table recording_alarm drop agency_id, drop place, drop tags"
