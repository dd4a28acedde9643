"""Leases are shared out among those who are there, change hands at an instant, and keep by whom."""

from alembic import op

revision = "0067"
down_revision = "0057"


def upgrade() -> None:
    op.execute(_SHARED)


_SHARED = """
alter table lease add column before text not null default '', add column from_at timestamptz;
comment on column lease.from_at is
    'the holder works from then on, and the one before it up to then; null: at once';
create index lease_handed on lease (kind, before) where before <> '';
create table lease_holder (
    kind text not null,
    holder text not null,
    seen_at timestamptz not null,
    since timestamptz not null,
    primary key (kind, holder)
);
comment on column lease_holder.since is 'since when it is seen without a pause';
create table lease_history (
    kind text not null,
    key text not null,
    fence bigint not null,
    holder text not null,
    since timestamptz not null,
    primary key (kind, key, fence)
);
comment on table lease_history is 'who worked on what from when on: until the next row of the key';
insert into lease_history (kind, key, fence, holder, since)
select kind, key, fence, holder, 'epoch' from lease where kind = 'camera' and holder <> '';
"""
