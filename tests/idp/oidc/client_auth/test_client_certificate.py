"""Client certificates (RFC 8705) through a proxy (RFC 9440): who may report one, what authenticates, and what is bound to it."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from werkzeug.test import TestResponse

from idp.foundation.settings import Settings
from idp.oidc.client_auth.certificate import parse
from idp.oidc.client_metadata.metadata import MetadataError
from tests.support.apps import VERIFIER, App
from tests.support.fapi import SigningKey
from tests.support.town import Town

SECRET = "s" * 40
SAN = x509.SubjectAlternativeName(
    [
        x509.DNSName("kodomo.mihon.example"),
        x509.UniformResourceIdentifier("https://kodomo.mihon.example/client"),
        x509.RFC822Name("kodomo@mihon.example"),
        x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
    ]
)


def name(text: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Mihon"), x509.NameAttribute(NameOID.COMMON_NAME, text)]
    )


class Authority:
    """A certificate authority of the city's network."""

    def __init__(self, common_name: str = "Mihon CA") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = name(common_name)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        self.certificate = (
            self._builder(self.name, self.key.public_key(), 365)
            .add_extension(x509.BasicConstraints(True, 0), True)
            .add_extension(usage, True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False)
            .sign(self.key, hashes.SHA256())
        )

    def _builder(self, subject: x509.Name, key: Any, days: int) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=2))
            .not_valid_after(now + timedelta(days=days))
        )

    def issue(self, common_name: str, days: int = 30, usage: Any = ExtendedKeyUsageOID.CLIENT_AUTH) -> x509.Certificate:
        key = ec.generate_private_key(ec.SECP256R1()).public_key()
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = self._builder(name(common_name), key, days).add_extension(SAN, False)
        builder = builder.add_extension(identifier, False)
        return builder.add_extension(x509.ExtendedKeyUsage([usage]), False).sign(self.key, hashes.SHA256())


CA = Authority()
CERTIFICATE = CA.issue("kodomo")


def header(certificate: x509.Certificate) -> str:
    return ":" + base64.b64encode(certificate.public_bytes(Encoding.DER)).decode() + ":"


def thumbprint(certificate: x509.Certificate) -> str:
    raw = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def through_proxy(certificate: x509.Certificate | None = CERTIFICATE, secret: str = SECRET) -> dict[str, str]:
    headers = {"X-Machi-Proxy-Secret": secret}
    return headers | ({"Client-Cert": header(certificate)} if certificate is not None else {})


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("roots") / "roots.pem"
    path.write_bytes(CA.certificate.public_bytes(Encoding.PEM))
    return path


@pytest.fixture
def tls_town(sqlite_url: str, roots: Path) -> Iterator[Town]:
    settings = {"mtls": True, "mtls_proxy_secret": SECRET, "mtls_roots": roots}
    with Town(sqlite_url, mtls_base_url="https://mtls.id.example", **settings) as town:
        yield town


def machine(town: Town, **metadata: Any) -> App:
    given = {
        "grant_types": ["client_credentials"],
        "scope": "case:write",
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": "CN=kodomo,O=Mihon",
        "tls_client_certificate_bound_access_tokens": True,
    }
    return town.register(**{k: v for k, v in (given | metadata).items() if v is not None})


def ask(app: App, headers: dict[str, str], **more: Any) -> TestResponse:
    form: dict[str, str | None] = {"grant_type": "client_credentials", "client_id": app.client_id}
    return app.post("/token", form, headers=headers, **more)


def refused(answer: TestResponse) -> None:
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


def test_tls_client_auth_and_a_bound_token(tls_town: Town) -> None:
    app = machine(tls_town)
    answer = ask(app, through_proxy())
    assert answer.status_code == 200, answer.text
    token = answer.json["access_token"]
    assert answer.json["token_type"] == "Bearer"
    shown = app.post("/introspect", {"token": token, "client_id": app.client_id}, headers=through_proxy()).json
    assert shown["cnf"] == {"x5t#S256": thumbprint(CERTIFICATE)}

    def send(headers: dict[str, str]) -> int:
        more = {"Authorization": f"Bearer {token}", "Content-Type": "application/cloudevents+json"}
        return tls_town.app.test_client().post("/api/v1/events", data=b"{}", headers=headers | more).status_code

    assert send(through_proxy()) == 422  # in, and the event is bad
    assert send({}) == 401
    assert send(through_proxy(CA.issue("kodomo"))) == 401  # same name, another key
    assert send(through_proxy(secret="x" * 40)) == 401


