"""Where a case can be, where a clerk can move it, and whose turn it is."""

from __future__ import annotations

from clients.kit import Phase, Text, WaitingOn

NEXT: dict[Phase, tuple[Phase, ...]] = {
    "sent": ("received", "in_review", "action_required", "on_hold", "decided"),
    "received": ("in_review", "action_required", "on_hold", "decided"),
    "in_review": ("action_required", "on_hold", "decided"),
    "action_required": ("in_review", "on_hold", "decided", "expired"),
    "on_hold": ("in_review", "action_required", "decided"),
    "decided": ("completed", "in_review"),
    "completed": ("in_review",),
    "withdrawn": (),
    "expired": ("in_review",),
}
"""Leaving `completed` reopens the case."""

OPEN: frozenset[Phase] = frozenset({"sent", "received", "in_review", "action_required", "on_hold"})
"""A resident can withdraw in these."""

LABELS: dict[str, Text] = {
    "sent": {"ja": "送信済み", "en": "Sent"},
    "received": {"ja": "受付済み", "en": "Received"},
    "in_review": {"ja": "審査中", "en": "In review"},
    "action_required": {"ja": "追加のお願いがあります", "en": "We need something from you"},
    "on_hold": {"ja": "他の機関に確認中", "en": "Waiting for another office"},
    "decided": {"ja": "結果が出ました", "en": "Decided"},
    "decided:approved": {"ja": "承認", "en": "Approved"},
    "decided:partly": {"ja": "一部承認", "en": "Partly approved"},
    "decided:rejected": {"ja": "不承認", "en": "Not approved"},
    "decided:dismissed": {"ja": "却下(審査の対象外)", "en": "Dismissed"},
    "completed": {"ja": "完了", "en": "Completed"},
    "withdrawn": {"ja": "取下げ", "en": "Withdrawn"},
    "expired": {"ja": "期限切れ", "en": "Expired"},
}

STEPS: tuple[tuple[str, Text, frozenset[str]], ...] = (
    ("apply", {"ja": "申請", "en": "Applied"}, frozenset({"sent"})),
    ("receive", {"ja": "受付", "en": "Received"}, frozenset({"received"})),
    ("review", {"ja": "審査", "en": "Review"}, frozenset({"in_review", "action_required", "on_hold"})),
    ("decide", {"ja": "決定", "en": "Decision"}, frozenset({"decided"})),
    ("finish", {"ja": "手続き完了", "en": "Done"}, frozenset({"completed"})),
)
"""(code, label, phases in which the step is current)."""


def waiting_on(phase: Phase, outcome: str | None) -> WaitingOn:
    """Whose turn it is."""
    if phase == "action_required":
        return "resident"
    if phase == "on_hold":
        return "third_party"
    if phase in {"sent", "received", "in_review"} or (phase == "decided" and outcome in {"approved", "partly"}):
        return "department"
    return "nobody"


def label(own: dict[str, Text], phase: str, outcome: str | None) -> Text:
    """The department's word for a phase, or the common one."""
    for key in (f"{phase}:{outcome}", phase):
        found = own.get(key) or LABELS.get(key)
        if found:
            return found
    return {"ja": phase, "en": phase}
