"""Who serves in the field sees the map: names of areas, and the place they are sent to."""

from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.execute(
        "update role set actions = array_append(actions, 'city:view')"
        " where name = 'petugas_lapangan' and not 'city:view' = any(actions)"
    )
