"""The city's keys, sealed for each of its nodes, and invitations by which another joins."""

from alembic import op

revision = "0066"
down_revision = "0065"


def upgrade() -> None:
    op.execute(_NODES)


_NODES = """
create table city_key (
    id boolean primary key default true check (id),
    proof bytea not null,
    others bytea not null,
    made_at timestamptz not null
);
comment on column city_key.proof is 'tells the city''s key from another, and nothing of it';
comment on column city_key.others is 'keys that all nodes have alike, sealed with the city''s key';
create table node (
    name text primary key check (length(name) between 1 and 200),
    certificate bytea not null,
    box_key bytea not null,
    sealed_key bytea not null,
    admitted bytea not null,
    endpoint text not null default '' check (length(endpoint) <= 300),
    joined_at timestamptz not null
);
comment on column node.sealed_key is 'the city''s key, sealed for the node''s own key pair';
comment on column node.admitted is 'code over name and keys, made with the city''s key';
comment on column node.endpoint is 'host:port by which other nodes reach it; empty: it answers none';
create table node_invite (
    id uuid primary key,
    token_hash bytea not null unique,
    sealed_key bytea not null,
    inviter text not null,
    made_at timestamptz not null,
    expires_at timestamptz not null
);
comment on column node_invite.sealed_key is
    'the city''s key, sealed with a secret that is nowhere kept';
-- Machines belong to no agency: only a scope that sees the whole city reads or writes them.
alter table city_key enable row level security;
create policy city_key_scope on city_key using ((select scope_sees_all()));
alter table node enable row level security;
create policy node_scope on node using ((select scope_sees_all()));
alter table node_invite enable row level security;
create policy node_invite_scope on node_invite using ((select scope_sees_all()));
"""
