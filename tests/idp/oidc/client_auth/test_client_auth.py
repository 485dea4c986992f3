"""Client authentication at the token endpoint: only the registered method, one at a time."""

from __future__ import annotations

import base64

import pytest

from tests.support.apps import VERIFIER, App
from tests.support.browser import Browser
from tests.support.refusals import reason
from tests.support.town import Town

CREDENTIALS = {"grant_type": "client_credentials"}


def basic(value: str | bytes) -> dict[str, str]:
    raw = value if isinstance(value, bytes) else value.encode()
    return {"Authorization": "Basic " + base64.b64encode(raw).decode()}


@pytest.fixture(scope="module")
def machine(shared_town: Town) -> App:
    """An app's server that speaks for itself."""
    return shared_town.register(grant_types=["client_credentials"], scope="case:write notice:write")


def test_secret_in_the_header(machine: App) -> None:
    answer = machine.post("/token", CREDENTIALS)
    assert answer.status_code == 200
    assert "refresh_token" not in answer.json
    assert "id_token" not in answer.json


def test_secret_in_the_form(shared_town: Town) -> None:
    app = shared_town.register(
        grant_types=["client_credentials"], scope="case:write", token_endpoint_auth_method="client_secret_post"
    )
    form = {**CREDENTIALS, "client_id": app.client_id, "client_secret": app.secret}
    assert app.post("/token", form, headers={}).status_code == 200
    assert app.post("/token", {**form, "client_secret": "wrong"}, headers={}).status_code == 401
    assert app.post("/token", CREDENTIALS).status_code == 401  # by the header: not how it registered


def test_the_header_is_form_encoded(shared_town: Town, machine: App) -> None:
    """RFC 6749 §2.3.1: id and secret are percent-encoded before base64."""
    encoded = "".join(f"%{ord(c):02x}" for c in machine.client_id) + ":" + str(machine.secret).replace("-", "%2D")
    assert machine.post("/token", CREDENTIALS, headers=basic(encoded)).status_code == 200


def refused(answer: object) -> None:
    assert answer.status_code == 401, answer.text  # type: ignore[attr-defined]
    assert answer.json["error"] == "invalid_client"  # type: ignore[attr-defined]
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="machi"'  # type: ignore[attr-defined]
    assert answer.headers["Cache-Control"] == "no-store"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "header",
    [
        basic("{id}:wrong"),
        basic("{id}:"),
        basic("{id}"),
        basic(""),
        basic(":"),
        basic("unknown:secret"),
        basic(b"\xff\xfe:\xfd"),
        basic(b"a\x00b:c"),
        {"Authorization": "Basic"},
        {"Authorization": "Basic !!!!"},
        {"Authorization": "Basic \u00e9\u00e9"},
        {"Authorization": "Basic a b c"},
        {"Authorization": "Bearer x"},
        {"Authorization": "Digest username=x"},
        {"Authorization": ""},
        {"Authorization": "x" * 7000},
        {},
    ],
    ids=lambda v: str(v)[:60],
)
def test_what_is_no_proof(machine: App, header: dict[str, str]) -> None:
    """Keycloak CVE-2026-9803: a malformed header is no 500."""
    if header.get("Authorization", "").startswith("Basic e2lkf"):
        raw = base64.b64decode(header["Authorization"][6:]).decode().replace("{id}", machine.client_id)
        header = basic(raw)
    refused(machine.post("/token", CREDENTIALS, headers=header))


def test_a_name_that_no_database_can_hold(any_town: Town) -> None:
    app = any_town.register(grant_types=["client_credentials"], scope="case:write")
    refused(app.post("/token", CREDENTIALS, headers=basic("a\x00b:secret")))
    refused(app.post("/token", CREDENTIALS, headers=basic("\ud800".encode("utf-8", "surrogatepass") + b":x")))


