"""Direct requests to the provider: no redirects, bounded time and size, connections kept alive."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3

from .errors import ProviderUnavailableError

MAX_ANSWER = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An HTTP answer: status, headers (case-insensitive), body bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; anything else is `ProviderUnavailableError`."""
        try:
            value = json.loads(self.body)
        except ValueError as error:
            raise ProviderUnavailableError(f"answer {self.status} is not JSON") from error
        if not isinstance(value, dict):
            raise ProviderUnavailableError(f"answer {self.status} is not a JSON object")
        return value


class Http:
    """A pool of connections to one provider."""

    def __init__(self, *, connect_timeout: float = 3.0, read_timeout: float = 10.0) -> None:
        timeout = urllib3.Timeout(connect=connect_timeout, read=read_timeout)
        self._pool = urllib3.PoolManager(num_pools=4, maxsize=8, retries=False, timeout=timeout)

    def request(self, method: str, url: str, *, headers: dict[str, str], body: bytes | None = None) -> HttpResponse:
        """Send one request. Network trouble and oversized answers are `ProviderUnavailableError`."""
        try:
            response = self._pool.request(
                method, url, headers=headers, body=body, redirect=False, preload_content=False
            )
            try:
                data = response.read(MAX_ANSWER + 1)
                if len(data) > MAX_ANSWER:
                    response.close()
                    raise ProviderUnavailableError("answer too large")
                return HttpResponse(response.status, response.headers, data)
            finally:
                response.release_conn()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ProviderUnavailableError(type(error).__name__) from error

    def get_json(self, url: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
        """GET a JSON object; any status but 200 is `ProviderUnavailableError`."""
        answer = self.request("GET", url, headers={"Accept": "application/json", **(headers or {})})
        if answer.status != 200:
            raise ProviderUnavailableError(f"{url} answered {answer.status}")
        return answer.json()

    def post_form(self, url: str, form: Mapping[str, str], headers: dict[str, str]) -> HttpResponse:
        """POST a form, as token endpoints take it."""
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        return self.request("POST", url, headers={**kind, **headers}, body=urlencode(form).encode())
