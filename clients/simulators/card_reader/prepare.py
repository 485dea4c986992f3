"""Make the test roots and revocation lists without starting the reader: `python -m ...card_reader.prepare --state
DIR`.
"""

import argparse
from pathlib import Path

from .deck import Deck


def main() -> None:
    """Write auth-roots.pem, sign-roots.pem, auth.crl and sign.crl, and the deck behind them, into --state."""
    parser = argparse.ArgumentParser(description="Prepare the card reader simulator's test roots and revocation lists.")
    parser.add_argument("--state", type=Path, required=True, help="directory of the deck; made if absent")
    Deck.open(parser.parse_args().state)


if __name__ == "__main__":
    main()
