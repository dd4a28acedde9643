"""Functions find what they call whatever the session's search path: a dump can be restored.

`pg_restore` fills tables under an empty search path, so a stored generated column must not lean on
`public` being searched. What already keeps settings of its own, or runs as a trigger, gets a path;
what stands in policies and lists is qualified instead: a path of its own costs 0.5 us a call and
keeps PostgreSQL from writing the body into the query.
"""

from alembic import op

revision = "0065"
down_revision = "0056"


def upgrade() -> None:
    op.execute(_FOUND)


_FOUND = """
create or replace function scope_agency_ids() returns setof uuid
language sql stable parallel safe rows 4 as $$
    select unnest(public.scope_agencies())
$$;

create or replace function camera_state_listed(
    state text, since timestamptz, reason text, last_frame_at timestamptz, fps real, kbit_s real,
    clock_offset_ms real, clock_uncertainty_ms real, recording boolean
) returns text
language sql immutable parallel safe
set extra_float_digits = 1 set search_path = pg_catalog, pg_temp as $$
    select concat('{"state":"', state, '"', ',"since":"' || public.iso_ms(since) || '"',
        ',"reason":' || to_json(reason)::text,
        ',"last_frame_at":"' || public.iso_ms(last_frame_at) || '"',
        ',"fps":' || fps, ',"kbit_s":' || kbit_s, ',"clock_offset_ms":' || clock_offset_ms,
        ',"clock_uncertainty_ms":' || clock_uncertainty_ms,
        ',"recording":', recording::text, '}')
$$;

alter function camera_listed(uuid, integer, text, text, text, text, text, text, text,
    double precision, double precision, real, real, real, real, boolean, text[], boolean, boolean)
    set search_path = pg_catalog, pg_temp;
alter function agency_listed(uuid, text, text) set search_path = pg_catalog, pg_temp;
alter function audit_refuse() set search_path = pg_catalog, pg_temp;
alter function privacy_deletion_kept() set search_path = pg_catalog, pg_temp;
"""
