"""A test card: two chips' worth of key and certificate. What a reader would get from a real one, without the APDUs."""

import hashlib
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding

from .profile import PrivateKey


@dataclass(frozen=True, slots=True)
class Chip:
    """One key on the card and its certificate."""

    certificate: x509.Certificate = field(repr=False)
    key: PrivateKey = field(repr=False)

    @property
    def serial(self) -> int:
        """The certificate's serial number (発行番号)."""
        return self.certificate.serial_number

    def answer(self, statement: bytes, *, pss: bool = False) -> tuple[bytes, bytes]:
        """(certificate as DER, signature): RSASSA-PKCS1-v1_5 with SHA-256, or ECDSA with SHA-384 on a P-384 key.

        With `pss`, an RSA-PSS signature, which a verifier that was not told to expect it must refuse.
        """
        der = self.certificate.public_bytes(Encoding.DER)
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return der, self.key.sign(statement, ec.ECDSA(SHA384()))
        scheme = padding.PSS(padding.MGF1(SHA256()), 32) if pss else padding.PKCS1v15()
        return der, self.key.sign(statement, scheme, SHA256())


@dataclass(frozen=True, slots=True)
class Card:
    """A card of the deck: the chip it signs in with and the chip it signs documents with."""

    name: str
    auth: Chip
    signature: Chip

    def authenticate(self, statement: bytes, *, pss: bool = False) -> tuple[bytes, bytes]:
        """(user-authentication certificate as DER, signature over the statement)."""
        return self.auth.answer(statement, pss=pss)

    def sign(self, statement: bytes, *, pss: bool = False) -> tuple[bytes, bytes]:
        """(signature certificate as DER, signature over the statement)."""
        return self.signature.answer(statement, pss=pss)

    def prove(self, statement: bytes) -> dict[str, bytes]:
        """A claim: both chips sign the statement, each followed by SHA-256 of the other's certificate (DER)."""
        auth, sign = (chip.certificate.public_bytes(Encoding.DER) for chip in (self.auth, self.signature))
        _, signature = self.auth.answer(statement + hashlib.sha256(sign).digest())
        _, sign_signature = self.signature.answer(statement + hashlib.sha256(auth).digest())
        return {
            "certificate": auth,
            "signature": signature,
            "sign_certificate": sign,
            "sign_signature": sign_signature,
        }
