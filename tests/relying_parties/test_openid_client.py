"""openid-client (Node), which holds a provider to the letter: everything the FAPI way at once, and the plain way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask, request

from tests.support.rp import Person
from tests.support.server import free_port
from tests.support.serving import Served
from tests.support.waiting import until

from .conftest import Site
from .node import Node, NodeError

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("relying_parties")]
SCRIPT = Path(__file__).parent / "openid_client" / "driver.mjs"


@pytest.fixture
def app(node: str, node_modules: Path, tmp_path: Path) -> Iterator[Node]:
    app = Node(node, SCRIPT, tmp_path, node_modules)
    yield app
    app.stop()


@pytest.fixture
def heard() -> Iterator[tuple[str, list[str]]]:
    """A back-channel logout address, and the logout tokens that arrived there."""
    tokens: list[str] = []
    app = Flask("heard")

    @app.post("/bye")
    def bye() -> str:
        tokens.append(request.form["logout_token"])
        return ""

    served = Served(app, free_port())
    yield f"{served.url}/bye", tokens
    served.stop()


def test_par_dpop_private_key_jwt_and_jarm_together(site: Site, app: Node, heard: tuple[str, list[str]]) -> None:
    address, tokens_heard = heard
    redirect_uri, bye = "https://node.example/cb", "https://node.example/bye"
    made = app.ask(
        "register",
        issuer=site.issuer,
        token=site.token,
        method="private_key_jwt",
        jarm=True,
        bound=True,
        metadata={
            "client_name": "Node app",
            "redirect_uris": [redirect_uri],
            "post_logout_redirect_uris": [bye],
            "grant_types": ["authorization_code", "refresh_token"],
            "id_token_signed_response_alg": "ES256",
            "authorization_signed_response_alg": "ES256",
            "dpop_bound_access_tokens": True,
            "require_pushed_authorization_requests": True,
            "backchannel_logout_uri": address,
            "backchannel_logout_session_required": True,
        },
    )
    assert made["server"]["issuer"] == site.issuer
    url = app.ask("start", redirect_uri=redirect_uri, scope="openid profile", pushed=True)
    assert set(parse_qs(urlsplit(url).query)) == {"client_id", "request_uri"}
    person, back = site.through(url, "hanako")
    assert set(parse_qs(urlsplit(back).query)) == {"response"}  # JARM: nothing but the signed answer

    tokens = app.ask("finish", url=back)
    assert tokens["token_type"] == "dpop"
    sub = tokens["claims"]["sub"]
    assert app.ask("userinfo", token=tokens["access_token"], sub=sub)["name"] == "見本 花子"
    with pytest.raises(NodeError) as stolen:
        app.ask("userinfo_by_thief", token=tokens["access_token"], sub=sub)
    assert stolen.value.told["status"] == 401
    assert stolen.value.told["challenges"][0]["parameters"]["error"] == "invalid_token"

    fresh = app.ask("refresh", token=tokens["refresh_token"])
    assert fresh["claims"]["sub"] == sub
    seen = app.ask("introspect", token=fresh["access_token"])
    assert (seen["active"], seen["sub"], set(seen["cnf"])) == (True, sub, {"jkt"})
    app.ask("revoke", token=fresh["access_token"])
    assert app.ask("introspect", token=fresh["access_token"]) == {"active": False}

    out = person.go(app.ask("end_session", id_token_hint=fresh["id_token"], post_logout_redirect_uri=bye, state="left"))
    assert out.headers["Location"] == f"{bye}?state=left"
    until(lambda: tokens_heard, 15)
    told = app.ask("logout_token", token=tokens_heard[0])
    assert (told["sub"], told["sid"]) == (sub, tokens["claims"]["sid"])
    assert "nonce" not in told
    with pytest.raises(NodeError) as ended:
        app.ask("refresh", token=fresh["refresh_token"])
    assert ended.value.told["error"] == "invalid_grant"


def test_the_plain_way_with_a_secret(site: Site, app: Node) -> None:
    redirect_uri = "https://plain.example/cb"
    made = site.register(
        client_name="Plain app",
        redirect_uris=[redirect_uri],
        grant_types=["authorization_code", "refresh_token"],
        id_token_signed_response_alg="RS256",
    )
    metadata = {"id_token_signed_response_alg": "RS256"}
    credentials = {name: made[name] for name in ("client_id", "client_secret")}
    app.ask("discover", issuer=site.issuer, metadata=metadata, **credentials)
    url = app.ask("start", redirect_uri=redirect_uri, scope="openid profile", more={"max_age": 600})
    person, back = site.through(url, "taro")
    tokens = app.ask("finish", url=back, changes={"maxAge": 600})
    assert tokens["token_type"] == "bearer"
    assert app.ask("userinfo", token=tokens["access_token"], sub=tokens["claims"]["sub"])["name"] == "例示 太郎"

    # Signed in already: without a question.
    url = app.ask("start", redirect_uri=redirect_uri, scope="openid", more={"prompt": "none"})
    _, back = site.through(url, person=person)
    again = app.ask("finish", url=back)
    assert again["claims"]["sub"] == tokens["claims"]["sub"]

    # A used code ends what came of it; a code without its verifier gives nothing.
    with pytest.raises(NodeError) as used:
        app.ask("finish", url=back)
    assert used.value.told["error"] == "invalid_grant"
    assert app.ask("introspect", token=again["access_token"]) == {"active": False}
    url = app.ask("start", redirect_uri=redirect_uri, scope="openid")
    _, back = site.through(url, person=person)
    with pytest.raises(NodeError) as stolen:
        app.ask("finish", url=back, changes={"pkceCodeVerifier": "v" * 43})
    assert stolen.value.told["error"] == "invalid_grant"

    app.ask("revoke", token=tokens["refresh_token"])
    with pytest.raises(NodeError) as revoked:
        app.ask("refresh", token=tokens["refresh_token"])
    assert revoked.value.told["error"] == "invalid_grant"


@pytest.mark.parametrize(("alg", "enc"), [("ECDH-ES", "A256GCM"), ("RSA-OAEP-256", "A128CBC-HS256")])
def test_a_request_encrypted_with_jose(site: Site, app: Node, alg: str, enc: str) -> None:
    """Its signed request object goes on to the sign-in page encrypted, and nothing of it in any other way."""
    redirect_uri = f"https://{alg.lower()}.example/cb"
    metadata = {
        "client_name": "Sealing app",
        "redirect_uris": [redirect_uri],
        "id_token_signed_response_alg": "ES256",
        "request_object_signing_alg": "ES256",
        "require_signed_request_object": True,
        "request_object_encryption_alg": alg,
        "request_object_encryption_enc": enc,
    }
    app.ask("register", issuer=site.issuer, token=site.token, method="private_key_jwt", metadata=metadata)
    plain = app.ask("start", redirect_uri=redirect_uri, scope="openid")
    sealed = app.ask("seal", url=plain, alg=alg, enc=enc)
    assert parse_qs(urlsplit(sealed).query)["request"][0].count(".") == 4
    assert "/signin/" in Person(site.issuer).go(sealed).url
    with pytest.raises(NodeError) as refused:
        app.ask("finish", url=Person(site.issuer).go(plain).headers["Location"])
    assert refused.value.told["error"] == "invalid_request"


def test_an_error_comes_back_as_the_library_expects_it(site: Site, app: Node) -> None:
    """With `iss` and `state`, or the library would not take it; by JARM, signed."""
    redirect_uri = "https://refused.example/cb"
    metadata = {
        "redirect_uris": [redirect_uri],
        "id_token_signed_response_alg": "ES256",
        "authorization_signed_response_alg": "RS256",
    }
    given = {"issuer": site.issuer, "token": site.token, "metadata": metadata}
    for jarm in (False, True):
        app.ask("register", method="client_secret_basic", jarm=jarm, **given)
        url = app.ask("start", redirect_uri=redirect_uri, scope="openid", more={"prompt": "none"})
        _, back = site.through(url)
        with pytest.raises(NodeError) as refused:
            app.ask("finish", url=back)
        assert (refused.value.told["name"], refused.value.told["error"]) == (
            "AuthorizationResponseError",
            "login_required",
        )
