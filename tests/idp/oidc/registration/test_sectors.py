"""Sectors (OIDC Core §8.1): an app gets the `sub`s of a host only with proof, and a host and an app's id are never one name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from idp.foundation import clock
from idp.foundation.ids import new_id
from idp.oidc.client_metadata.metadata import MetadataError
from idp.oidc.clients.clients import registered
from idp.oidc.clients.model import Client, SectorProof
from idp.oidc.registration.change_client import change_client, options_of
from idp.oidc.registration.join_sector import next_sector
from idp.oidc.registration.register_client import CityOptions, prepare_client, register_client
from idp.oidc.registration.registration import issue_initial_access_token
from idp.oidc.registration.sectors import SectorClaim, host_of, own_sector
from idp.residents.model import SubjectIdentifier
from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.ciba import ASSERTION, CIBA, Desk
from tests.support.hostile import Hostile
from tests.support.town import Town

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
DEPARTMENT = ["https://dept.example/cb"]
CODE = ["authorization_code"]
METADATA = {"grant_types": CODE, "id_token_signed_response_alg": "ES256", "redirect_uris": DEPARTMENT}


@pytest.fixture
def document() -> Iterator[Hostile]:
    """The department's public document, and the address of it."""
    with Hostile() as site:
        site.keys = [*DEPARTMENT, "https://keys.example/jwks.json", "jp.example.app:/cb", "http://127.0.0.1/cb"]  # type: ignore[assignment]
        yield site


def by_itself(town: Town, **metadata: Any) -> Any:
    with town.writing() as session:
        token = issue_initial_access_token(session, "test", 1, timedelta(days=1))
    return town.app.test_client().post(
        "/register", json=METADATA | metadata, headers={"Authorization": f"Bearer {token}"}
    )


def app_of(town: Town, answer: Any) -> App:
    assert answer.status_code == 201, answer.text
    return App(town, answer.json["client_id"], answer.json.get("client_secret"), answer.json)


def row(town: Town, app: App) -> Client:
    found: Client = town.rows(Client, Client.client_id == app.client_id)[0]
    return found


def sub(browser: Browser, app: App) -> str:
    return str(app.id_token(browser.tokens(app)["id_token"])["sub"])


# Without proof a client is alone ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("grants", [[DEVICE], CODE, [*CODE, DEVICE]], ids=["device", "code", "both"])
def test_an_address_on_a_departments_host_gives_nothing_of_it(town: Town, grants: list[str]) -> None:
    """The device grant needs no answer at the redirect address: an address of anybody's host could be registered for it."""
    department = town.register(redirect_uris=DEPARTMENT)
    thief = app_of(town, by_itself(town, grant_types=grants))
    assert row(town, department).sector == "host:dept.example"
    assert (row(town, thief).sector, row(town, thief).sector_proof) == (own_sector(thief.client_id), "own")


def test_a_host_and_a_client_id_are_two_names(town: Town, browser: Browser) -> None:
    """An app may be called `kodomo.example`, and another may have its addresses on that host."""
    loopback = {"application_type": "native", "redirect_uris": ["http://127.0.0.1/cb"]}
    named = town.register(CityOptions(client_id="kodomo.example"), **loopback)
    hosted = town.register(redirect_uris=["https://kodomo.example/cb"])
    assert sub(browser, named) != sub(browser, hosted)
    assert row(town, named).sector == "client:kodomo.example"


def test_a_host_whose_name_looks_like_a_name_of_ours(town: Town) -> None:
    """No host and no id can hold a colon, so that no name is made by writing another into it."""
    for uri in ("https://client:80/cb", "https://host:443/cb", "https://earlier/cb"):
        app = town.register(redirect_uris=[uri])
        assert row(town, app).sector == f"host:{host_of(uri)}"
    for name in ("client:x", "host:x"):
        with pytest.raises(MetadataError):
            town.register(CityOptions(client_id=name))