def test_two_methods_at_once(machine: App) -> None:
    """RFC 6749 §2.3."""
    both = {**CREDENTIALS, "client_id": machine.client_id, "client_secret": machine.secret}
    refused(machine.post("/token", both, auth=(machine.client_id, str(machine.secret))))
    jwt_too = {**CREDENTIALS, "client_assertion": "e30.e30.e30", "client_assertion_type": "x"}
    refused(machine.post("/token", jwt_too, auth=(machine.client_id, str(machine.secret))))


def test_a_confidential_client_cannot_pass_for_a_public_one(shared_browser: Browser, shared_app: App) -> None:
    form = {
        "grant_type": "authorization_code",
        "code": shared_browser.code(shared_app),
        "redirect_uri": shared_app.redirect_uri,
        "code_verifier": VERIFIER,
        "client_id": shared_app.client_id,
    }
    refused(shared_app.post("/token", form, headers={}))


def test_a_public_client_has_no_client_credentials(shared_town: Town) -> None:
    public = shared_town.register(token_endpoint_auth_method="none")
    answer = public.post("/token", CREDENTIALS)
    assert answer.status_code in (400, 401)
    assert answer.json["error"] in ("invalid_client", "unauthorized_client")


def test_the_header_and_the_form_may_not_name_two_clients(shared_town: Town, machine: App) -> None:
    other = shared_town.register(grant_types=["client_credentials"], scope="case:write")
    answer = machine.post("/token", {**CREDENTIALS, "client_id": other.client_id})
    assert answer.status_code in (400, 401)


def test_guessing_is_slowed_down_but_locks_nobody_out(sqlite_url: str) -> None:
    """Keycloak #26172, for an app."""
    with Town(sqlite_url, token_limit="3/minute") as town:
        app = town.register(grant_types=["client_credentials"], scope="case:write")
        for _ in range(3):
            refused(app.post("/token", CREDENTIALS, auth=(app.client_id, "wrong")))
        slowed = app.post("/token", CREDENTIALS, auth=(app.client_id, "wrong"))
        assert slowed.status_code == 429
        assert int(slowed.headers["Retry-After"]) >= 1
        assert app.post("/token", CREDENTIALS).status_code == 200


def test_a_switched_off_client_is_unknown(town: Town) -> None:
    from sqlalchemy import update

    from idp.oidc.clients.model import Client

    app = town.register(grant_types=["client_credentials"], scope="case:write")
    town.change(update(Client).where(Client.client_id == app.client_id).values(active=False))
    town.op.clients.forget(app.client_id)
    refused(app.post("/token", CREDENTIALS))


# client credentials -----------------------------------------------------------------------------------------------


def test_its_own_token_is_for_our_api_only(shared_town: Town, machine: App) -> None:
    from idp.oidc.tokens.tokens import TokenError, check_access_token

    token = machine.post("/token", CREDENTIALS).json["access_token"]
    api = f"{shared_town.issuer}/api/v1"
    checked = check_access_token(shared_town.settings, shared_town.op.keys, token, api)
    assert checked.sub == machine.client_id
    assert checked.scopes == {"case:write", "notice:write"}
    with pytest.raises(TokenError):
        check_access_token(shared_town.settings, shared_town.op.keys, token, shared_town.issuer)
    assert machine.userinfo(token).status_code == 401


def test_its_scope_can_be_narrowed_not_widened(machine: App) -> None:
    assert machine.post("/token", {**CREDENTIALS, "scope": "case:write"}).json["scope"] == "case:write"
    for scope in ("task:write", "openid", "profile", "case:write openid", "unknown"):
        answer = machine.post("/token", {**CREDENTIALS, "scope": scope})
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_scope")


def test_the_resource_must_be_known(shared_town: Town, machine: App) -> None:
    api = f"{shared_town.issuer}/api/v1"
    assert machine.post("/token", {**CREDENTIALS, "resource": api}).status_code == 200
    answer = machine.post("/token", {**CREDENTIALS, "resource": "https://other.example/"})
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_target")


