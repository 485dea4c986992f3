"""Security events: the transmitter of the OpenID Shared Signals Framework 1.0 (SSF), for apps that subscribe.

`stream_config` and `streams_api` are the subscription, `happenings` turns what was recorded into events in the same transaction,
`event_token` makes a SET (RFC 8417) of one, `push` (RFC 8935) and `poll` (RFC 8936) bring it to the app.
"""

from __future__ import annotations

from .install import install

__all__ = ["install"]
