"""Client authentication by certificate (RFC 8705 §2): tls_client_auth (an authority vouches) and self_signed_tls_client_auth."""

from __future__ import annotations

import base64
import hmac
import ipaddress
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, VerificationError

from ...foundation import clock
from ..client_keys import ClientKeysError
from ..clients import RegisteredClient
from ..server import Provider, provider
from .certificate import ClientCertificate, client_certificate


def register_tls_methods(op: Provider) -> None:
    """Add the two methods to Authlib's server."""
    op.server.register_client_auth_method("tls_client_auth", _tls_client_auth)
    op.server.register_client_auth_method("self_signed_tls_client_auth", _self_signed)


def _tls_client_auth(query_client: Any, request: Any) -> RegisteredClient | None:
    """Authlib auth method: a chain to our roots, and exactly the subject that was registered."""
    client, certificate = _claimed(query_client, request, "tls_client_auth")
    roots = provider().parts.settings.mtls_roots
    if client is None or certificate is None or roots is None:
        return None
    return client if chain_stands(certificate, roots) and subject_fits(client.metadata, certificate.leaf) else None


def _self_signed(query_client: Any, request: Any) -> RegisteredClient | None:
    """Authlib auth method: one of the certificates the client registered (x5c), byte for byte."""
    client, certificate = _claimed(query_client, request, "self_signed_tls_client_auth")
    if client is None or certificate is None or not _in_time(certificate.leaf):
        return None
    presented = base64.b64encode(certificate.leaf.public_bytes(Encoding.DER))
    try:
        keys = provider().client_keys.of(client)
    except ClientKeysError:
        return None
    for jwk in keys:
        registered = jwk.get("x5c")
        first = registered[0] if isinstance(registered, list) and registered else None
        if isinstance(first, str) and hmac.compare_digest(first.encode(), presented):
            return client
    return None


def _claimed(query_client: Any, request: Any, method: str) -> tuple[RegisteredClient | None, ClientCertificate | None]:
    certificate = client_certificate()
    client_id = request.form.get("client_id")  # required: RFC 8705 §2
    if certificate is None or not client_id:
        return None, None
    client: RegisteredClient | None = query_client(client_id)
    return (client, certificate) if client is not None and client.auth_method == method else (None, None)


def chain_stands(certificate: ClientCertificate, roots: Path) -> bool:
    """Whether the certificate leads to one of the authorities in `roots`, now, and is meant for clients (RFC 5280 §6, §4.2.1.12)."""
    verifier = (
        PolicyBuilder()
        .store(_store(roots))
        .time(clock.now())
        .extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=ExtensionPolicy.permit_all())
        .build_client_verifier()
    )
    try:
        verifier.verify(certificate.leaf, list(certificate.chain))
        usage = certificate.leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    except (VerificationError, ValueError):
        return False
    return ExtendedKeyUsageOID.CLIENT_AUTH in usage or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in usage


@cache
def _store(roots: Path) -> Store:
    return Store(x509.load_pem_x509_certificates(roots.read_bytes()))


def subject_fits(metadata: dict[str, Any], leaf: x509.Certificate) -> bool:
    """Whether the certificate's subject is the one registered member says (RFC 8705 §2.1.2)."""
    if (name := metadata.get("tls_client_auth_subject_dn")) is not None:
        try:
            return leaf.subject == x509.Name.from_rfc4514_string(name)
        except ValueError:
            return False
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    if (dns := metadata.get("tls_client_auth_san_dns")) is not None:
        return dns.lower() in [n.lower() for n in names.get_values_for_type(x509.DNSName)]
    if (uri := metadata.get("tls_client_auth_san_uri")) is not None:
        return uri in names.get_values_for_type(x509.UniformResourceIdentifier)
    if (email := metadata.get("tls_client_auth_san_email")) is not None:
        return email in names.get_values_for_type(x509.RFC822Name)
    if (address := metadata.get("tls_client_auth_san_ip")) is not None:
        try:
            return ipaddress.ip_address(address) in names.get_values_for_type(x509.IPAddress)
        except ValueError:
            return False
    return False


def _in_time(leaf: x509.Certificate) -> bool:
    return leaf.not_valid_before_utc <= clock.now() <= leaf.not_valid_after_utc
