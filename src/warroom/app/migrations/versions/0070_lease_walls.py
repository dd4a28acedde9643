"""Who worked on a camera is seen by whoever may see the camera, and by the node's own work."""

from alembic import op

revision = "0070"
down_revision = "0069"


def upgrade() -> None:
    op.execute(_WALLS)


_WALLS = """
alter table lease_history enable row level security;
create policy lease_history_scope on lease_history using (
    (select public.scope_sees_all())
    or (kind = 'camera' and key in (select c.id::text from public.camera c))
);
alter table lease_holder enable row level security;
create policy lease_holder_scope on lease_holder using (
    (select public.scope_sees_all())
    or exists (select 1 from public.lease_history h
               where h.kind = lease_holder.kind and h.holder = lease_holder.holder)
);
comment on table lease_holder is 'who is there to hold leases of a kind, and since when';
"""
