"""A camera may have a ceiling of its own, and its state tells what is wrong with its bit rate."""

from alembic import op

from warroom.kernel.wall import reaches

revision = "0064"
down_revision = "0066"


def upgrade() -> None:
    op.execute(_BIT_RATES)


_BIT_RATES = f"""
alter table camera add column ceiling_kbit_s integer check (ceiling_kbit_s between 64 and 1000000);
comment on column camera.ceiling_kbit_s is
    'most the camera may send for long; null: what the city has set for all';
alter table camera_state add column bitrate text check (bitrate in ('over_ceiling', 'unusual'));
comment on column camera_state.bitrate is 'what is wrong with its bit rate; null: nothing';

-- As `camera_state_listed` of nine arguments, with the fault of the bit rate where there is one.
create function camera_state_listed(
    state text, since timestamptz, reason text, last_frame_at timestamptz, fps real, kbit_s real,
    clock_offset_ms real, clock_uncertainty_ms real, recording boolean, bitrate text
) returns text
language sql immutable parallel safe
set extra_float_digits = 1 set search_path = pg_catalog, pg_temp as $$
    select concat('{{"state":"', state, '"', ',"since":"' || public.iso_ms(since) || '"',
        ',"reason":' || to_json(reason)::text,
        ',"last_frame_at":"' || public.iso_ms(last_frame_at) || '"',
        ',"fps":' || fps, ',"kbit_s":' || kbit_s, ',"clock_offset_ms":' || clock_offset_ms,
        ',"clock_uncertainty_ms":' || clock_uncertainty_ms, ',"bitrate":"' || bitrate || '"',
        ',"recording":', recording::text, '}}')
$$;
grant execute on function camera_state_listed(text, timestamptz, text, timestamptz, real, real,
    real, real, boolean, text) to warroom_app;
alter table camera_state add column shown text generated always as (camera_state_listed(
    state, since, reason, last_frame_at, fps, kbit_s, clock_offset_ms, clock_uncertainty_ms,
    recording, bitrate
)) stored;

-- As it was, with the newer text, and the fault at its end.
create or replace view camera_seen with (security_barrier) as
select c.id, c.agency_id, c.number, c.name, c.site, c.kecamatan, c.kecamatan_name, c.kelurahan,
    c.kelurahan_name, c.area_source, c.place, c.lat, c.lon, c.height_m, c.bearing_deg, c.fov_deg,
    c.range_m, c.is_ptz, c.tags, c.retention_class, c.simulated, c.enabled, c.notes, c.version,
    c.created_at, c.changed_at, c.listed, a.name as agency_name, a.short as agency_short,
    m.id is not null as has_main, u.id is not null as has_sub, m.codec, m.width, m.height,
    s.state, s.since, s.reason, s.last_frame_at, s.fps, s.kbit_s, s.clock_offset_ms,
    s.clock_uncertainty_ms, s.recording, s.recording_since, s.node, s.reported_at,
    s.shown as state_listed, a.listed as agency_listed, c.pictured, s.bitrate
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
alter table camera_state drop column listed;
drop function camera_state_listed(text, timestamptz, text, timestamptz, real, real, real, real,
    boolean);
alter table camera_state rename column shown to listed;
"""
