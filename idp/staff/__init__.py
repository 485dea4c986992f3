"""Members of staff: who they are, which roles they have, how they sign in. No residents: own passkeys, own logins, own cookie."""

from .install import install

__all__ = ["install"]
