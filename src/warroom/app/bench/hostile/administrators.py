"""Whoever rules the database: cuts the newest entries of the audit, and sets the heads back."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg

from warroom.app.bench.hostile.field import Check, Field
from warroom.app.bench.node import BenchNode, BenchStoppedError, warroom
from warroom.audit import api as audit
from warroom.kernel.postgres import EmbeddedPostgres
from warroom.kernel.settings import NodeSettings

_NOTED_S = 10.0

_CUT = """
set session_replication_role = replica;
create table cut_entry as select e.* from audit_entry e
    join (select chain, max(seq) as seq from audit_entry group by chain) n
    on n.chain = e.chain and n.seq = e.seq where n.seq > 1 and e.at > now() - interval '30 seconds';
create table cut_head as select * from audit_head;
delete from audit_entry e using cut_entry c where c.chain = e.chain and c.seq = e.seq;
update audit_head h set seq = c.seq - 1, hash = c.previous from cut_entry c where c.chain = h.chain;
"""

_PUT_BACK = """
set session_replication_role = replica;
insert into audit_entry select * from cut_entry;
update audit_head h set seq = c.seq, hash = c.hash from cut_head c where c.chain = h.chain;
drop table cut_entry, cut_head;
"""


def checks(field: Field) -> Iterator[Check]:
    """Reads a list that leaves entries, cuts these seconds later, and asks the walk."""
    node = field.node()
    headers = {"authorization": f"Bearer {node.token}"}
    for _ in range(40):  # some chains get their second entry, whichever they are
        httpx.get(f"{node.address}/api/audit", headers=headers, timeout=10).raise_for_status()
    superuser = EmbeddedPostgres(
        node.folder / "postgres", NodeSettings(data_dir=str(node.folder)).run
    ).connections().superuser  # fmt: skip
    waited_s = _until_noted(node, superuser)
    yield Check("Entries are known outside the database in moments", waited_s < _NOTED_S, waited_s)
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(_CUT)
        row = connection.execute("select count(*) from cut_entry").fetchone()
        try:
            verdict = _verify(node)
        finally:
            connection.execute(_PUT_BACK)
    yield Check("Entries cut before the next anchor are missed", verdict == "broken" and bool(row),
                f"{row[0] if row else 0} cut, {verdict}")  # fmt: skip
    yield Check("A whole audit is called whole", _verify(node) == "intact")


def _verify(node: BenchNode) -> str:
    try:
        warroom(node.environment, "audit", "verify", "--json")
    except BenchStoppedError:
        return "broken"
    return "intact"


def _until_noted(node: BenchNode, superuser: str) -> float:
    """Seconds until the disk knows of every head that the database has now."""
    file = audit.HeadFile(Path(node.folder) / "anchor" / "heads")
    began = time.monotonic()
    with psycopg.connect(superuser) as connection:
        heads = connection.execute("select chain, seq from audit_head where seq > 0").fetchall()
    while time.monotonic() - began < _NOTED_S:
        noted = dict(file.read()[0].keys())
        if all(noted.get(chain, 0) >= seq for chain, seq in heads):
            break
        time.sleep(0.05)
    return round(time.monotonic() - began, 2)