def test_an_app_without_the_grant_has_no_token_of_its_own(shared_app: App) -> None:
    assert shared_app.post("/token", CREDENTIALS).json["error"] == "unauthorized_client"


# for the developer ---------------------------------------------------------------------------------------------------

UNSAID = "The client could not be authenticated."


def said(app: App, **form: str | None) -> str:
    answer = app.post("/token", CREDENTIALS | form, headers={})
    refused(answer)
    return reason(answer.json)


@pytest.mark.parametrize("method", [None, "client_secret_basic", "client_secret_post"])
def test_header_and_form_are_both_taken_unless_one_was_asked_for(shared_town: Town, method: str | None) -> None:
    asked = {"token_endpoint_auth_method": method} if method else {}
    app = shared_town.register(grant_types=["client_credentials"], scope="case:write", **asked)
    form = {"client_id": app.client_id, "client_secret": app.secret}
    by_form, by_header = app.post("/token", CREDENTIALS | form, headers={}), app.post("/token", CREDENTIALS)
    assert by_form.status_code == (401 if method == "client_secret_basic" else 200)
    assert by_header.status_code == (401 if method == "client_secret_post" else 200)
    for answer, used in ((by_form, "client_secret_post"), (by_header, "client_secret_basic")):
        if answer.status_code == 401:
            expected = f"The client is registered for {method}, and {used} was used."
            assert reason(answer.json) == expected


def test_of_a_wrong_secret_nothing_is_said_that_is_not_said_of_an_unknown_app(shared_town: Town) -> None:
    """Whatever the method: nobody learns that the secret alone was wrong, or that the method would have been."""
    unknown = shared_town.register()
    unknown.client_id = "nobody"
    for method in ("client_secret_basic", "client_secret_post", "client_secret_jwt"):
        app = shared_town.register(token_endpoint_auth_method=method)
        for one in (app, unknown):
            assert said(one, client_id=one.client_id, client_secret="wrong") == UNSAID
            answer = one.post("/token", CREDENTIALS, auth=(one.client_id, "wrong"))
            assert reason(answer.json) == UNSAID


def test_which_method_an_app_is_registered_for_is_said_where_no_secret_can_be_guessed(shared_town: Town) -> None:
    public, secret = shared_town.register(token_endpoint_auth_method="none"), shared_town.register()
    revoking = public.post("/revoke", {"client_id": public.client_id, "client_secret": "x", "token": "x"})
    assert reason(revoking.json) == "The client is registered for none, and client_secret_post was used."
    assert said(secret, client_id=secret.client_id) == (
        "The client is registered for client_secret_basic, and nothing to authenticate it was used."
    )
    answer = public.post("/introspect", {"token": "x"})
    assert reason(answer.json) == "This endpoint does not take a client that is registered for none."


def test_a_change_that_names_the_same_method_asks_for_nothing(any_town: Town) -> None:
    """An app reads its registration and writes it back; the command line changes a name."""
    from idp.oidc.registration.change_client import change_client
    from idp.oidc.registration.register_client import CityOptions, prepare_client

    app = any_town.register(grant_types=["client_credentials"], scope="case:write")
    form = {"client_id": app.client_id, "client_secret": app.secret}
    for changes, status in (
        ({"client_name": "Anew"}, 200),
        ({"token_endpoint_auth_method": "client_secret_post"}, 401),
    ):
        prepared = prepare_client(
            any_town.settings, any_town.parts.outbound, app.metadata | changes, CityOptions(), by_itself=False
        )
        with any_town.writing() as session:
            change_client(session, any_town.settings, app.client_id, prepared, CityOptions(), "test")
        any_town.op.clients.forget(app.client_id)
        assert app.post("/token", CREDENTIALS | form, headers={}).status_code == 200
        assert app.post("/token", CREDENTIALS).status_code == status
