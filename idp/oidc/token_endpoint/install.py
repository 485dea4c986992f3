"""The token endpoint, its grants, and what is asked with or about a token."""

from __future__ import annotations

from flask import Flask

from ...foundation.settings import SettingsError
from ...logins import levels
from ..server import Provider
from . import introspection, revocation, token, userinfo
from .grants.authorization_code import CodeGrant
from .grants.client_credentials import ClientGrant
from .grants.jwt_bearer import AssertionGrant
from .grants.refresh_token import RefreshGrant
from .grants.token_exchange import ExchangeGrant


def install(app: Flask, op: Provider) -> None:
    """Raises `SettingsError`."""
    if op.parts.settings.userinfo_acr and levels.parse_acr(op.parts.settings.userinfo_acr) is None:
        raise SettingsError("MACHI_USERINFO_ACR: is not one of our levels")
    for grant in (CodeGrant, RefreshGrant, ClientGrant, ExchangeGrant, AssertionGrant):
        op.server.register_grant(grant)
    op.server.register_endpoint(introspection.IntrospectionEndpoint)
    op.server.register_endpoint(revocation.RevocationEndpoint)
    for module in (introspection, revocation, token, userinfo):
        app.register_blueprint(module.bp)
