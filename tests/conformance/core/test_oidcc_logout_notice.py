"""Back-channel, front-channel and session management plans, each with a logout that the client starts."""

from __future__ import annotations

import hashlib
import html
import re
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jws
from joserfc.jwk import RSAKey

from tests.support.core_client import Client, Flow
from tests.support.core_site import CoreSite
from tests.support.signing_in import Resident
from tests.support.waiting import until

EVENT = "http://schemas.openid.net/event/backchannel-logout"


def log_out(client: Client, person: Resident, flow: Flow, **query: str) -> Any:
    return person.http.get(
        client.config["end_session_endpoint"],
        params={"id_token_hint": client.hint(flow.id_token)} | query,
        allow_redirects=False,
        timeout=10,
    )


def out(client: Client, person: Resident) -> None:
    assert client.refused(person, prompt="none")["error"] == "login_required"


def test_oidcc_backchannel_rp_initiated_logout(site: CoreSite) -> None:
    uri, bye = site.listen("logout"), "https://bye.example/"
    client = site.client(
        backchannel_logout_uri=uri, backchannel_logout_session_required=True, post_logout_redirect_uris=[bye]
    )
    person = site.signed_in()
    flow = client.sign_on(person)
    answer = log_out(client, person, flow, post_logout_redirect_uri=bye, state="s-1")
    assert answer.headers["Location"] == f"{bye}?state=s-1"
    (form,) = until(lambda: site.heard["logout"], 20)
    assert set(form) == {"logout_token"}
    check_logout_token(client, flow, client.open(form["logout_token"]))
    assert jws.extract_compact(form["logout_token"].encode()).headers()["typ"] == "logout+jwt"
    out(client, person)


def check_logout_token(client: Client, flow: Flow, claims: dict[str, Any]) -> None:
    """Back-Channel Logout §2.4, §2.6."""
    assert set(claims) == {"iss", "sub", "aud", "iat", "exp", "jti", "sid", "events"}
    assert "nonce" not in claims
    assert claims["events"] == {EVENT: {}}
    assert (claims["iss"], claims["aud"]) == (client.issuer, client.client_id)
    assert (claims["sub"], claims["sid"]) == (flow.claims["sub"], flow.claims["sid"])
    assert claims["iat"] <= time.time() + 1 < claims["exp"]


def test_backchannel_logout_token_encrypted_as_registered(site: CoreSite) -> None:
    key = RSAKey.generate_key(2048, {"use": "enc", "kid": "e1"})
    client = site.client(
        private=key,
        jwks={"keys": [key.as_dict(private=False)]},
        id_token_encrypted_response_alg="RSA-OAEP-256",
        backchannel_logout_uri=site.listen("sealed"),
    )
    person = site.signed_in()
    flow = client.sign_on(person)
    client.sign_on(person)  # twice in one login: told once
    log_out(client, person, flow)
    (form,) = until(lambda: site.heard["sealed"], 20)
    check_logout_token(client, flow, client.open(form["logout_token"]))


def test_oidcc_frontchannel_rp_initiated_logout(site: CoreSite) -> None:
    client = site.client(
        redirect_uris=["https://front.example/cb"],
        frontchannel_logout_uri="https://front.example/out?a=1",
        frontchannel_logout_session_required=True,
        post_logout_redirect_uris=["https://front.example/bye"],
    )
    person = site.signed_in()
    flow = client.sign_on(person)
    page = log_out(client, person, flow, post_logout_redirect_uri="https://front.example/bye", state="s-1")
    (frame,) = re.findall(r'<iframe[^>]* src="([^"]+)"', page.text)
    called = urlsplit(html.unescape(frame))
    assert called._replace(query="").geturl() == "https://front.example/out"
    assert parse_qs(called.query) == {"a": ["1"], "iss": [site.issuer], "sid": [flow.claims["sid"]]}
    assert "https://front.example" in page.headers["Content-Security-Policy"]
    assert "https://front.example/bye?state=s-1" in html.unescape(page.text)
    out(client, person)


def test_oidcc_session_management_rp_initiated_logout(site: CoreSite) -> None:
    """`unchanged` before, `changed` after: what the frame's script computes from its cookie, computed here."""
    client = site.client()
    person = site.signed_in()
    flow = client.sign_on(person)
    assert verdict(client, person, flow.front["session_state"]) == "unchanged"
    frame = person.http.get(client.config["check_session_iframe"], timeout=10)
    assert frame.status_code == 200
    assert "X-Frame-Options" not in frame.headers
    assert verdict(client, person, flow.front["session_state"]) == "unchanged"
    log_out(client, person, flow)
    assert verdict(client, person, flow.front["session_state"]) == "changed"
    out(client, person)


def verdict(client: Client, person: Resident, session_state: str) -> str:
    """Session Management §3.2. The script itself: tests/idp/oidc with a browser."""
    given, _, salt = session_state.partition(".")
    state = person.http.cookies.get("machi_state") or ""
    parts = urlsplit(client.redirect_uri)
    text = f"{client.client_id} {parts.scheme}://{parts.netloc} {state} {salt}"
    return "unchanged" if hashlib.sha256(text.encode()).hexdigest() == given else "changed"
