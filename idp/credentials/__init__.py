"""Ways to prove who you are: passkeys, cards, codes."""
