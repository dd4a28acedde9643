"""Every action word that anything asks for was declared by a domain, and people can read it."""

import ast
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest

from warroom.app import wiring
from warroom.kernel import actions
from warroom.kernel.actions import Action
from warroom.kernel.http import PUBLIC, SIGNED_IN
from warroom.kernel.i18n import text
from warroom.kernel.postgres import Connections

# What the audit is told by words put together at run time: `f"camera:{change}"`.
PUT_TOGETHER = {
    "access:": (
        "approved", "attached", "changed", "closed", "drafted", "emergency_ended",
        "emergency_escalated", "emergency_opened", "emergency_reviewed", "lent", "refused",
        "review_closed", "review_opened", "review_reminded", "revoked", "sent", "withdrawn",
    ),
    "access:right_": ("confirmed", "dropped", "escalated", "lapsed"),
    "alert:": (
        "received", "refused", "drafted", "draft_written", "asked", "returned", "dropped", "issued",
    ),
    "camera:": ("added", "changed", "removed"),
    "node:": ("invited", "joined", "removed"),
    "dispatch:": (
        "opened", "sent", "stamped", "cancelled", "handed_over", "closed", "signed_on",
        "signed_off", "minimum_written", "minimum_removed", "stacked", "stacked_first", "unstacked",
        "duress",
    ),
    "incident:": (
        "drafted", "sent", "scheduled", "ended", "reopened", "corrected", "noted", "place_chosen",
        "agency_joined", "call_joined", "call_parted", "linked", "unlinked", "merged", "split",
        "view", "warned", "unwarned", "premise_added", "premise_changed",
        "premise_removed",
        "handover_asked", "handover_failed",
    ),
    "recording:hold_": ("changed", "expired", "extended", "released"),
    "traffic:": ("closed", "opened", "reported", "withdrawn"),
    "unit:": ("added", "changed", "removed"),
    "wall:": ("added", "changed", "removed"),
    "privacy:": (
        "case_registered",
        "case_read",
        "case_searched",
        "case_decided",
        "case_ended",
        "case_overdue",
        "breach_registered",
        "breach_changed",
        "breach_overdue",
        "purpose_changed",
        "retention_changed",
    ),
}  # fmt: skip
WORD = re.compile(r"[a-z][a-z_]+:[a-z_]*[a-z]")


def _recorded(repository: Path) -> Iterator[str]:
    """Each action word in the source, and each beginning of one that is put together."""
    for path in (repository / "src" / "warroom").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "action":
                yield from _stems(node.value)
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Asked"):
                yield from (stem for value in node.args[:1] for stem in _stems(value))
            elif isinstance(node, ast.Constant) and WORD.fullmatch(str(node.value)):
                yield str(node.value)


def _stems(value: ast.expr) -> Iterator[str]:
    for node in ast.walk(value):
        if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            yield str(node.values[0].value)


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_word_that_the_audit_is_told_has_a_text(repository: Path, language: str) -> None:
    found = set(_recorded(repository))
    stems = found & set(PUT_TOGETHER)
    inner = {"camera:record", *PUT_TOGETHER, *(stem.rstrip("_") for stem in PUT_TOGETHER)}
    # Keys of OpenStreetMap have the same form.
    inner |= {word for word in found if word.startswith("restriction:")}
    words = (found - inner) | {stem + end for stem in stems for end in PUT_TOGETHER[stem]}

    keys = [word.replace(":", "_") for word in words]
    untold = {
        key
        for key in keys
        if all(text(language, name) == name for name in (f"word.{key}", f"audit.say_{key}"))
    }

    assert {word for word in words if word.endswith((":", "_"))} == set()
    assert stems == set(PUT_TOGETHER)
    assert "person:password_set" in words
    assert untold == set()


def test_every_route_and_topic_is_guarded_by_a_declared_word() -> None:
    guards = {route.guard for router in wiring.ROUTERS for route in router.declared}
    topics = {topic.action for topic in wiring.TOPICS}

    asked = (guards | topics) - {PUBLIC, SIGNED_IN}
    assert {word for word in asked if not actions.is_declared(word)} == set()


