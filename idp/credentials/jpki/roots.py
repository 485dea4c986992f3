"""Pinned roots of one hierarchy. Generations of a root share one name, so a root is known by its key."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from .errors import TrustError

TEST_ORGANIZATION = "JPKI-TEST"

T = TypeVar("T", bound=x509.ExtensionType)
RootKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


@dataclass(frozen=True, slots=True)
class Root:
    """One generation of a root. `key_id` is the SHA-256 of its SubjectPublicKeyInfo; `serial` is the root's own,
    public.
    """

    certificate: x509.Certificate = field(repr=False)
    key: RootKey = field(repr=False)
    key_id: bytes
    name: x509.Name
    serial: int
    subject_key_id: bytes | None
    not_before: datetime
    not_after: datetime

    @property
    def is_test(self) -> bool:
        """Whether this is a root of the test hierarchy, which anybody may hold cards of."""
        return any(
            part.value == TEST_ORGANIZATION for part in self.name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        )


def load_roots(path: Path) -> tuple[Root, ...]:
    """Read a PEM bundle of roots. TrustError if one of them is not a root that may issue certificates and lists."""
    try:
        certificates = x509.load_pem_x509_certificates(path.read_bytes())
        return tuple(read_root(certificate) for certificate in certificates)
    except OSError as error:
        raise TrustError(f"{path.name}: {error.strerror}") from error
    except ValueError as error:
        raise TrustError(f"{path.name}: {error}") from error


def read_root(certificate: x509.Certificate) -> Root:
    """Check that a certificate is a self-signed root with a strong key and the rights it needs, else ValueError."""
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise ValueError("a root must have an RSA or elliptic-curve key")
    if key.key_size < (2048 if isinstance(key, rsa.RSAPublicKey) else 384):
        raise ValueError("the key of a root is too short")
    try:
        certificate.verify_directly_issued_by(certificate)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise ValueError("a root must be self-signed") from error
    extensions = certificate.extensions
    constraints = _find(extensions, x509.BasicConstraints)
    usage = _find(extensions, x509.KeyUsage)
    if constraints is None or not constraints.ca:
        raise ValueError("a root must be a CA certificate")
    if usage is None or not (usage.key_cert_sign and usage.crl_sign):
        raise ValueError("a root must be allowed to sign certificates and revocation lists")
    identifier = _find(extensions, x509.SubjectKeyIdentifier)
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Root(
        certificate=certificate,
        key=key,
        key_id=hashlib.sha256(spki).digest(),
        name=certificate.subject,
        serial=certificate.serial_number,
        subject_key_id=identifier.digest if identifier else None,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def _find(extensions: x509.Extensions, kind: type[T]) -> T | None:
    return next((one.value for one in extensions if isinstance(one.value, kind)), None)
