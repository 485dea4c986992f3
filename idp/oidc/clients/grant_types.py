"""Names of the further grants, in a module of their own because registration, discovery and the grants all need them."""

from __future__ import annotations

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
CIBA = "urn:openid:params:grant-type:ciba"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"

EXTENSION_GRANT_TYPES = (DEVICE, CIBA, TOKEN_EXCHANGE, JWT_BEARER)
