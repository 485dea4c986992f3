"""Examples of what departments say about a notice, shown in the published schemas and tried in the tests."""

from __future__ import annotations

from ..wire.example import RESIDENT, example

PUBLISHED = example(
    "notice.published",
    "N-2026-0310",
    {
        "resident": RESIDENT,
        "kind": "information",
        "importance": "normal",
        "title": {"ja": "予防接種のお知らせ", "en": "Vaccination notice"},
        "body": {"ja": "接種券をお送りしました。", "en": "We have sent your vaccination voucher."},
        "publish_at": "2026-05-12T09:00:00+09:00",
        "requires_ack": False,
        "discreet_text": {"ja": "市からお知らせがあります", "en": "The city has a notice for you"},
    },
    expirytime="2026-12-31T23:59:59+09:00",
)
WITHDRAWN = example("notice.withdrawn", "N-2026-0309", {})
