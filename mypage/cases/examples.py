"""Examples of what departments say about a case, shown in the published schemas and tried in the tests."""

from __future__ import annotations

from ..wire.example import RESIDENT, example

STATUS = example(
    "case.status",
    "JT-2026-004211",
    {
        "resident": RESIDENT,
        "procedure": {
            "code": "jidou-teate",
            "title": {"ja": "児童手当の認定請求", "en": "Child allowance claim"},
        },
        "receipt_number": "2026-004211",
        "phase": "action_required",
        "waiting_on": "resident",
        "label": {"ja": "差戻し"},
        "reason": {"ja": "口座の写しが必要です。", "en": "We need a copy of your bank book."},
        "received_at": "2026-05-01T10:12:00+09:00",
        "expected_by": "2026-06-15",
        "act_by": "2026-05-25",
        "steps": [
            {
                "code": "received",
                "label": {"ja": "受付", "en": "Received"},
                "state": "done",
                "at": "2026-05-01T10:12:00+09:00",
            },
            {"code": "review", "label": {"ja": "審査", "en": "Review"}, "state": "current"},
        ],
        "contact": {
            "department": {"ja": "こども家庭課", "en": "Children and Families Section"},
            "phone": "000-000-0000",
            "hours": {"ja": "平日 8:30〜17:15", "en": "Weekdays 8:30-17:15"},
        },
        "actions": [
            {
                "kind": "upload",
                "label": {"ja": "書類を送る", "en": "Send documents"},
                "url": "https://childcare.city.example/cases/JT-2026-004211",
                "due": "2026-05-25",
            }
        ],
        "channel": "online",
    },
)
