"""`python -m machi_id`: the command, where it is not on the PATH (a checkout)."""

from .command import main

main()
