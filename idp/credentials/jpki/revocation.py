"""Revocation lists of one hierarchy: read once, indexed by serial, re-read when the file changes.

One file holds the lists of all root generations (PEM, one block after another, or a single DER list), and may hold
lists partitioned by distribution point. A list counts only if it verifies with the key of a pinned root: root
generations share one name, so the name proves nothing. A list whose CRL number is lower than the one already held is
ignored; the high mark lives as long as the process.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock

from cryptography import x509
from cryptography.x509.oid import CRLEntryExtensionOID, ExtensionOID

from .roots import Root

log = logging.getLogger(__name__)

PEM_BEGIN = b"-----BEGIN X509 CRL-----"
PEM_END = b"-----END X509 CRL-----"

Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class RevocationList:
    """One verified list. `held` maps each listed serial to True for certificateHold, False for a final revocation."""

    issuer_key_id: bytes
    distribution_points: frozenset[bytes]
    number: int
    this_update: datetime
    next_update: datetime
    held: Mapping[int, bool] = field(repr=False)


Lists = Mapping[tuple[bytes, frozenset[bytes]], RevocationList]


def point_names(names: Sequence[x509.GeneralName] | None) -> frozenset[bytes]:
    """The names of a distribution point, comparable: directory names as DER, others as text."""
    return frozenset(
        name.value.public_bytes() if isinstance(name, x509.DirectoryName) else str(name.value).encode()
        for name in names or ()
    )


def read_list(crl: x509.CertificateRevocationList, roots: Sequence[Root]) -> RevocationList:
    """Verify one list and index it. ValueError if it is not a complete list signed by one of `roots`."""
    root = next((root for root in roots if crl.issuer == root.name and crl.is_signature_valid(root.key)), None)
    if root is None:
        raise ValueError("not signed by a pinned root")
    if crl.signature_hash_algorithm is None or crl.signature_hash_algorithm.name not in ("sha256", "sha384", "sha512"):
        raise ValueError("weak signature")
    if crl.next_update_utc is None:
        raise ValueError("no nextUpdate")
    number: int | None = None
    points: frozenset[bytes] = frozenset()
    for extension in crl.extensions:
        value = extension.value
        if isinstance(value, x509.CRLNumber):
            number = value.crl_number
        elif isinstance(value, x509.IssuingDistributionPoint):
            points = _partition(value)
        elif extension.oid == ExtensionOID.DELTA_CRL_INDICATOR or extension.critical:
            raise ValueError("a delta list, or an unknown critical extension")
    if number is None:
        raise ValueError("no CRL number")
    return RevocationList(
        issuer_key_id=root.key_id,
        distribution_points=points,
        number=number,
        this_update=crl.last_update_utc,
        next_update=crl.next_update_utc,
        held={entry.serial_number: _is_hold(entry) for entry in crl},
    )


def _partition(point: x509.IssuingDistributionPoint) -> frozenset[bytes]:
    if (
        point.indirect_crl
        or point.only_some_reasons
        or point.only_contains_ca_certs
        or point.only_contains_attribute_certs
        or point.relative_name
    ):
        raise ValueError("does not list every revoked certificate of a holder")
    return point_names(point.full_name)


def _is_hold(entry: x509.RevokedCertificate) -> bool:
    hold = False
    for extension in entry.extensions:
        if isinstance(extension.value, x509.CRLReason):
            hold = extension.value.reason is x509.ReasonFlags.certificate_hold
        elif extension.critical and extension.oid != CRLEntryExtensionOID.INVALIDITY_DATE:
            raise ValueError("an entry with an unknown critical extension")
    return hold


class RevocationFile:
    """The lists of one file. Any number of threads may ask; one of them reads the file when it has changed."""

    def __init__(self, path: Path, roots: Sequence[Root]) -> None:
        self._path = path
        self._roots = tuple(roots)
        self._lock = Lock()
        self._stamp: Stamp | None = None
        self._lists: Lists = {}
        self._refresh()

    def applicable(self, issuer_key_id: bytes, points: frozenset[bytes]) -> RevocationList | None:
        """The list to ask about a certificate of this issuer key, with these distribution point names; None if
        missing.
        """
        self._refresh()
        lists = self._lists
        complete = lists.get((issuer_key_id, frozenset()))
        if complete is not None:
            return complete
        return next(
            (one for (key_id, names), one in lists.items() if key_id == issuer_key_id and names & points),
            None,
        )

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
        except OSError:
            return  # the lists held run out by themselves
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp == self._stamp or not self._lock.acquire(blocking=not self._lists):
            return  # another thread is reading; the lists held are still good by their own dates
        try:
            if stamp != self._stamp:
                self._lists = self._merged(self._path.read_bytes())
                self._stamp = stamp
        except OSError as error:
            log.warning("revocation list file cannot be read: %s", error.strerror)
        finally:
            self._lock.release()

    def _merged(self, data: bytes) -> Lists:
        """What the file holds now. A list that went backwards, or a file that is broken, leaves the newest seen in
        place.
        """
        lists = dict(self._lists)
        try:
            found = [read_list(crl, self._roots) for crl in _split(data)]
        except ValueError as error:
            log.warning("revocation list ignored: %s", error)
            return lists
        for one in found:
            slot = (one.issuer_key_id, one.distribution_points)
            held = lists.get(slot)
            if held is not None and one.number < held.number:
                log.warning("revocation list ignored: number %d after %d", one.number, held.number)
                continue
            lists[slot] = one
        return lists


def _split(data: bytes) -> list[x509.CertificateRevocationList]:
    if PEM_BEGIN not in data:
        return [x509.load_der_x509_crl(data)]
    blocks = data.split(PEM_BEGIN)[1:]
    return [x509.load_pem_x509_crl(PEM_BEGIN + block.partition(PEM_END)[0] + PEM_END + b"\n") for block in blocks]
