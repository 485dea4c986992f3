"""One log line for each answer that says something is wrong; the quiet majority is counted by metrics, not logged."""

from __future__ import annotations

import logging

from flask import Response, request

from ..telemetry import request_reference

log = logging.getLogger("machi.http")


def log_request(response: Response) -> Response:
    """`after_request`: method, route and status of refused and failed requests; no query, no body, no address."""
    if response.status_code >= 400 and request.endpoint is not None:
        request_reference()
        log.info("%s %s -> %s", request.method, request.url_rule, response.status_code)
    return response
