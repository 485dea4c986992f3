"""The two hierarchies a card belongs to, never mixed: one for user authentication, one for digital signatures."""

from dataclasses import dataclass
from pathlib import Path

from .errors import TrustError
from .policy import CardPolicy
from .revocation import RevocationFile
from .roots import Root, load_roots


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Pinned roots of one purpose and the revocation lists they issue."""

    roots: tuple[Root, ...]
    revocation: RevocationFile


@dataclass(frozen=True, slots=True)
class TrustStore:
    """Everything `verify_card` and `verify_signature_card` trust. Built once per process; safe to share between
    threads.
    """

    auth: Hierarchy
    sign: Hierarchy
    policy: CardPolicy

    @classmethod
    def load(
        cls, auth_roots: Path, sign_roots: Path, auth_crl: Path, sign_crl: Path, policy: CardPolicy | None = None
    ) -> "TrustStore":
        """Read the root bundles (PEM, any number of generations) and the revocation lists (PEM or DER).

        TrustError if a root cannot be used, or stands in both bundles. A missing or broken revocation list is no error
        here: every card is then refused until the file is right, and the file is looked at again each time.
        """
        auth, sign = load_roots(auth_roots), load_roots(sign_roots)
        if {root.key_id for root in auth} & {root.key_id for root in sign}:
            raise TrustError("the same root is pinned for both user authentication and digital signatures")
        return cls(
            auth=Hierarchy(auth, RevocationFile(auth_crl, auth)),
            sign=Hierarchy(sign, RevocationFile(sign_crl, sign)),
            policy=policy or CardPolicy(),
        )

    @property
    def is_test_hierarchy(self) -> bool:
        """Whether any pinned root is a test root (O=JPKI-TEST). A production start must refuse such a store."""
        return any(root.is_test for root in (*self.auth.roots, *self.sign.roots))
