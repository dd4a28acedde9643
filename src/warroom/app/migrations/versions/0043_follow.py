"""What a caller may follow of their incident by a link, and what they say of how it went."""

from alembic import op

from warroom.kernel.wall import policy

revision = "0043"
down_revision = "0041b"


def upgrade() -> None:
    op.execute(_FOLLOW)
    op.execute(_FEEDBACK)
    op.execute(_SHOW)
    op.execute(_SEEN)
    op.execute(_ANSWER)
    op.execute(
        policy("incident_follow", "exists (select from incident i where i.id = incident_id)")
    )
    op.execute(
        policy("incident_feedback", "exists (select from incident_follow f where f.id = follow_id)")
    )


_FOLLOW = """
create table incident_follow (
    id uuid primary key,
    incident_id uuid not null references incident on delete cascade,
    token_hash text not null unique check (token_hash ~ '^[0-9a-f]{64}$'),
    made_at timestamptz not null,
    made_by uuid references person,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    revoked_by uuid references person,
    seen_at timestamptz,
    seen_end_at timestamptz,
    check (expires_at > made_at)
);
comment on column incident_follow.token_hash is 'hex SHA-256; the token itself is kept nowhere';
comment on column incident_follow.seen_end_at is 'first seen after the incident had ended';
create index incident_follow_incident on incident_follow (incident_id, made_at);
revoke update, delete, truncate on incident_follow from warroom_app;
grant update (revoked_at, revoked_by) on incident_follow to warroom_app;
"""

_FEEDBACK = """
create table incident_feedback (
    id uuid primary key,
    follow_id uuid not null references incident_follow on delete cascade,
    score smallint not null check (score between 1 and 5),
    words text not null default '' check (length(words) <= 1000),
    at timestamptz not null
);
create index incident_feedback_follow on incident_feedback (follow_id, at);
revoke insert, update, delete, truncate on incident_feedback from warroom_app;
"""

_SHOW = """
-- Who shows the token of a link that holds is told where that one incident stands, and no more.
create function incident_follow_show(p_hash text, p_now timestamptz)
returns table (number text, state text, received_at timestamptz, on_way_at timestamptz,
    arrived_at timestamptz, ended_at timestamptz, expires_at timestamptz, answers bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    link public.incident_follow;
    shown public.incident;
begin
    select * into link from public.incident_follow f
    where f.token_hash = p_hash and f.revoked_at is null
        and p_now >= f.made_at and p_now < f.expires_at;
    if not found then return; end if;
    with recursive chain as (
        select i.id, i.merged_into, 0 as depth from public.incident i where i.id = link.incident_id
        union all
        select i.id, i.merged_into, c.depth + 1 from public.incident i
        join chain c on i.id = c.merged_into where c.depth < 20)
    select i.* into shown from public.incident i
    where i.id = (select c.id from chain c order by c.depth desc limit 1);
    return query select
        (select i.number from public.incident i where i.id = link.incident_id),
        shown.state,
        (select i.opened_at from public.incident i where i.id = link.incident_id),
        min(e.happened_at) filter (where e.detail ->> 'state' = 'en_route'),
        min(e.happened_at) filter (where e.detail ->> 'state' = 'on_scene'),
        shown.ended_at, link.expires_at,
        (select count(*) from public.incident_feedback a where a.follow_id = link.id)
    from public.incident_event e
    where e.incident_id = shown.id and e.kind = 'progressed' and not exists (
        select from public.incident_event c
        where c.incident_id = e.incident_id and c.corrects = e.id);
end
$$;
revoke execute on function incident_follow_show from public;
grant execute on function incident_follow_show to warroom_app;
"""

_SEEN = """
-- The page was drawn before somebody's eyes: a program that looks ahead at a link draws no picture.
create function incident_follow_seen(p_hash text, p_now timestamptz) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update public.incident_follow f set seen_at = coalesce(f.seen_at, p_now),
        seen_end_at = coalesce(f.seen_end_at, case when (
            with recursive chain as (
                select i.id, i.merged_into, i.ended_at, 0 as depth from public.incident i
                where i.id = f.incident_id
                union all
                select i.id, i.merged_into, i.ended_at, c.depth + 1 from public.incident i
                join chain c on i.id = c.merged_into where c.depth < 20)
            select c.ended_at from chain c order by c.depth desc limit 1) <= p_now then p_now end)
    where f.token_hash = p_hash and f.revoked_at is null
        and p_now >= f.made_at and p_now < f.expires_at
        and (f.seen_at is null or f.seen_end_at is null)
$$;
revoke execute on function incident_follow_seen from public;
grant execute on function incident_follow_seen to warroom_app;
"""

_ANSWER = """
-- Keeps what the holder of a link says, three times at most; tells whether it was kept.
create function incident_follow_answer(p_id uuid, p_hash text, p_score integer, p_words text,
    p_now timestamptz) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with kept as (
        insert into public.incident_feedback (id, follow_id, score, words, at)
        select p_id, f.id, p_score, p_words, p_now from public.incident_follow f
        where f.token_hash = p_hash and f.revoked_at is null
            and p_now >= f.made_at and p_now < f.expires_at and (
                select count(*) from public.incident_feedback a where a.follow_id = f.id) < 3
        returning 1)
    select exists (select from kept)
$$;
revoke execute on function incident_follow_answer from public;
grant execute on function incident_follow_answer to warroom_app;
"""
