"""3rdparty-init-login plan: the address is accepted, echoed and kept; and the two plans' registration reads (RFC 7592)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.support.core_client import Client
from tests.support.core_site import CoreSite

START = "https://start.example/begin"


def managed(client: Client, method: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {client.registered['registration_access_token']}"}
    url = client.registered["registration_client_uri"]
    answer = requests.request(method, url, json=body, headers=headers, timeout=10)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    client.registered |= found
    return found


def test_oidcc_3rdparty_init_login(dynamic: Callable[..., Client]) -> None:
    client = dynamic(initiate_login_uri=START)
    assert client.registered["initiate_login_uri"] == START
    kept = managed(client, "GET")
    assert kept["initiate_login_uri"] == START
    ours = ("registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at")
    again = {n: v for n, v in kept.items() if n not in ours} | {"client_name": "Renamed"}
    assert managed(client, "PUT", again)["initiate_login_uri"] == START
    assert managed(client, "GET")["client_name"] == "Renamed"


@pytest.mark.parametrize("uri", ["http://start.example/begin", "ftp://start.example/", "/begin"])
def test_oidcc_3rdparty_init_login_nohttps(site: CoreSite, uri: str) -> None:
    answer = site.register(initiate_login_uri=uri)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


def test_registration_read(dynamic: Callable[..., Client]) -> None:
    """OP-Registration-Read of the retired suite."""
    client = dynamic(contacts=["desk@start.example"])
    kept = managed(client, "GET")
    assert {n: kept[n] for n in ("client_id", "redirect_uris", "contacts")} == {
        n: client.registered[n] for n in ("client_id", "redirect_uris", "contacts")
    }