@pytest.mark.parametrize(
    "member",
    [
        {"tls_client_auth_san_dns": "kodomo.mihon.example"},
        {"tls_client_auth_san_uri": "https://kodomo.mihon.example/client"},
        {"tls_client_auth_san_email": "kodomo@mihon.example"},
        {"tls_client_auth_san_ip": "192.0.2.7"},
    ],
    ids=lambda m: next(iter(m)),
)
def test_each_way_to_name_the_subject(tls_town: Town, member: dict[str, str]) -> None:
    app = machine(tls_town, tls_client_auth_subject_dn=None, **member)
    assert ask(app, through_proxy()).status_code == 200
    key, value = next(iter(member.items()))
    other = machine(
        tls_town, tls_client_auth_subject_dn=None, **{key: value.replace("7", "8").replace("kodomo", "zei")}
    )
    refused(ask(other, through_proxy()))


def test_certificates_that_prove_nothing(tls_town: Town) -> None:
    app = machine(tls_town)
    for certificate in (
        None,
        CA.issue("zei"),
        CA.issue("kodomo", days=-1),
        CA.issue("kodomo", usage=ExtendedKeyUsageOID.SERVER_AUTH),
        Authority().issue("kodomo"),
        Authority("Other CA").issue("kodomo"),
    ):
        refused(ask(app, through_proxy(certificate)))
    assert ask(app, through_proxy()).status_code == 200


@pytest.mark.parametrize("value", ["", "::", ":x:", "MIIB", ":MIIB:", ", ".join([header(CERTIFICATE)] * 2), "é"])
def test_headers_that_are_none(tls_town: Town, value: str) -> None:
    refused(ask(machine(tls_town), {"X-Machi-Proxy-Secret": SECRET, "Client-Cert": value.encode().decode("latin-1")}))


def test_only_the_proxy_may_report_a_certificate(tls_town: Town) -> None:
    """Fail closed: a header of the client's own making is removed."""
    app = machine(tls_town)
    for secret in ("", "x", SECRET + "x", "é" * 20):
        refused(ask(app, through_proxy(secret=secret.encode().decode("latin-1"))))
    refused(ask(app, {"Client-Cert": header(CERTIFICATE)}))


def test_by_the_proxy_s_address(sqlite_url: str, roots: Path) -> None:
    for network, works in (("127.0.0.0/8", True), ("10.0.0.0/8", False)):
        with Town(sqlite_url, mtls=True, mtls_proxy_networks=network, mtls_roots=roots) as town:
            answer = ask(machine(town), {"Client-Cert": header(CERTIFICATE), "X-Forwarded-For": "10.0.0.1"})
            assert (answer.status_code == 200) is works


def test_the_proxy_is_known_on_a_socket_for_both_versions(sqlite_url: str, roots: Path) -> None:
    """Such a socket reports IPv4 peers as mapped IPv6 addresses."""
    with Town(sqlite_url, mtls=True, mtls_proxy_networks="10.0.0.0/8", mtls_roots=roots) as town:
        app = machine(town)
        for peer, works in (("::ffff:10.0.0.1", True), ("::ffff:192.0.2.1", False), ("", False)):
            answer = ask(app, {"Client-Cert": header(CERTIFICATE)}, environ_base={"REMOTE_ADDR": peer})
            assert (answer.status_code == 200) is works, peer


def test_without_the_setting_there_are_no_certificates(town: Town) -> None:
    with pytest.raises(MetadataError):
        machine(town)
    document = town.app.test_client().get("/.well-known/openid-configuration").json
    assert not {"mtls_endpoint_aliases", "tls_client_certificate_bound_access_tokens"} & set(document)
    assert "tls_client_auth" not in document["token_endpoint_auth_methods_supported"]


def test_the_setting_needs_a_way_to_know_the_proxy() -> None:
    for more in ({}, {"mtls_proxy_secret": "short"}):
        with pytest.raises(ValueError, match="mtls"):
            Settings(demo=True, mtls=True, **more)


def test_discovery_tells_where_certificates_are_asked_for(tls_town: Town) -> None:
    document = tls_town.app.test_client().get("/.well-known/openid-configuration").json
    assert document["tls_client_certificate_bound_access_tokens"] is True
    assert document["mtls_endpoint_aliases"]["token_endpoint"] == "https://mtls.id.example/token"
    assert {"tls_client_auth", "self_signed_tls_client_auth"} <= set(document["token_endpoint_auth_methods_supported"])