def test_every_word_that_a_scope_is_asked_for_in_the_source_is_declared(repository: Path) -> None:
    asks = re.compile(
        r"(?:\.may|\.allows|\.require|\.narrow)\(\s*\"([a-z_]+:[a-z_]+)\""
        r"|^(?:_RIGHT|VIEW|HOLD|SHARE|RECORD|EXPORT|CONFIGURE) = \"([a-z_]+:[a-z_]+)\"",
        re.MULTILINE,
    )
    found = {
        word
        for path in (repository / "src" / "warroom").rglob("*.py")
        for match in asks.findall(path.read_text("utf-8"))
        for word in match
        if word
    }

    assert len(found) > 10
    assert {word for word in found if not actions.is_declared(word)} == set()


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_word_that_can_be_given_has_a_text(language: str) -> None:
    untold = {
        action.word
        for action in actions.known()
        if text(language, action.text_key) == action.text_key
    }

    assert untold == set()


@pytest.mark.parametrize(
    ("language", "label"), [("id", " (belum tersedia)"), ("en", " (not available yet)")]
)
def test_words_with_nothing_behind_them_are_labelled_and_no_others(
    repository: Path, language: str, label: str
) -> None:
    """The day something asks for such a word, this fails until the label is taken away."""
    guards = {route.guard for router in wiring.ROUTERS for route in router.declared}
    asked = guards | {topic.action for topic in wiring.TOPICS} | _asked_by_services(repository)

    ahead = {action.word for action in actions.known() if action.is_ahead}
    labelled = {a.word for a in actions.known() if text(language, a.text_key).endswith(label)}

    assert {action.word for action in actions.known()} - asked == ahead
    assert labelled == ahead


def _asked_by_services(repository: Path) -> set[str]:
    """Words that a service judges by, under the names that `contracts` gives them."""
    found = set()
    for path in (repository / "src" / "warroom").rglob("service*/**/*.py"):
        found |= _judged(path)
    for path in (repository / "src" / "warroom").rglob("service.py"):
        found |= _judged(path)
    return found


def _judged(path: Path) -> set[str]:
    found = set()
    module = ast.parse(path.read_text("utf-8"))
    values = {
        alias.asname or alias.name: getattr(sys.modules.get(node.module), alias.name, None)
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.endswith("contracts")
        for alias in node.names
    }
    for node in ast.walk(module):
        if not isinstance(node, ast.Call) or ast.unparse(node.func) == "Action":
            continue
        for argument in node.args:
            value = argument.value if isinstance(argument, ast.Constant) else None
            value = values.get(argument.id) if isinstance(argument, ast.Name) else value
            found |= {value} if isinstance(value, str) and WORD.fullmatch(value) else set()
    return found


def test_every_preset_role_holds_declared_words_alone(connections: Connections) -> None:
    with psycopg.connect(connections.superuser) as connection:
        held = connection.execute("select name, unnest(actions) from role").fetchall()

    assert {(role, word) for role, word in held if not actions.is_known(word)} == set()


def test_the_levels_on_a_camera_hold_one_another() -> None:
    levels = [set(actions.words_of_level(level, "camera")) for level in actions.LEVELS]

    assert levels[0] >= {"camera:view", "live:view"}
    assert "recording:export" in levels[2] - levels[1]
    assert "camera:configure" in levels[3] - levels[2]
    assert all(lower < higher for lower, higher in pairwise(levels))


def test_what_the_system_alone_does_can_be_given_to_nobody() -> None:
    assert actions.is_declared("camera:record")
    assert not actions.is_known("camera:record")
    assert "camera:record" not in actions.words_in(["camera:*"])


def test_a_word_or_a_group_is_known_where_a_domain_declared_it() -> None:
    assert actions.is_known("camera:view")
    assert actions.is_known("camera:*")
    assert not actions.is_known("camera:see")
    assert not actions.is_known("kamera:*")


def test_a_word_cannot_mean_two_things() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        actions.declare(Action("camera:view", "agency", "manage"))
