"""Revocation lists and roots that are signed by the right key but are not what they have to be."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from clients.simulators.card_reader import Deck
from clients.simulators.card_reader.authority import Authority
from clients.simulators.card_reader.profile import UNKNOWN_EXTENSION, ca_name
from idp.credentials.jpki.revocation import read_list
from idp.credentials.jpki.roots import read_root

Builder = x509.CertificateRevocationListBuilder


def crl(authority: Authority, change: Callable[[Builder], Builder], name: x509.Name | None = None) -> bytes:
    now = datetime.now(UTC)
    builder = Builder().issuer_name(name or authority.certificate.subject).last_update(now)
    builder = change(builder.next_update(now + timedelta(days=1)))
    return builder.sign(authority.key, SHA256()).public_bytes(Encoding.DER)


def _numbered(builder: Builder) -> Builder:
    return builder.add_extension(x509.CRLNumber(7), critical=False)


def _point(**flags: bool) -> Callable[[Builder], Builder]:
    names = [x509.DirectoryName(ca_name("auth"))]
    fields = {
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    } | flags
    point = x509.IssuingDistributionPoint(names, None, only_some_reasons=None, **fields)
    return lambda builder: _numbered(builder).add_extension(point, critical=True)


def _some_reasons(builder: Builder) -> Builder:
    reasons = frozenset({x509.ReasonFlags.key_compromise})
    point = x509.IssuingDistributionPoint(None, None, False, False, reasons, False, False)
    return _numbered(builder).add_extension(point, critical=True)


def _unknown_critical(builder: Builder) -> Builder:
    return _numbered(builder).add_extension(x509.UnrecognizedExtension(UNKNOWN_EXTENSION, b"\x05\x00"), critical=True)


def _foreign_entry(builder: Builder) -> Builder:
    """An entry about some other issuer's certificate, as indirect lists have."""
    issuer = x509.CertificateIssuer([x509.DirectoryName(ca_name("sign"))])
    entry = x509.RevokedCertificateBuilder().serial_number(5).revocation_date(datetime.now(UTC))
    return _numbered(builder).add_revoked_certificate(entry.add_extension(issuer, critical=True).build())


BAD: dict[str, Callable[[Builder], Builder]] = {
    "no number": lambda builder: builder,
    "indirect": _point(indirect_crl=True),
    "authorities only": _point(only_contains_ca_certs=True),
    "attribute certificates only": _point(only_contains_attribute_certs=True),
    "some reasons only": _some_reasons,
    "unknown critical extension": _unknown_critical,
    "entry with an unknown critical extension": _foreign_entry,
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD)
def test_lists_that_do_not_tell_everything_are_refused(change: Callable[[Builder], Builder], deck: Deck) -> None:
    authority = deck.authority("auth")
    with pytest.raises(ValueError):
        read_list(x509.load_der_x509_crl(crl(authority, change)), [read_root(authority.certificate)])


def test_the_same_list_without_the_fault_is_read(deck: Deck) -> None:
    authority = deck.authority("auth")
    roots = [read_root(authority.certificate)]
    for good in (_numbered, _point(), _point(only_contains_user_certs=True)):
        assert read_list(x509.load_der_x509_crl(crl(authority, good)), roots).number == 7


def test_list_in_another_name_is_refused(deck: Deck) -> None:
    authority = deck.authority("auth")
    other = crl(authority, _numbered, ca_name("sign"))
    with pytest.raises(ValueError, match="pinned root"):
        read_list(x509.load_der_x509_crl(other), [read_root(authority.certificate)])


def test_der_file_is_read_like_a_pem_file(deck: Deck) -> None:
    from idp.credentials.jpki.revocation import _split

    pem = (deck.state_dir / "auth.crl").read_bytes()
    der = x509.load_pem_x509_crl(pem).public_bytes(Encoding.DER)
    assert _split(der) == _split(pem)
    assert len(_split(pem + pem)) == 2


def _root(*extensions: x509.ExtensionType, signer: Authority | None = None) -> x509.Certificate:
    made = Authority.create("auth")
    builder = (
        x509.CertificateBuilder()
        .subject_name(made.certificate.subject)
        .issuer_name(made.certificate.subject)
        .public_key(made.key.public_key())
        .serial_number(1)
        .not_valid_before(made.certificate.not_valid_before_utc)
        .not_valid_after(made.certificate.not_valid_after_utc)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign((signer or made).key, SHA256())


def _usage(*, cert_sign: bool = True, crl_sign: bool = True) -> x509.KeyUsage:
    return x509.KeyUsage(True, False, False, False, False, cert_sign, crl_sign, False, False)


CA = x509.BasicConstraints(ca=True, path_length=None)


@pytest.mark.parametrize(
    "extensions",
    [
        (),
        (CA,),
        (_usage(),),
        (x509.BasicConstraints(ca=False, path_length=None), _usage()),
        (CA, _usage(cert_sign=False)),
        (CA, _usage(crl_sign=False)),
    ],
)
def test_self_signed_certificates_that_are_no_roots(extensions: tuple[x509.ExtensionType, ...]) -> None:
    with pytest.raises(ValueError):
        read_root(_root(*extensions))


def test_the_same_with_all_rights_is_a_root() -> None:
    assert read_root(_root(CA, _usage())).serial == 1


def test_an_authority_that_another_one_signed_is_no_root(deck: Deck) -> None:
    """Pinning it would trust a name that says "self-signed" and a key that is not."""
    with pytest.raises(ValueError, match="self-signed"):
        read_root(_root(CA, _usage(), signer=deck.authority("auth")))
