"""A simulated card reader with a deck of test cards. For demonstrations and tests; it proves nothing about anybody.

`python -m clients.simulators.card_reader --port N --state DIR` runs it; `python -m
clients.simulators.card_reader.prepare --state DIR` only makes the test roots and revocation lists that a provider
pins. `Deck` is the same without HTTP.
"""

from .deck import Deck

__all__ = ["Deck"]
