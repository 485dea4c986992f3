"""The path from a card's certificate to a pinned root (RFC 5280 section 6, one tier: roots issue leaves directly)."""

from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from .certificate import Leaf
from .errors import CardError, CardReason
from .roots import Root

STRONG_HASHES = frozenset({"sha256", "sha384", "sha512"})


def check_path(leaf: Leaf, roots: Sequence[Root]) -> Root:
    """The pinned root that issued this leaf: same name, matching key identifier, valid signature."""
    reject_authority(leaf)
    reject_weak_signature(leaf)
    for root in roots:
        if _key_identifier_matches(leaf, root) and _issued_by(leaf, root):
            return root
    raise CardError(CardReason.UNKNOWN_ISSUER)


def reject_authority(leaf: Leaf) -> None:
    """A leaf names another issuer than itself, and neither is nor claims to be a CA."""
    if leaf.issuer == leaf.subject:
        raise CardError(CardReason.SELF_SIGNED)
    constraints, usage = leaf.find(x509.BasicConstraints), leaf.find(x509.KeyUsage)
    if (constraints is not None and constraints.ca) or (usage is not None and (usage.key_cert_sign or usage.crl_sign)):
        raise CardError(CardReason.IS_AUTHORITY)


def reject_weak_signature(leaf: Leaf) -> None:
    """SHA-2 only, whatever the issuer once used."""
    if leaf.signature_hash not in STRONG_HASHES:
        raise CardError(CardReason.WEAK_CERTIFICATE_SIGNATURE)


def _key_identifier_matches(leaf: Leaf, root: Root) -> bool:
    """The authority key identifier tells generations apart. It is not proof, the signature is, but it must not
    contradict.
    """
    identifier = leaf.find(x509.AuthorityKeyIdentifier)
    if identifier is None:
        return True
    if identifier.key_identifier is not None and identifier.key_identifier != root.subject_key_id:
        return False
    return identifier.authority_cert_serial_number in (None, root.serial)


def _issued_by(leaf: Leaf, root: Root) -> bool:
    """The names are equal and the signature verifies; the library call checks both."""
    try:
        leaf.certificate.verify_directly_issued_by(root.certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
