"""Guards that no test can miss alone, because another says the same: each with its reason.

Each is proven with the other one away; and when a test misses it alone, its line here is stale and
the run fails. As few as possible: where two guards say the same for no reason, one goes.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Equivalent:
    """Why a guard stands behind another.

    Attributes:
        behind: Names of the guards that say the same; with them away tests must miss this one.
        why: What it is good for nevertheless.
    """

    behind: tuple[str, ...]
    why: str


EQUIVALENTS: dict[str, Equivalent] = {
    "route DELETE /api/roles/{role_name}": Equivalent(
        ("identity/store/roles.py _visible narrow",),
        "The store narrows by the same word. Routes are told apart from their stores by questions"
        " that cannot be read, and any word can be a role's name.",
    ),
    "access/store/emergencies.py list_unreviewed narrow": Equivalent(
        ("access/service/emergencies.py _answers_for allows",),
        "What is listed is judged row by row afterwards; the query reads two hundred at most, and"
        " those must not be other agencies'.",
    ),
    "audit/store.py - _OF_AGENCIES where agency_id = any(%(agencies)s)": Equivalent(
        (
            "audit/store.py visible narrow",
            "audit/store.py visible narrow 2",
            "policy audit_entry audit_entry_read",
        ),
        "It is there for speed: with it each half of the entries comes from an index of its own.",
    ),
    "cameras/service.py show_camera raise CameraNotFoundError": Equivalent(
        ("cameras/service.py get_camera raise CameraNotFoundError",),
        "A number that is no camera's has no id that could be asked for.",
    ),
    "access/store/requests.py list_approvals narrow": Equivalent(
        ("access/store/requests.py list_parts narrow",),
        "Approvals are shown within the parts in view; a query that reads them narrows by itself.",
    ),
    "access/store/requests.py list_approvals narrow 2": Equivalent(
        ("access/store/requests.py list_parts narrow 2",),
        "Approvals are shown within the parts in view; a query that reads them narrows by itself.",
    ),
}
