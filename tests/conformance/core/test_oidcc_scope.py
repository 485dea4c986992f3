"""Basic, Implicit, Hybrid and their Form Post plans: scopes, claims, and parameters that must do no harm."""

from __future__ import annotations

import json

import pytest

from tests.support.core_client import Client
from tests.support.core_plans import ALL, variants
from tests.support.core_site import CoreSite
from tests.support.signing_in import Resident

CLAIMS = {
    "profile": {"name", "name#ja-Kana-JP", "birthdate", "gender"},
    "email": {"email", "email_verified"},
    "address": {"address"},
    "phone": {"phone_number", "phone_number_verified"},
}
EVERY = set().union(*CLAIMS.values())


def shared(client: Client, person: Resident, scope: str) -> dict[str, object]:
    """The claims about the person that this scope gave."""
    flow = client.sign_on(person, scope=scope)
    return {name: value for name, value in flow.person_claims.items() if name in EVERY}


@variants(ALL)
def test_oidcc_scope_profile(client: Client, person: Resident) -> None:
    got = shared(client, person, "openid profile")
    assert set(got) == CLAIMS["profile"]
    assert (got["name"], got["birthdate"], got["gender"]) == ("見本 花子", "1989-04-12", "female")


@variants(ALL)
def test_oidcc_scope_email(client: Client, person: Resident) -> None:
    got = shared(client, person, "openid email")
    assert got == {"email": "hanako@mihon.example", "email_verified": False}


@variants(ALL)
def test_oidcc_scope_address(client: Client, person: Resident) -> None:
    got = shared(client, person, "openid address")
    assert set(got) == {"address"}
    assert isinstance(got["address"], dict)
    assert got["address"]["formatted"].startswith("見本県みほん市")


@variants(ALL)
def test_oidcc_scope_phone(client: Client, person: Resident) -> None:
    got = shared(client, person, "openid phone")
    assert got == {"phone_number": "+81312345678", "phone_number_verified": False}


@variants(ALL)
def test_oidcc_scope_all(client: Client, person: Resident) -> None:
    assert set(shared(client, person, "openid profile email address phone")) == EVERY


@variants(ALL)
def test_oidcc_claims_essential(client: Client, person: Resident) -> None:
    where = "userinfo" if client.variant.has_userinfo else "id_token"
    flow = client.sign_on(person, claims=json.dumps({where: {"name": {"essential": True}}}))
    assert flow.person_claims["name"] == "見本 花子"
    assert "birthdate" not in flow.person_claims


@variants(ALL)
def test_oidcc_display_page(client: Client, person: Resident) -> None:
    assert client.sign_on(person, display="page").claims["sub"]


@variants(ALL)
def test_oidcc_display_popup(client: Client, person: Resident) -> None:
    assert client.sign_on(person, display="popup").claims["sub"]


@variants(ALL)
def test_oidcc_ensure_request_with_unknown_parameter_succeeds(client: Client, person: Resident) -> None:
    assert client.sign_on(person, extra="foobar").claims["sub"]


@variants(ALL)
def test_oidcc_login_hint(client: Client, person: Resident) -> None:
    assert client.sign_on(person, login_hint="somebody@mihon.example").claims["sub"]


@variants(ALL)
def test_oidcc_ui_locales(client: Client, person: Resident, site: CoreSite) -> None:
    """No error, and the sign-in page speaks the language asked for."""
    assert client.sign_on(person, ui_locales="se").claims["sub"]
    for asked, lang in (("ja", "ja"), ("en", "en"), ("se ja", "ja")):
        page = site.person().go(client.url(client.request(ui_locales=asked)))
        assert f'<html lang="{lang}"' in page.text


@variants(ALL)
def test_oidcc_claims_locales(client: Client, person: Resident) -> None:
    assert client.sign_on(person, claims_locales="se").claims["sub"]


@variants(ALL)
def test_oidcc_ensure_request_with_acr_values_succeeds(client: Client, person: Resident) -> None:
    """The highest of the asked that the sign-in reached."""
    asked = "urn:machi:acr:ial1-aal1 urn:machi:acr:ial1-aal2"
    acr = client.sign_on(person, acr_values=asked, scope="openid profile").claims["acr"]
    assert acr in client.config["acr_values_supported"]


@pytest.mark.parametrize("unknown", ["1 2", "urn:example:gold"])
@variants(ALL[:1])
def test_acr_values_nobody_knows_do_no_harm(client: Client, person: Resident, unknown: str) -> None:
    assert client.sign_on(person, acr_values=unknown).claims["acr"] in client.config["acr_values_supported"]
