"""Puts the protocol on an application."""

from __future__ import annotations

from pathlib import Path

import orjson
from flask import Flask

from ..audit import on_record
from ..foundation.context import Parts
from ..foundation.readiness import OK, State
from ..foundation.settings import SettingsError
from ..foundation.web.errors import ProblemError
from ..foundation.web.language import language
from ..foundation.web.shell import add_static
from ..residents.life_cycle import on_account_change
from ..signin.levels import parse_acr
from ..signin.model import SignInAttempt
from ..signin.sessions import on_session_end
from . import cleanup  # noqa: F401 - registers its cleaners
from .access import grants_api
from .authorization import authorize, consent, par, way_back
from .authorization.authorize_checks import check_request
from .authorization.authorize_request import AuthorizationError
from .authorization.step_up import explanation
from .client_auth import authenticate as client_auth
from .client_auth import who_asks
from .client_auth.certificate import ClientCertificates
from .client_auth.dpop import add_nonce
from .decoupled import approve_page, backchannel_authentication, ciba_ping, device_authorization, device_page
from .decoupled.ciba_grant import CibaGrant
from .decoupled.device_grant import DeviceGrant
from .grants.revoke import LOGOUT_TOPIC, end_with_account, end_with_credential, end_with_sessions
from .jose.key_algorithms import FIRST_ALGORITHMS
from .logos import fetch as logo_fetch
from .logos import serve as logo_serve
from .logout import backchannel_logout, end_session, session_management, signed_out
from .published import discovery, jwks, webfinger
from .registration import client_management, registration
from .registration.software_statement import load_issuers
from .security_events.install import install as install_security_events
from .server.cors import allow_origin
from .server.outage_answers import speak_oauth
from .server.provider import Provider, build_provider
from .token_endpoint import introspection, revocation, token, userinfo
from .token_endpoint.grants.authorization_code import CodeGrant, S256Only
from .token_endpoint.grants.client_credentials import ClientGrant
from .token_endpoint.grants.jwt_bearer import AssertionGrant
from .token_endpoint.grants.refresh_token import RefreshGrant
from .token_endpoint.grants.token_exchange import ExchangeGrant


def install(app: Flask, instance: Parts) -> None:
    """Endpoints, grants, and what happens when a login ends."""
    if instance.settings.userinfo_acr and parse_acr(instance.settings.userinfo_acr) is None:
        raise SettingsError("MACHI_USERINFO_ACR: is not one of our levels")
    load_issuers(instance.settings.software_statement_issuers)  # a file that cannot be used ends the start
    op = build_provider(instance)
    app.extensions["machi_oidc"] = op
    instance.readiness.add("signing_keys", lambda: _keys_state(op))
    app.extensions["machi_describe_attempt"] = _describe
    app.extensions["machi_way_back"] = way_back.way_back
    client_auth.register_methods(op)
    op.server.register_grant(CodeGrant, [S256Only()])
    op.server.register_grant(RefreshGrant)
    op.server.register_grant(ClientGrant)
    op.server.register_grant(DeviceGrant)
    op.server.register_grant(CibaGrant)
    op.server.register_grant(ExchangeGrant)
    op.server.register_grant(AssertionGrant)
    op.server.register_endpoint(introspection.IntrospectionEndpoint)
    op.server.register_endpoint(revocation.RevocationEndpoint)
    op.server.register_endpoint(par.ParEndpoint)
    op.server.register_endpoint(device_authorization.DeviceAuthorizationEndpoint)
    op.server.register_endpoint(backchannel_authentication.BackchannelEndpoint)
    instance.worker.handles(LOGOUT_TOPIC, lambda job: backchannel_logout.deliver(op, job), slow=True)
    instance.worker.handles(ciba_ping.TOPIC, lambda job: ciba_ping.deliver(op, job), slow=True)
    instance.worker.handles(logo_fetch.TOPIC, lambda job: logo_fetch.deliver(op, job), slow=True)
    on_session_end(end_with_sessions)
    on_record(end_with_credential)
    on_account_change(end_with_account)
    install_security_events(app, op)
    app.after_request(add_nonce)
    app.after_request(allow_origin)
    app.wsgi_app = ClientCertificates(app.wsgi_app, instance.settings)  # type: ignore[method-assign]
    add_static("oidc", Path(__file__).parent / "static")
    modules = (
        approve_page,
        authorize,
        backchannel_authentication,
        client_management,
        consent,
        device_authorization,
        device_page,
        discovery,
        end_session,
        grants_api,
        introspection,
        jwks,
        logo_serve,
        par,
        registration,
        revocation,
        session_management,
        signed_out,
        token,
        userinfo,
        way_back,
        webfinger,
    )
    for module in modules:
        app.register_blueprint(module.bp)
    who_asks.install(app, op)
    speak_oauth(app, (module.bp.name for module in modules))


def _describe(attempt: SignInAttempt) -> dict[str, str]:
    """What the sign-in page may say about the app that asked."""
    from .server.provider import provider

    client = provider().clients.get(attempt.client_id)
    parameters = orjson.loads(attempt.request or "{}")
    if client is None:
        return {}
    described = {"client_name": client.name(language())}
    if (logo := logo_serve.logo_path(client)) is not None:
        described["client_logo"] = logo
    for name in ("ui_locales", "redirect_uri"):
        if name in parameters:
            described[name] = parameters[name]
    if "redirect_uri" not in described and (default := client.get_default_redirect_uri()):
        described["redirect_uri"] = default
    try:
        if (word := explanation(check_request(provider(), parameters), attempt)) is not None:
            described["message"] = word
    except (ProblemError, AuthorizationError):
        pass  # said when the attempt goes on
    return described


def _keys_state(op: Provider) -> State:
    """There are keys, and MACHI_SECRET_KEY opens them (what does not open raises, and counts as failed)."""
    try:
        for alg in FIRST_ALGORITHMS:
            op.keys.signing(alg)
    except LookupError:
        return State("missing", serves=False)
    return OK
