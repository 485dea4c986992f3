"""Examples of what departments say about a task, shown in the published schemas and tried in the tests."""

from __future__ import annotations

from ..wire.example import RESIDENT, example

OPENED = example(
    "task.opened",
    "T-2026-88",
    {
        "resident": RESIDENT,
        "title": {"ja": "現況届を出してください", "en": "Send your annual report"},
        "related_case": "JT-2026-004211",
        "due": "2026-06-30",
        "action": {
            "kind": "form",
            "label": {"ja": "届出を始める", "en": "Start"},
            "url": "https://childcare.city.example/report",
        },
    },
)
CLOSED = example("task.closed", "T-2026-87", {"result": "done"})
