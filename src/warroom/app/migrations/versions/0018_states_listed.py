"""What a list tells of a camera's state is written with the state, as text."""

from alembic import op

from warroom.kernel.wall import reaches

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute(_LISTED)


_LISTED = f"""
-- The state of a camera that nobody doubts, as JSON: written with the report, so that reading five
-- hundred of them formats no instant and no number. What is not known is left out.
create function camera_state_listed(
    state text, since timestamptz, reason text, last_frame_at timestamptz, fps real, kbit_s real,
    clock_offset_ms real, clock_uncertainty_ms real, recording boolean
) returns text
language sql immutable parallel safe set extra_float_digits = 1 as $$
    select concat('{{"state":"', state, '"', ',"since":"' || iso_ms(since) || '"',
        ',"reason":' || to_json(reason)::text,
        ',"last_frame_at":"' || iso_ms(last_frame_at) || '"',
        ',"fps":' || fps, ',"kbit_s":' || kbit_s, ',"clock_offset_ms":' || clock_offset_ms,
        ',"clock_uncertainty_ms":' || clock_uncertainty_ms,
        ',"recording":', recording::text, '}}')
$$;
grant execute on function camera_state_listed to warroom_app;
alter table camera_state add column listed text generated always as (camera_state_listed(
    state, since, reason, last_frame_at, fps, kbit_s, clock_offset_ms, clock_uncertainty_ms,
    recording
)) stored;

-- As it was, with the text at its end.
create or replace view camera_seen with (security_barrier) as
select c.id, c.agency_id, c.number, c.name, c.site, c.kecamatan, c.kecamatan_name, c.kelurahan,
    c.kelurahan_name, c.area_source, c.place, c.lat, c.lon, c.height_m, c.bearing_deg, c.fov_deg,
    c.range_m, c.is_ptz, c.tags, c.retention_class, c.simulated, c.enabled, c.notes, c.version,
    c.created_at, c.changed_at, c.listed, a.name as agency_name, a.short as agency_short,
    m.id is not null as has_main, u.id is not null as has_sub, m.codec, m.width, m.height,
    s.state, s.since, s.reason, s.last_frame_at, s.fps, s.kbit_s, s.clock_offset_ms,
    s.clock_uncertainty_ms, s.recording, s.recording_since, s.node, s.reported_at,
    s.listed as state_listed
from camera c
left join agency a on a.id = c.agency_id
left join camera_state s on s.camera_id = c.id
left join camera_stream m on m.camera_id = c.id and m.role = 'main'
left join camera_stream u on u.camera_id = c.id and u.role = 'sub'
where c.removed_at is null and {
    reaches(
        agency="c.agency_id",
        place="c.place",
        id="c.id",
        tags="c.tags",
        class_="c.retention_class",
    )
};
"""