def test_what_a_client_says_of_its_sector_is_not_heard(town: Town) -> None:
    """Only who registers makes a difference, and the city's options are not read from what a client sends."""
    settings, outbound = town.settings, town.parts.outbound
    for by in (True, False):
        prepared = prepare_client(settings, outbound, {"redirect_uris": DEPARTMENT}, CityOptions(), by_itself=by)
        assert (prepared.claim.name is None) is by
    wanted = {"redirect_uris": DEPARTMENT, "sector": "host:dept.example", "sector_proof": "decided"}
    prepared = prepare_client(settings, outbound, wanted, CityOptions(sector="host:dept.example"), by_itself=True)
    assert prepared.claim == SectorClaim(None, SectorProof.OWN)


# Documents -------------------------------------------------------------------------------------------------------------


def test_a_document_joins_apps_that_are_answered_at_its_addresses(
    town: Town, document: Hostile, browser: Browser
) -> None:
    uri = {"sector_identifier_uri": document.url + "/good"}
    apps = [app_of(town, by_itself(town, **uri)) for _ in range(2)]
    assert [row(town, app).sector_proof for app in apps] == ["document", "document"]
    assert sub(browser, apps[0]) == sub(browser, apps[1])


BORROWED: list[dict[str, Any]] = [
    {"grant_types": [DEVICE]},
    {"grant_types": [DEVICE], "redirect_uris": []},
    {"grant_types": [*CODE, DEVICE]},
    {"grant_types": [*CODE, CIBA], "backchannel_token_delivery_mode": "poll"},
    {"grant_types": [*CODE, "urn:ietf:params:oauth:grant-type:token-exchange"]},
    {"grant_types": [*CODE, "urn:ietf:params:oauth:grant-type:jwt-bearer"]},
    {"grant_types": ["client_credentials"], "redirect_uris": []},
    {"grant_types": [*CODE, "client_credentials"], "scope": "openid ssf.manage"},  # a stream's events name a sub
    {"backchannel_logout_uri": "https://mine.example/logout"},  # so does a logout token
    {"backchannel_logout_uri": "https://dept.example/logout"},
    {"application_type": "native", "redirect_uris": ["jp.example.app:/cb"]},
    {"application_type": "native", "redirect_uris": ["http://127.0.0.1/cb"]},
    {"grant_types": [DEVICE], "jwks_uri": "https://keys.example/jwks.json"},  # authenticates by a secret
    {"grant_types": [DEVICE], "jwks_uri": "https://mine.example/jwks.json", "token_endpoint_auth_method": "private_key_jwt"},
]  # fmt: skip


@pytest.mark.parametrize("metadata", BORROWED, ids=lambda v: str(v)[:70])
def test_a_document_of_others_is_no_proof(town: Town, document: Hostile, metadata: dict[str, Any]) -> None:
    """It is public: everybody can name it and its addresses, and learn a `sub` in another way than at these."""
    answer = by_itself(town, sector_identifier_uri=document.url + "/good", **metadata)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_client_metadata"), answer.text
    assert answer.json["error_description"].startswith("sector_identifier_uri")
    assert town.count(Client) == 0


def test_a_document_that_lists_the_keys_proves_any_client_with_them(town: Town, document: Hostile) -> None:
    """CIBA §4: it lists the `jwks_uri`, and only who has the private keys can authenticate."""
    keys = {"jwks_uri": "https://keys.example/jwks.json", "token_endpoint_auth_method": "private_key_jwt"}
    uri = {"sector_identifier_uri": document.url + "/good"}
    for grants in ([DEVICE], [*CODE, DEVICE]):
        app = app_of(town, by_itself(town, grant_types=grants, **uri, **keys))
        assert row(town, app).sector_proof == "document"
    answer = by_itself(town, **uri, **keys, backchannel_logout_uri="https://mine.example/logout")
    assert answer.json["error_description"].startswith("sector_identifier_uri: must list the backchannel_logout_uri")


