"""A test certification authority: it issues cards directly and signs its own revocation lists."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from .people import Holder
from .profile import Kind, PrivateKey, PublicKey, Shape, build_leaf, ca_name, new_serial, partition_name, signing_hash

KeyType = Literal["rsa-2048", "rsa-1024", "rsa-e3", "p384", "p256"]


def new_key(key_type: KeyType = "rsa-2048") -> PrivateKey:
    """A fresh key; the short and the odd ones exist so that verifiers can be seen refusing them."""
    if key_type in ("p384", "p256"):
        return ec.generate_private_key(ec.SECP384R1() if key_type == "p384" else ec.SECP256R1())
    exponent = 3 if key_type == "rsa-e3" else 65537
    return rsa.generate_private_key(exponent, 1024 if key_type == "rsa-1024" else 2048)


@dataclass(frozen=True, slots=True)
class Authority:
    """One generation of a test root."""

    kind: Kind
    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)

    @classmethod
    def create(
        cls,
        kind: Kind,
        key: PrivateKey | None = None,
        *,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        organization: str = "JPKI-TEST",
    ) -> "Authority":
        """Make a self-signed root. Every generation of a kind has the same name; only the key differs."""
        key = key or new_key()
        now = datetime.now(UTC).replace(microsecond=0)
        name = ca_name(kind, organization)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(new_serial())
            .not_valid_before(not_before or now - timedelta(days=3650))
            .not_valid_after(not_after or now + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_ca_usage(), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, signing_hash(key))
        )
        return cls(kind, certificate, key)

    @property
    def pem(self) -> bytes:
        """The root certificate."""
        return self.certificate.public_bytes(Encoding.PEM)

    def issue(self, holder: Holder, public_key: PublicKey, shape: Shape | None = None) -> x509.Certificate:
        """Issue a card certificate."""
        shape = shape or Shape()
        return build_leaf(self.kind, holder, public_key, self.certificate.subject, self.key, shape)

    def revocation_list(
        self,
        revoked: Mapping[int, str],
        number: int,
        *,
        this_update: datetime | None = None,
        next_update: datetime | None = None,
        key: PrivateKey | None = None,
        partition: str | None = None,
        delta: bool = False,
    ) -> bytes:
        """A PEM revocation list. `revoked` maps serials to an RFC 5280 reason; `key` signs instead of our own."""
        now = datetime.now(UTC).replace(microsecond=0)
        key = key or self.key
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(this_update or now)
            .next_update(next_update or now + timedelta(days=7))
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        )
        if partition:
            point = x509.IssuingDistributionPoint([partition_name(partition)], None, False, False, None, False, False)
            builder = builder.add_extension(point, critical=True)
        if delta:
            builder = builder.add_extension(x509.DeltaCRLIndicator(1), critical=True)
        for serial, reason in revoked.items():
            entry = (
                x509.RevokedCertificateBuilder()
                .serial_number(serial)
                .revocation_date(this_update or now)
                .add_extension(x509.CRLReason(x509.ReasonFlags(reason)), critical=False)
            )
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(key, signing_hash(key)).public_bytes(Encoding.PEM)


def _ca_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
