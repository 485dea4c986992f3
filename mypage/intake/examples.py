"""One example for each event type, shown in its published schema and tried in the tests."""

from __future__ import annotations

from typing import Any

_RESIDENT = {"format": "iss_sub", "iss": "https://id.city.example", "sub": "k7yq2m4h6b3x5c7v9n2j4f6d8s3a5g7t"}


def _event(kind: str, subject: str, data: dict[str, Any], **more: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{subject}-7",
        "source": "https://childcare.city.example",
        "type": f"jp.machi.{kind}.v1",
        "subject": subject,
        "time": "2026-05-11T09:30:00+09:00",
        "sequence": "00000000000000000007",
        "datacontenttype": "application/json",
        **more,
        "data": data,
    }


EXAMPLES: dict[str, dict[str, Any]] = {
    e["type"]: e
    for e in (
        _event(
            "case.status",
            "JT-2026-004211",
            {
                "resident": _RESIDENT,
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
        ),
        _event(
            "notice.published",
            "N-2026-0310",
            {
                "resident": _RESIDENT,
                "kind": "information",
                "importance": "normal",
                "title": {"ja": "予防接種のお知らせ", "en": "Vaccination notice"},
                "body": {"ja": "接種券をお送りしました。", "en": "We have sent your vaccination voucher."},
                "publish_at": "2026-05-12T09:00:00+09:00",
                "requires_ack": False,
                "discreet_text": {"ja": "市からお知らせがあります", "en": "The city has a notice for you"},
            },
            expirytime="2026-12-31T23:59:59+09:00",
        ),
        _event("notice.withdrawn", "N-2026-0309", {}),
        _event(
            "task.opened",
            "T-2026-88",
            {
                "resident": _RESIDENT,
                "title": {"ja": "現況届を出してください", "en": "Send your annual report"},
                "related_case": "JT-2026-004211",
                "due": "2026-06-30",
                "action": {
                    "kind": "form",
                    "label": {"ja": "届出を始める", "en": "Start"},
                    "url": "https://childcare.city.example/report",
                },
            },
        ),
        _event("task.closed", "T-2026-87", {"result": "done"}),
    )
}
