"""What `incidents` tells `privacy`: who called about what, and what was noted about it."""

from warroom.incidents import draft_rules, premise_store, show_store
from warroom.incidents.settings import IncidentSettings
from warroom.kernel.db import Transaction
from warroom.kernel.phones import national_digits, phone_key
from warroom.kernel.scope import Scope
from warroom.privacy.contracts import Purpose, Retention, Stored, Subject, SubjectSource, Told

_MOST = 1000


async def find_callers(scope: Scope, tx: Transaction, subject: Subject) -> list[Stored]:
    """Incidents in view whose caller gave this number to be called back, or this name."""
    is_phone = subject.kind == "phone"
    phone = phone_key(subject.value) if is_phone else None
    name = None if is_phone else draft_rules.name_key(subject.value)
    rows = await show_store.list_of_person(scope, tx, phone, name, _MOST)
    items = tuple(
        {
            "number": row["number"] or "-",
            "opened_at": row["opened_at"].isoformat(),
            "state": row["state"],
            "event": row["event"],
            "address": row["address"],
        }
        for row in rows
    )
    found = [Stored("incident", len(items), "incidents", "incident", items)] if items else []
    # Written by hand, in whatever form: without the country's code it is found in all of them.
    digits = national_digits(phone) if phone else None
    rows = await premise_store.list_contacts(scope, tx, name, digits)
    contacts = tuple(
        {word: row[word] for word in ("name", "kind", "key_holder", "contacts")} for row in rows
    )
    if contacts:
        found.append(Stored("premise", len(contacts), "incidents", "incident", contacts))
    return found


def told(settings: IncidentSettings) -> Told:
    """The one purpose, how long the settings keep incidents, and how a person is looked for."""
    return Told(
        (
            Purpose(
                "incidents",
                "incident",
                actions=("incident:view", "incident:work", "incident:take", "incident:premises"),
                tables=(
                    "incident",
                    "incident_handover",
                    "incident_event",
                    "incident_note",
                    "incident_location",
                    "incident_call",
                    "incident_card",
                    "incident_caution",
                    "incident_photo",
                    "incident_follow",
                    "incident_feedback",
                    "premise",
                    "premise_version",
                ),
            ),
        ),
        (Retention("incident", float(settings.kept_days)),),
        (
            SubjectSource(
                "incident", frozenset({"phone", "name"}), frozenset({"incidents"}), find_callers
            ),
        ),
    )
