"""The outbox topic `mypage.changed`: tell the open pages of each resident what to fetch again."""

from __future__ import annotations

import redis

from idp import Job, Parts, RetryLaterError

from ..ledger import TOPIC
from .channels import resident_channel


def install_fanout(instance: Parts) -> None:
    """Have the delivery loop hand changes to the live bus. Payload: `{"changes": [{"resident_id", "fragments"}]}`."""

    def publish(job: Job) -> None:
        try:
            for change in job.payload["changes"]:
                instance.bus.publish(resident_channel(change["resident_id"]), {"fragments": change["fragments"]})
        except (redis.RedisError, OSError):
            # A page told twice fetches twice; a page not told would stay old.
            raise RetryLaterError("the live bus does not answer") from None

    instance.worker.handles(TOPIC, publish)
