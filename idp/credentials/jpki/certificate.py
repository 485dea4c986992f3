"""Checks on a card's certificate by itself. One function per check; each raises CardError."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtensionOID

from .errors import CardError, CardReason
from .policy import CardPolicy, Medium
from .revocation import point_names
from .roots import Root

T = TypeVar("T", bound=x509.ExtensionType)

MAX_SIGNATURE_BYTES = 512
RSA_EXPONENTS = range(65537, 2**32)
UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
PROCESSED = frozenset(
    {
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
    }
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A certificate parsed once; every check looks at this object and never at the bytes again."""

    certificate: x509.Certificate
    serial: int
    issuer: x509.Name
    subject: x509.Name
    not_before: datetime
    not_after: datetime
    signature_hash: str | None
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey
    extensions: Mapping[type[x509.ExtensionType], x509.Extension[x509.ExtensionType]]
    unrecognized: tuple[x509.Extension[x509.ExtensionType], ...]

    def find(self, kind: type[T]) -> T | None:
        """The extension of this type, if present."""
        found = self.extensions.get(kind)
        return found.value if found is not None and isinstance(found.value, kind) else None

    @property
    def distribution_points(self) -> frozenset[bytes]:
        """Names of the partitions of the revocation list that cover this certificate."""
        points = self.find(x509.CRLDistributionPoints)
        names = (point_names(point.full_name) for point in points or ())
        return frozenset().union(*names)


def reject_oversized(certificate: bytes, signature: bytes, policy: CardPolicy) -> None:
    """Before anything is parsed."""
    if len(certificate) > policy.max_certificate_bytes or len(signature) > MAX_SIGNATURE_BYTES:
        raise CardError(CardReason.OVERSIZED)


def parse_certificate(certificate: bytes) -> Leaf:
    """Exactly one DER certificate with an RSA or elliptic-curve key, and nothing after it."""
    try:
        parsed = x509.load_der_x509_certificate(certificate)
        if certificate[-len(parsed.signature) - 1] != 0:  # the library passes over unused bits in the signature
            raise CardError(CardReason.UNREADABLE, "unused bits")
        return _read_leaf(parsed)
    except UNREADABLE as error:
        raise CardError(CardReason.UNREADABLE) from error


def _read_leaf(parsed: x509.Certificate) -> Leaf:
    """Read every field at once: the library decodes lazily, and a malformed one must be found here and not later."""
    if parsed.version is not x509.Version.v3 or parsed.serial_number <= 0:
        raise CardError(CardReason.UNREADABLE, "not version 3, or a serial that is not positive")
    key = parsed.public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise CardError(CardReason.KEY_STRENGTH, "key type")
    signature_hash = parsed.signature_hash_algorithm
    extensions = tuple(parsed.extensions)
    return Leaf(
        certificate=parsed,
        serial=parsed.serial_number,
        issuer=parsed.issuer,
        subject=parsed.subject,
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
        signature_hash=signature_hash.name if signature_hash else None,
        key=key,
        extensions={type(one.value): one for one in extensions},
        unrecognized=tuple(one for one in extensions if isinstance(one.value, x509.UnrecognizedExtension)),
    )


def check_validity(leaf: Leaf, root: Root, policy: CardPolicy, now: datetime) -> None:
    """notBefore <= now <= notAfter, for leaf and root."""
    if now > leaf.not_after:
        raise CardError(CardReason.EXPIRED)
    if now + policy.clock_skew < leaf.not_before:
        raise CardError(CardReason.NOT_YET_VALID)
    if not root.not_before <= now <= root.not_after:
        raise CardError(CardReason.ROOT_NOT_VALID)


def check_critical_extensions(leaf: Leaf, *, attributes: bool) -> None:
    """Every critical extension is one that these checks process (RFC 5280 section 4.2)."""
    for extension in (*leaf.extensions.values(), *leaf.unrecognized):
        processed = extension.oid in PROCESSED or (
            attributes and extension.oid == ExtensionOID.SUBJECT_ALTERNATIVE_NAME
        )
        if extension.critical and not processed:
            raise CardError(CardReason.CRITICAL_EXTENSION, extension.oid.dotted_string)


def check_key_usage(leaf: Leaf, *, non_repudiation: bool) -> None:
    """Critical keyUsage: digitalSignature, and nonRepudiation exactly for signature certificates; nothing else."""
    value = leaf.find(x509.KeyUsage)
    if value is None or not leaf.extensions[x509.KeyUsage].critical:
        raise CardError(CardReason.KEY_USAGE, "absent or not critical")
    if not value.digital_signature or value.content_commitment is not non_repudiation:
        raise CardError(CardReason.KEY_USAGE)
    if value.key_encipherment or value.data_encipherment or value.key_agreement:
        raise CardError(CardReason.KEY_USAGE, "more than signing")


def check_extended_key_usage(leaf: Leaf, accepted: frozenset[str]) -> None:
    """If present it must allow our use; it need not be present."""
    usages = leaf.find(x509.ExtendedKeyUsage)
    if usages is not None and accepted.isdisjoint(oid.dotted_string for oid in usages):
        raise CardError(CardReason.EXTENDED_KEY_USAGE)


def check_policy(leaf: Leaf, accepted: Mapping[str, Medium]) -> Medium:
    """One of the accepted policies is asserted by name; anyPolicy is not one."""
    policies = leaf.find(x509.CertificatePolicies)
    for policy in policies or ():
        medium = accepted.get(policy.policy_identifier.dotted_string)
        if medium is not None:
            return medium
    raise CardError(CardReason.POLICY)


def check_key_strength(leaf: Leaf, policy: CardPolicy) -> None:
    """RSA within the configured sizes and a sound exponent, or P-384."""
    key = leaf.key
    if isinstance(key, ec.EllipticCurvePublicKey):
        if not isinstance(key.curve, ec.SECP384R1):
            raise CardError(CardReason.KEY_STRENGTH, "curve")
        return
    if not policy.min_rsa_bits <= key.key_size <= policy.max_rsa_bits:
        raise CardError(CardReason.KEY_STRENGTH, "size")
    if key.public_numbers().e not in RSA_EXPONENTS:
        raise CardError(CardReason.KEY_STRENGTH, "exponent")
