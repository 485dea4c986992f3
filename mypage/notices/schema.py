"""`jp.machi.notice.published.v1` and `jp.machi.notice.withdrawn.v1`."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from ..wire.event import Envelope
from ..wire.resident import Resident
from ..wire.values import Day, LongText, Moment, Number, Part, ShortText
from .model import Importance, Kind


class NoticePublishedData(Part):
    """A notice. `publish_at` in the future: not shown before. `discreet_text` is what a lock screen may show."""

    resident: Resident
    kind: Kind = "information"
    importance: Importance = "normal"
    title: ShortText
    body: LongText
    publish_at: Moment | None = None
    act_by: Day | None = None
    requires_ack: bool = False
    related_case: Number | None = None
    discreet_text: ShortText | None = None


class NoticePublished(Envelope):
    """A notice is published, or corrected. From `expirytime` on it is not shown any more."""

    type: Literal["jp.machi.notice.published.v1"]
    time: Moment
    expirytime: Moment | None = None
    data: NoticePublishedData

    @model_validator(mode="after")
    def check_expiry(self) -> NoticePublished:
        if self.expirytime is not None and self.expirytime <= (self.data.publish_at or self.time):
            raise ValueError("expirytime must be later than the notice itself")
        return self


class NoticeWithdrawnData(Part):
    """Nothing more to say. `resident` may be told again."""

    resident: Resident | None = None


class NoticeWithdrawn(Envelope):
    """A notice disappears."""

    type: Literal["jp.machi.notice.withdrawn.v1"]
    time: Moment
    data: NoticeWithdrawnData = NoticeWithdrawnData()
