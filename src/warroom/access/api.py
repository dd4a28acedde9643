"""What the doors of `access`, and other domains, call."""

from warroom.access.service.decisions import (
    approve_part,
    close_requests,
    refuse_part,
    revoke_part,
    send_request,
    withdraw_request,
)
from warroom.access.service.directory import list_basis, save_basis
from warroom.access.service.drafts import (
    attach,
    change_request,
    create_request,
    find_attachment,
)
from warroom.access.service.emergencies import (
    end_emergency,
    list_emergencies,
    open_emergency,
    review_emergency,
    show_emergency,
    tell_overdue,
)
from warroom.access.service.emergencies import list_active as list_active_emergencies
from warroom.access.service.emergencies import list_unreviewed as list_unreviewed_emergencies
from warroom.access.service.reports import as_csv, report_request
from warroom.access.service.reviews import (
    decide_items,
    list_reviews,
    open_due_reviews,
    open_review,
    show_review,
    tend_reviews,
)
from warroom.access.service.views import (
    list_requests,
    own_approver_roles,
    show_directory,
    show_meant,
    show_request,
)
from warroom.access.service.waiting import count_waiting
from warroom.access.settings import AccessSettings

__all__ = [
    "AccessSettings",
    "approve_part",
    "as_csv",
    "attach",
    "change_request",
    "close_requests",
    "count_waiting",
    "create_request",
    "decide_items",
    "end_emergency",
    "find_attachment",
    "list_active_emergencies",
    "list_basis",
    "list_emergencies",
    "list_requests",
    "list_reviews",
    "list_unreviewed_emergencies",
    "open_due_reviews",
    "open_emergency",
    "open_review",
    "own_approver_roles",
    "refuse_part",
    "report_request",
    "review_emergency",
    "revoke_part",
    "save_basis",
    "send_request",
    "show_directory",
    "show_emergency",
    "show_meant",
    "show_request",
    "show_review",
    "tell_overdue",
    "tend_reviews",
    "withdraw_request",
]
