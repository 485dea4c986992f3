"""Examples of events: what they have in common."""

from __future__ import annotations

from typing import Any

RESIDENT = {"format": "iss_sub", "iss": "https://id.city.example", "sub": "k7yq2m4h6b3x5c7v9n2j4f6d8s3a5g7t"}


def example(kind: str, subject: str, data: dict[str, Any], **more: str) -> dict[str, Any]:
    """An event of the type `jp.machi.<kind>.v1`."""
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
