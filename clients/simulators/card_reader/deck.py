"""The deck: two test certification authorities and the cards they issued, made once and kept in a directory.

Keys are made when a card is first used, so that opening a new deck costs two key generations. Serials are fixed when
the deck is made, so revocation lists are right from the start.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509

from .authority import Authority, KeyType, new_key
from .card import Card, Chip
from .people import BY_KEY, ENTRIES, Holder
from .profile import Kind, PrivateKey, Shape, build_leaf, leaf_name, new_serial
from .store import Book, Store

CRL_REFRESH = timedelta(hours=12)
_REVOKED: dict[str, dict[Kind, str]] = {
    "revoked": {"auth": "cessationOfOperation", "sign": "affiliationChanged"},
    "hold": {"auth": "certificateHold", "sign": "certificateHold"},
}


class Deck:
    """Open one with `Deck.open`. Safe to use from several threads and processes on the same directory."""

    def __init__(self, store: Store, authorities: dict[Kind, Authority]) -> None:
        self._store = store
        self._authorities = authorities
        self._cards: dict[str, Card] = {}

    @classmethod
    def open(cls, state_dir: Path | str) -> "Deck":
        """Open the deck in this directory; make it first if there is none. Revocation lists are issued afresh."""
        store = Store(Path(state_dir))
        with store.locked():
            deck = cls(store, _authorities(store))
            store.write_book(_complete(store.read_book() or Book()))
            for kind in deck._authorities:
                store.write(f"{kind}-roots.pem", deck.authority(kind).pem)
        deck.write_crls()
        return deck

    @property
    def state_dir(self) -> Path:
        """Where auth-roots.pem, sign-roots.pem, auth.crl and sign.crl are."""
        return self._store.root

    def authority(self, kind: Kind) -> Authority:
        """The authority for user authentication ("auth") or digital signatures ("sign")."""
        return self._authorities[kind]

    def card(self, key: str) -> Card:
        """The card of that key (`people.ENTRIES`); KeyError if there is none."""
        entry = BY_KEY[key]
        if key not in self._cards:
            with self._store.locked():
                self._cards[key] = self._load_or_issue(entry.key, entry.holder, entry.condition)
        return self._cards[key]

    def issue(
        self,
        key: str,
        *,
        kind: Kind = "auth",
        holder: Holder | None = None,
        authority: Authority | None = None,
        key_type: KeyType | None = None,
        self_signed: bool = False,
        **overrides: Any,
    ) -> Card:
        """That card with one chip issued anew: right in every respect but those overridden (fields of `Shape`).

        `kind` names the chip. `authority` may be a rogue one; `key_type` makes a new key, else the card's own is kept;
        `self_signed` leaves any authority out. The result is not kept and not part of the deck.
        """
        card, holder = self.card(key), holder or BY_KEY[key].holder
        private = new_key(key_type) if key_type else (card.auth if kind == "auth" else card.signature).key
        shape = Shape(**overrides)
        if self_signed:
            chip = _self_signed(kind, holder, private, shape)
        else:
            issuer = authority or self.authority(kind)
            chip = Chip(issuer.issue(holder, private.public_key(), shape), private)
        return replace(card, auth=chip) if kind == "auth" else replace(card, signature=chip)

    def revoke(self, serial: int, *, kind: Kind = "auth", reason: str = "affiliationChanged") -> None:
        """Put a serial on the list, for an RFC 5280 reason such as "certificateHold", and publish the lists."""
        with self._store.locked():
            book = self._book()
            book.revoked[kind][serial] = reason
            self._store.write_book(book)
        self.write_crls()

    def release(self, serial: int, *, kind: Kind = "auth") -> None:
        """Take a serial off the list (a hold that ended) and publish the lists."""
        with self._store.locked():
            book = self._book()
            book.revoked[kind].pop(serial, None)
            self._store.write_book(book)
        self.write_crls()

    def write_crls(
        self,
        *,
        this_update: datetime | None = None,
        next_update: datetime | None = None,
        number: int | None = None,
        signer: Authority | None = None,
        partition: str | None = None,
        delta: bool = False,
    ) -> int:
        """Publish both lists and return their number. Anything given makes lists that a verifier must refuse.

        `number` below the last one is a rollback; `signer` is an authority whose key signs instead of the right one.
        """
        with self._store.locked():
            book = self._book()
            if number is None:
                number = book.crl_number = book.crl_number + 1
            for kind, authority in self._authorities.items():
                pem = authority.revocation_list(
                    book.revoked[kind],
                    number,
                    this_update=this_update,
                    next_update=next_update,
                    key=signer.key if signer else None,
                    partition=partition,
                    delta=delta,
                )
                self._store.write(f"{kind}.crl", pem)
            self._store.write_book(book)
        return number

    def refresh_crls(self) -> None:
        """Publish new lists if the present ones are half a day old, so that a long demonstration goes on."""
        written = datetime.fromtimestamp((self.state_dir / "auth.crl").stat().st_mtime, UTC)
        if datetime.now(UTC) - written > CRL_REFRESH:
            self.write_crls()

    def _book(self) -> Book:
        book = self._store.read_book()
        if book is None:
            raise FileNotFoundError("the deck was removed while in use")
        return book

    def _load_or_issue(self, key: str, holder: Holder, condition: str) -> Card:
        names = {"auth": f"cards/{key}.auth.pem", "sign": f"cards/{key}.sign.pem"}
        auth, sign = (self._store.read_pair(name) for name in names.values())
        if auth is None or sign is None:
            first, second = _two_keys()
            serials = self._book().serials[key]
            auth = first, self._first_issue("auth", holder, condition, first, serials["auth"])
            sign = second, self._first_issue("sign", holder, condition, second, serials["sign"])
            self._store.write_pair(names["auth"], *auth)
            self._store.write_pair(names["sign"], *sign)
        return Card(key, Chip(auth[1], auth[0]), Chip(sign[1], sign[0]))

    def _first_issue(
        self, kind: Kind, holder: Holder, condition: str, key: PrivateKey, serial: int
    ) -> x509.Certificate:
        shape = Shape(serial=serial)
        if condition == "selfsigned":
            victim = self._book().serials["hanako"][kind]
            return _self_signed(kind, holder, key, replace(shape, serial=victim)).certificate
        if condition == "expired":
            now = datetime.now(UTC).replace(microsecond=0)
            shape = replace(shape, not_before=now - timedelta(days=5 * 365), not_after=now - timedelta(days=30))
        issuer = self.authority("sign" if condition == "wrong-ca" else kind)
        return issuer.issue(holder, key.public_key(), shape)


def _authorities(store: Store) -> dict[Kind, Authority]:
    auth, sign = store.read_pair("auth-ca.pem"), store.read_pair("sign-ca.pem")
    if auth is None or sign is None:
        first, second = _two_keys()
        made = Authority.create("auth", first), Authority.create("sign", second)
        for one in made:
            store.write_pair(f"{one.kind}-ca.pem", one.key, one.certificate)
        return {"auth": made[0], "sign": made[1]}
    return {"auth": Authority("auth", auth[1], auth[0]), "sign": Authority("sign", sign[1], sign[0])}


def _two_keys() -> tuple[PrivateKey, PrivateKey]:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(new_key), pool.submit(new_key)
        return first.result(), second.result()


def _complete(book: Book) -> Book:
    """Give every card of the deck that has none its serials, and put those that are to be stopped on the lists."""
    for entry in ENTRIES:
        if entry.key in book.serials:
            continue
        serials: dict[Kind, int] = {"auth": new_serial(), "sign": new_serial()}
        book.serials[entry.key] = serials
        for kind, reason in _REVOKED.get(entry.condition, {}).items():
            book.revoked[kind][serials[kind]] = reason
    return book


def _self_signed(kind: Kind, holder: Holder, key: PrivateKey, shape: Shape) -> Chip:
    name = leaf_name(kind)
    return Chip(build_leaf(kind, holder, key.public_key(), name, key, shape, subject=name), key)
