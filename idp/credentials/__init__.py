"""Ways to prove who you are: passkeys, cards with JPKI certificates, one-use codes."""