def test_a_document_lists_where_logouts_are_told(town: Town, document: Hostile) -> None:
    listed = "https://dept.example/logout"
    document.keys = [*DEPARTMENT, listed]  # type: ignore[assignment]
    app = app_of(town, by_itself(town, sector_identifier_uri=document.url + "/good", backchannel_logout_uri=listed))
    assert row(town, app).sector_proof == "document"


def test_management_cannot_turn_a_proven_client_into_one_that_needs_none(
    town: Town, document: Hostile, browser: Browser
) -> None:
    """RFC 7592: a client keeps its sector as long as the document proves it, whatever else changes."""
    uri = {"sector_identifier_uri": document.url + "/good"}
    made = by_itself(town, **uri)
    app = app_of(town, made)
    before = sub(browser, app)

    def put(token: str, **changes: Any) -> Any:
        given = {"client_id": app.client_id, **METADATA, **uri, **changes}
        path = made.json["registration_client_uri"].removeprefix(town.issuer)
        return town.app.test_client().put(
            path, json={k: v for k, v in given.items() if v}, headers={"Authorization": f"Bearer {token}"}
        )

    token = made.json["registration_access_token"]
    for changes in (
        {"grant_types": [*CODE, DEVICE]},
        {"sector_identifier_uri": None, "grant_types": [*CODE, DEVICE]},
        {"backchannel_logout_uri": "https://mine.example/logout"},
    ):
        assert put(token, **changes).json["error"] == "invalid_client_metadata"
    assert put(token, client_name="renamed").status_code == 200
    assert sub(browser, app) == before


# The city's word -------------------------------------------------------------------------------------------------------


def change(town: Town, app: App, sector: str | None = None, **changes: Any) -> None:
    """An edit at the desk."""
    found = row(town, app)
    options = CityOptions(app.client_id, sector=sector)
    metadata = {**json.loads(found.metadata_json), **changes}
    prepared = prepare_client(town.settings, town.parts.outbound, metadata, options, by_itself=False)
    with town.writing() as session:
        change_client(session, town.settings, app.client_id, prepared, options, "test")
    town.op.clients.forget(app.client_id)


def test_an_edit_by_the_city_takes_nobody_along(town: Town) -> None:
    """A new logo is no word about whom an app belongs to."""
    town.register(redirect_uris=DEPARTMENT)
    alone = app_of(town, by_itself(town))
    change(town, alone, client_name="renamed")
    assert row(town, alone).sector == own_sector(alone.client_id)
    change(town, alone, "host:dept.example")
    assert (row(town, alone).sector, row(town, alone).sector_proof) == ("host:dept.example", "decided")
    change(town, alone, redirect_uris=["https://dept.example/other"])
    assert row(town, alone).sector_proof == "decided"


def test_addresses_are_followed_until_residents_are_known(town: Town, browser: Browser) -> None:
    app = town.register(redirect_uris=["https://typo.example/cb"])
    change(town, app, redirect_uris=DEPARTMENT)
    assert row(town, app).sector == "host:dept.example"
    moved = App(town, app.client_id, app.secret, {**app.metadata, "redirect_uris": DEPARTMENT})
    before = sub(browser, moved)
    change(town, app, redirect_uris=["https://new.example/cb"])
    assert row(town, app).sector == "host:dept.example"
    moved.redirect_uri = "https://new.example/cb"
    assert sub(browser, moved) == before
    for sector in ("own", "host:new.example"):
        with pytest.raises(MetadataError, match="new identifier"):
            change(town, app, sector)


