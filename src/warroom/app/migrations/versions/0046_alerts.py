"""Alerts of CAP 1.2: what others warn of, and whom it was heard from."""

from alembic import op

revision = "0046"
down_revision = "0041c"


def upgrade() -> None:
    op.execute(_ALERT)
    op.execute(_SOURCES)
    op.execute(_REFUSED)
    op.execute(_ROLES)


# Alerts are told to everybody and belong to no agency: there is no policy to put on them.
_ALERT = """
create table alert (
    id uuid primary key,
    source text not null check (length(source) between 1 and 200),
    key text not null,
    sender text not null,
    identifier text not null,
    sent timestamptz not null,
    status text not null check (status in ('Actual', 'Exercise', 'System', 'Test', 'Draft')),
    type text not null check (type in ('Alert', 'Update', 'Cancel', 'Ack', 'Error')),
    is_actual boolean not null,
    severity text not null,
    starts_at timestamptz not null,
    until timestamptz not null,
    body jsonb not null,
    xml bytea not null check (octet_length(xml) <= 2097152),
    remarks text[] not null default '{}',
    refs text[] not null default '{}',
    touches boolean,
    districts text[] not null default '{}',
    ended_at timestamptz,
    ended_how text check (ended_how in ('updated', 'cancelled')),
    ended_by uuid references alert,
    received_at timestamptz not null,
    unique (source, key),
    check ((ended_at is null) = (ended_how is null))
);
comment on column alert.key is 'sender,identifier,sent in UTC: one message of a source';
comment on column alert.refs is 'keys of the messages of the same sender that this one ends';
comment on column alert.touches is 'whether it holds somewhere in the city; null: it does not say';
create index alert_until on alert (until) where is_actual and ended_at is null;
create index alert_received on alert (received_at desc);
create index alert_refs on alert using gin (refs);
revoke update, truncate on alert from warroom_app;
grant update (body, remarks, severity, starts_at, until, touches, districts, ended_at, ended_how,
    ended_by) on alert to warroom_app;
"""

_SOURCES = """
create table alert_source (
    source text not null,
    url text not null,
    tried_at timestamptz not null,
    ok_at timestamptz,
    etag text,
    modified text,
    problem text,
    detail text not null default '',
    primary key (source, url)
);
create table alert_item (
    source text not null,
    url text not null,
    mark text not null,
    seen_at timestamptz not null,
    primary key (source, url)
);
comment on column alert_item.mark is 'what the feed said of it: read again when that changes';
"""

_REFUSED = """
create table alert_refused (
    id uuid primary key,
    source text not null,
    origin text not null,
    digest text not null check (digest ~ '^[0-9a-f]{64}$'),
    problem text not null,
    detail text not null,
    content bytea not null check (octet_length(content) <= 65536),
    size bigint not null,
    times integer not null default 1,
    first_at timestamptz not null,
    last_at timestamptz not null,
    unique (source, digest)
);
comment on column alert_refused.content is 'the first 64 KiB of what was no alert';
"""

_ROLES = """
update role set actions = actions || more.words from (values
    ('view', '{alert:view}'::text[]),
    ('operate', '{alert:view}'),
    ('manage', '{alert:view}'),
    ('configure', '{alert:view}'),
    ('supervisor', '{alert:view}'),
    ('operator', '{alert:view}'),
    ('admin_lembaga', '{alert:view,alert:take}'),
    ('kepala_lembaga', '{alert:view}'),
    ('petugas_lalin', '{alert:view}'),
    ('penerima_112', '{alert:view}'),
    ('pengendali_112', '{alert:view}'),
    ('pengawas_112', '{alert:view}')
) more (name, words) where role.name = more.name;
"""