def test_every_endpoint_a_client_calls_has_an_alias(tls_town: Town) -> None:
    """RFC 8705 §5: device authorization and CIBA too; and each alias is an endpoint that is there."""
    document = tls_town.app.test_client().get("/.well-known/openid-configuration").json
    aliases = document["mtls_endpoint_aliases"]
    assert {"device_authorization_endpoint", "backchannel_authentication_endpoint"} <= set(aliases)
    paths = {rule.rule for rule in tls_town.app.url_map.iter_rules()}
    for member, address in aliases.items():
        path = address.removeprefix("https://mtls.id.example")
        assert document[member] == tls_town.issuer + path
        assert path in paths


def test_a_certificate_with_a_weak_key_is_none(tls_town: Town) -> None:
    """Neither authenticates nor binds, whoever signed it."""
    weak = [rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP256K1())]
    for key in weak:
        leaf = CA._builder(name("kodomo"), key.public_key(), 30).sign(CA.key, hashes.SHA256())
        assert parse(header(leaf), "") is None
        jwk = SigningKey().registered | {"x5c": [header(leaf)[1:-1]]}
        method = "self_signed_tls_client_auth"
        app = machine(
            tls_town, token_endpoint_auth_method=method, tls_client_auth_subject_dn=None, jwks={"keys": [jwk]}
        )
        refused(ask(app, through_proxy(leaf)))
    strong = CA._builder(name("kodomo"), rsa.generate_private_key(65537, 2048).public_key(), 30)
    assert parse(header(strong.sign(CA.key, hashes.SHA256())), "") is not None


def test_self_signed(tls_town: Town) -> None:
    """RFC 8705 §2.2: the registered certificate itself, no authority; another with the same key is another."""
    own = Authority("self")
    leaf = own.issue("kodomo")
    jwk = SigningKey().registered | {"x5c": [base64.b64encode(leaf.public_bytes(Encoding.DER)).decode()]}
    app = machine(
        tls_town,
        token_endpoint_auth_method="self_signed_tls_client_auth",
        tls_client_auth_subject_dn=None,
        jwks={"keys": [jwk]},
    )
    assert ask(app, through_proxy(leaf)).status_code == 200
    refused(ask(app, through_proxy(own.issue("kodomo"))))
    refused(ask(app, through_proxy(CERTIFICATE)))


@pytest.mark.parametrize(
    "changes",
    [
        {"tls_client_auth_subject_dn": None},
        {"tls_client_auth_san_dns": "kodomo.mihon.example"},
        {"tls_client_auth_subject_dn": "not a name"},
        {"token_endpoint_auth_method": "self_signed_tls_client_auth"},
    ],
    ids=str,
)
def test_metadata_that_does_not_go_together(tls_town: Town, changes: dict[str, Any]) -> None:
    with pytest.raises(MetadataError):
        machine(tls_town, **changes)


def test_a_public_client_s_refresh_token_is_bound_to_its_certificate(tls_town: Town) -> None:
    """RFC 8705 §4."""
    app = tls_town.register(token_endpoint_auth_method="none", tls_client_certificate_bound_access_tokens=True)
    form: dict[str, str | None] = {
        "grant_type": "authorization_code",
        "code": tls_town.signed_in().code(app),
        "redirect_uri": app.redirect_uri,
        "code_verifier": VERIFIER,
    }
    assert app.post("/token", form, headers={}).json["error"] == "invalid_request"
    body = app.post("/token", form, headers=through_proxy()).json
    again: dict[str, str | None] = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
    assert app.post("/token", again, headers=through_proxy(CA.issue("kodomo"))).json["error"] == "invalid_grant"
    assert app.post("/token", again, headers=through_proxy()).status_code == 200
    userinfo = {"Authorization": f"Bearer {body['access_token']}"}
    client = tls_town.app.test_client()
    assert client.get("/userinfo", headers=userinfo | through_proxy()).status_code == 200
    assert client.get("/userinfo", headers=userinfo).status_code == 401


def test_a_chain_with_an_intermediate_is_read() -> None:
    found = parse(header(CERTIFICATE), f"{header(CA.certificate)}, {header(CERTIFICATE)}")
    assert found is not None
    assert len(found.chain) == 2
    assert parse(header(CERTIFICATE), "rubbish") is None
    assert parse(":" + "A" * 40000 + ":", "") is None
