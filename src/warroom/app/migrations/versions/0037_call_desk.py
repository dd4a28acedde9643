"""The agents' desk: calls by other ways, the score of a call, and who may do what."""

from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    op.execute(_CALL)
    op.execute(_DESK)
    op.execute(_ROLES)


_CALL = """
alter table call
    add column channel text not null default 'phone'
        check (channel in ('phone', 'pbx', 'web', 'whatsapp', 'panic')),
    add column text text not null default '' check (length(text) <= 4000),
    add column reference text not null default '' check (length(reference) <= 200),
    add column nuisance smallint not null default 0 check (nuisance between 0 and 100),
    add column nuisance_reasons text[] not null default '{}';
comment on column call.nuisance is 'as it was judged when the call came; it only re-orders';
comment on column call.text is 'what was written, where the call is no voice';
create index call_day on call (offered_at desc);
"""

_DESK = """
-- Calls that did not come by a trunk have no edge: their events are counted here.
create sequence call_desk_seq;
grant usage on sequence call_desk_seq to warroom_app;
insert into call_journal (id, node, seq, changed_at)
values ('00000000-0000-7000-8000-000000000112', 'desk', 0, now());
"""

_ROLES = """
update role set actions = actions || more.words from (values
    ('penerima_112', '{call:view,call:take}'::text[]),
    ('pengendali_112', '{call:view}'),
    ('pengawas_112', '{call:view,call:take,call:listen,call:supervise,call:tell}'),
    ('supervisor', '{call:take,call:listen,call:supervise}'),
    ('auditor', '{call:listen}')
) more (name, words) where role.name = more.name and not role.actions @> more.words;
"""
