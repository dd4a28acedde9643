"""A token makes nothing that lets somebody in, and opens no emergency: the second wall.

Routes and services refuse it first (`session_only`, `NeedsSessionError`); a route that forgets to is
stopped here. Ending, and noting a use, go on.
"""

from alembic import op

revision = "0057"
down_revision = "0064"


def upgrade() -> None:
    op.execute(_WALL)
    for table, deeds in _KEPT_FROM_TOKENS.items():
        op.execute(
            f"create trigger no_token before {deeds} on {table}"
            " for each row execute function refuse_token()"
        )


_WALL = """
create function refuse_token() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if current_setting('warroom.door', true) = 'api' then
        raise insufficient_privilege using message = tg_table_name || ' is closed to tokens';
    end if;
    return new;
end
$$;
"""

_KEPT_FROM_TOKENS = {
    "person_password": "insert or update of hash",
    "totp_factor": "insert or update of secret",
    "passkey": "insert or update of public_key",
    "recovery_code": "insert",
    "session": "insert or update of person_id, token_hash, expires_at, strength, proven_at",
    "api_token": "insert or update of person_id, account_id, token_hash, actions, networks",
    "sign_in_link": "insert",
    "seat": "insert or update of code_hash, public_key",
    "access_emergency": "insert",
}