def test_whoever_gets_a_host_later_does_not_get_its_residents(town: Town, document: Hostile, browser: Browser) -> None:
    """An app moved away and kept the sector of the old host; a successor there joins only by the city's word."""
    gone = town.register(redirect_uris=DEPARTMENT)
    sub(browser, gone)
    change(town, gone, redirect_uris=["https://new.example/cb"])
    with pytest.raises(MetadataError, match="the city has to say"):
        town.register(redirect_uris=DEPARTMENT)
    other = town.register(redirect_uris=["https://other.example/cb"])
    with pytest.raises(MetadataError, match="the city has to say"):
        change(town, other, redirect_uris=DEPARTMENT)
    for sector, name in (("own", None), ("host:dept.example", "host:dept.example")):
        app = town.register(CityOptions(sector=sector), redirect_uris=DEPARTMENT)
        assert row(town, app).sector == (name or own_sector(app.client_id))


def test_the_city_puts_an_app_beside_another_that_is_alone(town: Town, browser: Browser) -> None:
    alone = app_of(town, by_itself(town))
    beside = town.register(CityOptions(sector=own_sector(alone.client_id)))
    assert sub(browser, alone) == sub(browser, beside)
    for nobody in ("client:nobody", "earlier:nobody.example"):
        with pytest.raises(MetadataError, match="no app has this sector"):
            town.register(CityOptions(sector=nobody))
    with pytest.raises(MetadataError, match="several hosts"):
        town.register(redirect_uris=["https://a.example/cb", "https://b.example/cb"])
    both = town.register(CityOptions(sector="own"), redirect_uris=["https://a.example/cb", "https://b.example/cb"])
    assert row(town, both).sector_proof == "decided"


# CIBA ------------------------------------------------------------------------------------------------------------------


def test_a_sub_of_a_sector_without_proof_is_no_hint(town: Town) -> None:
    """Such a client came into a department's sector before proof was asked for; it may have heard a `sub` from there."""
    desk = Desk(town)
    hanako = town.resident()
    known = desk.know(hanako)
    proof = {"iss": desk.app.client_id, "aud": town.issuer, "iat": 0, "exp": 0, "sub_id": {
        "format": "iss_sub", "iss": town.issuer, "sub": known}}  # fmt: skip
    proof |= {"iat": int(clock.epoch()), "exp": int(clock.epoch()) + 60}
    assert desk.ask(login_hint=known).status_code == 200
    assert desk.ask(login_hint_token=desk.jwt(proof)).status_code == 200
    unproven = Client.__table__.update().where(Client.client_id == desk.app.client_id).values(sector_proof="unproven")  # type: ignore[attr-defined]
    town.change(unproven)
    town.op.clients.forget(desk.app.client_id)
    assert desk.ask(login_hint=known).json["error"] == "unknown_user_id"
    assert desk.ask(login_hint_token=desk.jwt(proof)).json["error"] == "unknown_user_id"
    change(town, desk.app, "own")
    assert desk.ask(login_hint=known).status_code == 200


@pytest.mark.parametrize(("proof", "status"), [("registered", 200), ("unproven", 400)])
def test_an_id_token_that_the_app_can_write_itself_is_no_more_than_its_word(
    town: Town, proof: str, status: int
) -> None:
    """HS256 is by the app's own secret: it could put any `sub` in, also one that it heard from an app of its sector."""
    by_secret = {"token_endpoint_auth_method": "client_secret_jwt", "id_token_signed_response_alg": "HS256"}
    desk = Desk(town, **by_secret)
    known = desk.know(town.resident())
    town.change(update(Client).where(Client.client_id == desk.app.client_id).values(sector_proof=proof))
    town.op.clients.forget(desk.app.client_id)

    def signed(**claims: Any) -> str:
        now = int(clock.epoch())
        given = {"aud": town.issuer, "iat": now, "exp": now + 60, "jti": new_id(), **claims}
        return jwt.encode(given, str(desk.app.secret), "HS256")

    me = desk.app.client_id
    form = {"client_assertion_type": ASSERTION, "client_assertion": signed(iss=me, sub=me), "scope": "openid"}
    hint = signed(iss=town.issuer, aud=me, sub=known, auth_time=int(clock.epoch()))
    answer = desk.post("/backchannel_authentication", form | {"id_token_hint": hint})
    assert (answer.status_code, answer.json.get("error")) == (status, None if status == 200 else "unknown_user_id")


