"""Certificates in the shape of the card profile, and every wrong shape a verifier has to refuse."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .people import Holder

Kind = Literal["auth", "sign"]
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

AUTH_POLICY = "1.2.392.200149.8.5.1.3.30"
SIGN_POLICY = "1.2.392.200149.8.5.1.1.20"
OTHER_NAMES = "1.2.392.200149.8.5.5"
CPS = "http://cps.jpki-test.example/cps.html"
UNKNOWN_EXTENSION = x509.ObjectIdentifier("1.3.6.1.4.1.99999.1")


@dataclass(frozen=True, slots=True)
class Shape:
    """What differs from a good certificate. Each field left at its default keeps the profile; an empty tuple leaves the
    extension out."""

    serial: int | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    policies: tuple[str, ...] | None = None
    non_repudiation: bool | None = None
    key_usage: bool = True
    key_usage_critical: bool = True
    extended_key_usage: tuple[str, ...] | None = None
    ca: bool = False
    cert_sign: bool = False
    key_encipherment: bool = False
    unknown_critical: bool = False
    key_identifier: bytes | None = None
    issuer_serial: int | None = None
    distribution_point: str | None = None
    other_names: tuple[tuple[int, str], ...] | None = None


def ca_name(kind: Kind, organization: str = "JPKI-TEST") -> x509.Name:
    """The distinguished name that all generations of one test root share."""
    purpose = "JPKI for user authentication" if kind == "auth" else "JPKI for digital signature"
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, purpose),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Card reader simulator"),
        ]
    )


def leaf_name(kind: Kind) -> x509.Name:
    """An opaque name: real ones identify a certificate, not a person, and are not to be parsed."""
    parts = [x509.NameAttribute(NameOID.COUNTRY_NAME, "JP")]
    if kind == "sign":
        parts += [x509.NameAttribute(NameOID.LOCALITY_NAME, name) for name in ("Mihon-ken", "Mihon-shi")]
    parts.append(x509.NameAttribute(NameOID.COMMON_NAME, "TEST" + secrets.token_hex(9).upper()))
    return x509.Name(parts)


def new_serial() -> int:
    """Short, as on cards."""
    return secrets.randbelow(2**30) + 2**30


def signing_hash(key: PrivateKey) -> SHA256 | SHA384:
    """SHA-256 for RSA, SHA-384 for P-384."""
    return SHA384() if isinstance(key, ec.EllipticCurvePrivateKey) else SHA256()


def build_leaf(
    kind: Kind,
    holder: Holder,
    public_key: PublicKey,
    issuer: x509.Name,
    issuer_key: PrivateKey,
    shape: Shape,
    subject: x509.Name | None = None,
) -> x509.Certificate:
    """Issue one card certificate; `shape` says what is wrong with it."""
    now = datetime.now(UTC).replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject or leaf_name(kind))
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(shape.serial or new_serial())
        .not_valid_before(shape.not_before or now - timedelta(days=1))
        .not_valid_after(shape.not_after or holder.fifth_birthday(now))
        .add_extension(_authority_key_identifier(issuer, issuer_key, shape), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )
    for extension, critical in _extensions(kind, holder, shape):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer_key, signing_hash(issuer_key))


def _authority_key_identifier(issuer: x509.Name, key: PrivateKey, shape: Shape) -> x509.AuthorityKeyIdentifier:
    found = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    names = [x509.DirectoryName(issuer)] if shape.issuer_serial else None
    return x509.AuthorityKeyIdentifier(shape.key_identifier or found.key_identifier, names, shape.issuer_serial)


def _extensions(kind: Kind, holder: Holder, shape: Shape) -> list[tuple[x509.ExtensionType, bool]]:
    found: list[tuple[x509.ExtensionType, bool]] = []
    if shape.key_usage:
        non_repudiation = kind == "sign" if shape.non_repudiation is None else shape.non_repudiation
        found.append((_usage(non_repudiation, shape), shape.key_usage_critical))
    policies = shape.policies if shape.policies is not None else ((AUTH_POLICY if kind == "auth" else SIGN_POLICY),)
    if policies:
        found.append((_policies(policies), True))
    if shape.ca:
        found.append((x509.BasicConstraints(ca=True, path_length=None), True))
    usages = shape.extended_key_usage
    if usages is None and kind == "auth":
        usages = (ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string,)
    if usages:
        found.append((x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid) for oid in usages]), False))
    if shape.distribution_point:
        found.append((_distribution_point(shape.distribution_point), False))
    if shape.unknown_critical:
        found.append((x509.UnrecognizedExtension(UNKNOWN_EXTENSION, b"\x05\x00"), True))
    if kind == "sign":
        found.append((_attributes(shape.other_names or other_names(holder)), False))
    return found


def _usage(non_repudiation: bool, shape: Shape) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=non_repudiation,
        key_encipherment=shape.key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=shape.cert_sign,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _policies(oids: tuple[str, ...]) -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(oid), [CPS]) for oid in oids])


def partition_name(partition: str) -> x509.DirectoryName:
    """The name of one partition of a revocation list."""
    return x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{partition} CRLDP")]))


def _distribution_point(partition: str) -> x509.CRLDistributionPoints:
    return x509.CRLDistributionPoints([x509.DistributionPoint([partition_name(partition)], None, None, None)])


def other_names(holder: Holder) -> tuple[tuple[int, str], ...]:
    """(last arc, text) of the six otherNames, in the order seen on cards: 1, 4, 3, 5, 2, 6."""
    return (
        (1, holder.name),
        (4, holder.era_date),
        (3, holder.sex),
        (5, holder.address),
        (2, "0" * len(holder.name)),
        (6, "0" * len(holder.address)),
    )


def _attributes(names: tuple[tuple[int, str], ...]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName(
        [x509.OtherName(x509.ObjectIdentifier(f"{OTHER_NAMES}.{arc}"), asn1.encode_der(text)) for arc, text in names]
    )
