"""Positions that came with a form, a chat or a button get a word of their own."""

from alembic import op

revision = "0044"
down_revision = "0041"


def upgrade() -> None:
    op.execute(_WORDS)
    op.execute(_SAID)
    op.execute(_INDEX)


_WORDS = """
alter table incident_location drop constraint incident_location_source_check;
alter table incident_location add constraint incident_location_source_check check (source in
    ('operator', 'cell', 'aml', 'sms_link', 'spoken', 'cctv', 'sip', 'web', 'whatsapp', 'panic'));
"""

# They were all called `sms_link`; the call says by which way it came.
_SAID = """
update incident_location l set source = c.method from call_location c
where l.source = 'sms_link' and c.call_id = l.call_id and c.source = 'app'
    and c.method in ('web', 'whatsapp', 'panic') and c.at = l.at;
"""

_INDEX = "create index call_location_at on call_location (at)"