def test_no_word_about_the_proof_is_no_proof(town: Town) -> None:
    """What is written by anything but registration stands without proof."""
    app = town.register()
    made = row(town, app)
    assert registered(made).sector_proven
    made.sector_proof = Client.sector_proof.default.arg  # type: ignore[attr-defined]
    assert not registered(made).sector_proven
    with town.parts.database.read() as session:
        for claim in (SectorClaim(None, SectorProof.OWN), SectorClaim("host:dept.example", SectorProof.REGISTERED)):
            assert next_sector(session, made, claim).proof is SectorProof.UNPROVEN
    assert options_of(made).sector is None


# Spellings of one host -------------------------------------------------------------------------------------------------

SAME = [
    ("https://dept.example:443/a", "https://dept.example/b"),
    ("https://dept.example:8443/a", "https://dept.example:9443/b"),
    ("https://DEPT.Example/a", "https://dept.example/b"),
    ("https://dept.example./a", "https://dept.example/b"),
    ("https://XN--WGV71A.example/a", "https://xn--wgv71a.example/b"),
    ("https://[2001:DB8::1]/a", "https://[2001:db8:0:0:0:0:0:1]:8443/b"),
    ("https://[::ffff:192.0.2.1]/a", "https://192.0.2.1/b"),
    ("https://192.0.513/a", "https://0xc0000201/b"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_a_sector_is_a_host_however_it_is_written(town: Town, one: str, other: str) -> None:
    apps = [town.register(redirect_uris=uris) for uris in ([one], [other], [one, other])]
    assert len({row(town, app).sector for app in apps}) == 1
    assert row(town, apps[0]).sector.startswith("host:")


NOBODYS = ["http://localhost:8009/cb", "http://127.0.0.1:8009/cb", "https://localhost/cb", "https://127.1/cb",
           "https://[::1]/cb", "https://[::ffff:127.0.0.1]/cb", "https://app.localhost/cb", "https://LOCALHOST./cb"]  # fmt: skip


@pytest.mark.parametrize("uri", NOBODYS)
def test_this_machine_is_nobodys_sector(town: Town, uri: str) -> None:
    """Every machine has a loopback interface, and every app of a demonstration is on one."""
    apps = [town.register(redirect_uris=[uri]) for _ in range(2)]
    assert [row(town, app).sector for app in apps] == [own_sector(app.client_id) for app in apps]


@pytest.mark.parametrize(
    "uri", ["https://役所.example/cb", "https://:443/cb", "https:///cb", "https://a@dept.example/cb", "https://./cb"]
)
def test_what_is_no_host_is_refused(town: Town, uri: str) -> None:
    with pytest.raises(MetadataError, match="redirect_uris"):
        town.register(redirect_uris=[uri])


@given(st.from_regex(r"[A-Za-z0-9._-]{1,40}", fullmatch=True), st.integers(0, 65535))
def test_port_and_case_make_no_difference(host: str, port: int) -> None:
    assert (
        host_of(f"https://{host}/")
        == host_of(f"https://{host.upper()}:{port}/")
        == host_of(f"https://{host.lower()}./")
    )


def test_nobodys_sub_changes_with_the_port(town: Town, browser: Browser) -> None:
    first = town.register(redirect_uris=["https://dept.example:8443/cb"])
    before = sub(browser, first)
    second = town.register(redirect_uris=["https://dept.example/cb"])
    assert sub(browser, second) == before
    assert town.count(SubjectIdentifier) == 1
    with town.writing() as session:
        done = register_client(session, town.settings, town.parts.outbound, {"redirect_uris": DEPARTMENT}, "test")
    assert done.metadata["redirect_uris"] == DEPARTMENT, "kept as it was written"
