"""The functions of `privacy` that other domains call."""

from warroom.privacy.own import told
from warroom.privacy.rules import normal
from warroom.privacy.service.assessment import as_markdown, assess
from warroom.privacy.service.breaches import (
    change_breach,
    list_breaches,
    register_breach,
    show_breach,
)
from warroom.privacy.service.cases import (
    SubjectKeeper,
    decide_wish,
    end_case,
    list_cases,
    list_overdue,
    register_case,
    search_case,
    show_case,
    tell_overdue,
)
from warroom.privacy.service.printing import (
    Frame,
    print_case,
    print_markdown,
    print_processing,
    print_text,
)
from warroom.privacy.service.records import (
    as_csv,
    list_deletions,
    list_purposes,
    list_retention,
    list_versions,
    save_record,
    seal_deletions,
)
from warroom.privacy.store import count_waiting

__all__ = [
    "Frame",
    "SubjectKeeper",
    "as_csv",
    "as_markdown",
    "assess",
    "change_breach",
    "count_waiting",
    "decide_wish",
    "end_case",
    "list_breaches",
    "list_cases",
    "list_deletions",
    "list_overdue",
    "list_purposes",
    "list_retention",
    "list_versions",
    "normal",
    "print_case",
    "print_markdown",
    "print_processing",
    "print_text",
    "register_breach",
    "register_case",
    "save_record",
    "seal_deletions",
    "search_case",
    "show_breach",
    "show_case",
    "tell_overdue",
    "told",
]
