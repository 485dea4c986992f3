"""`WWW-Authenticate` values (RFC 9110 §11.6.1): every scheme names the same realm."""

from __future__ import annotations

REALM = "machi"


def challenge(scheme: str, **parameters: str) -> str:
    """One challenge: `Bearer realm="machi", error="..."`. Values are ours and hold neither quotes nor backslashes."""
    named = {"realm": REALM, **parameters}
    return f"{scheme} " + ", ".join(f'{name}="{value}"' for name, value in named.items())


BASIC = challenge("Basic")
