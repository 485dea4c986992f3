"""Client metadata (RFC 7591 §2, OIDC Registration §2): every value validated, one function a member, unknown members dropped."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import chain
from typing import Any
from urllib.parse import urlsplit

from ...foundation.settings import Settings
from ...foundation.untrusted_text import skeleton, text_problem
from ...logins import levels
from ..client_auth import ASSERTION_ALGORITHMS, CIBA_ALGORITHMS, CLIENT_AUTH_METHODS, REQUEST_ALGORITHMS
from ..clients import EXTENSION_GRANT_TYPES, SCOPES, parts_of, scope_names
from ..jose import key_algorithms, public_keys
from ..protection import ENCRYPTION_METHODS
from .addresses import return_problem, web_problem
from .ciba import DELIVERY_MODES, ciba_problems
from .keys_and_certificates import keys_problems
from .response_types import RESPONSE_TYPES, grant_types_of, is_hybrid, response_type_problems
from .responses import RESPONSE_MEMBERS, response_problems

MAX_LIST = 50
MAX_TEXT = 2000
MAX_SECONDS = 10**10
_LOCALISABLE = ("client_name", "department", "purpose", "logo_uri", "client_uri", "policy_uri", "tos_uri")
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")


class MetadataError(ValueError):
    """`error` is `invalid_client_metadata` or `invalid_redirect_uri` (RFC 7591 §3.2.2); the text names member and rule."""

    def __init__(self, member: str, rule: str, error: str = "invalid_client_metadata") -> None:
        super().__init__(f"{member}: {rule}")
        self.error = error


def validate_metadata(settings: Settings, given: dict[str, Any]) -> dict[str, Any]:
    """The metadata as it will be stored, with the defaults of the specifications. Raises `MetadataError`."""
    metadata: dict[str, Any] = {}
    given = present(given)
    for member, value in given.items():
        base, _, tag = member.partition("#")
        check = _CHECKS.get(base)
        if check is None:
            continue
        if tag and (base not in _LOCALISABLE or not _LANGUAGE_TAG.fullmatch(tag)):
            continue
        check(settings, member, value, given)
        metadata[member] = value
    _add_defaults(metadata)
    _check_together(settings, metadata)
    return metadata


def _add_defaults(metadata: dict[str, Any]) -> None:
    metadata.setdefault("application_type", "web")
    metadata.setdefault("token_endpoint_auth_method", "client_secret_basic")
    metadata.setdefault(
        "grant_types", grant_types_of(metadata.get("response_types", ["code"])) or ["authorization_code"]
    )
    # RFC 7591 §2.1: response types follow grant types.
    metadata.setdefault("response_types", ["code"] if "authorization_code" in metadata["grant_types"] else [])
    metadata.setdefault("subject_type", "pairwise")
    metadata.setdefault("id_token_signed_response_alg", "RS256")


def _check_together(settings: Settings, metadata: dict[str, Any]) -> None:
    method, grants = metadata["token_endpoint_auth_method"], metadata["grant_types"]
    if {"authorization_code", "implicit"} & set(grants) and not metadata.get("redirect_uris"):
        raise MetadataError("redirect_uris", "at least one is needed", "invalid_redirect_uri")
    _check_keys(metadata, method)
    if method == "none" and "client_credentials" in grants:
        raise MetadataError("grant_types", "a public client cannot use client_credentials")
    if metadata.get("require_pkce") is False and method == "none":
        raise MetadataError("require_pkce", "a public client cannot go without PKCE")
    _check_frontchannel(metadata)
    _check_name(settings, metadata)
    for problem in chain(
        response_type_problems(metadata),
        response_problems(metadata),
        ciba_problems(metadata),
        keys_problems(settings, metadata),
    ):
        raise MetadataError(*problem)
    for member in ("redirect_uris", "post_logout_redirect_uris"):
        for uri in metadata.get(member, []):
            if rule := return_problem(settings, uri, metadata["application_type"]):
                error = "invalid_redirect_uri" if member == "redirect_uris" else "invalid_client_metadata"
                raise MetadataError(member, rule, error)


def _check_keys(metadata: dict[str, Any], method: str) -> None:
    if "jwks" in metadata and "jwks_uri" in metadata:
        raise MetadataError("jwks_uri", "jwks and jwks_uri exclude each other")
    if method == "private_key_jwt" and not ((metadata.get("jwks") or {}).get("keys") or "jwks_uri" in metadata):
        raise MetadataError("jwks", "jwks or jwks_uri is needed for private_key_jwt")
    asserted = metadata.get("token_endpoint_auth_signing_alg")
    if asserted is not None and (asserted == "HS256") != (method == "client_secret_jwt"):
        raise MetadataError("token_endpoint_auth_signing_alg", "HS256 goes with client_secret_jwt, and only with it")


def _check_name(settings: Settings, metadata: dict[str, Any]) -> None:
    """Nobody is called like the city or like this provider, nor so that it looks like it."""
    ours = {skeleton(name) for name in (settings.city_name, settings.city_name_en, "Machi ID", "まちID")}
    for member, value in metadata.items():
        if member.partition("#")[0] == "client_name" and skeleton(value) in ours:
            raise MetadataError(member, "must not be, or look like, the name of the city or of this provider")


def _check_frontchannel(metadata: dict[str, Any]) -> None:
    """Front-Channel Logout §2: scheme, host and port of a registered redirect URI."""
    uri = metadata.get("frontchannel_logout_uri")
    if uri is None:
        return
    places = {parts[:2] for u in metadata.get("redirect_uris", []) if (parts := parts_of(u)) is not None}
    if urlsplit(uri)[:2] not in places:
        raise MetadataError("frontchannel_logout_uri", "must be at the scheme, host and port of a redirect URI")


def present(given: dict[str, Any]) -> dict[str, Any]:
    """What is said: null, an empty text and an empty list are as if left out (RFC 7591 §3.2.1, RFC 7592 §2.2), of any member."""
    return {member: value for member, value in given.items() if value is not None and value not in ("", [])}


Check = Callable[[Settings, str, Any, dict[str, Any]], None]


def _text(_settings: Settings, member: str, value: Any, _all: dict[str, Any]) -> None:
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_TEXT:
        raise MetadataError(member, "must be a text")
    if set(value) & set("\t\r\n") or text_problem(value):
        raise MetadataError(member, "must be one line of characters that can be seen")


def _web_address(settings: Settings, member: str, value: Any, everything: dict[str, Any]) -> None:
    _text(settings, member, value, everything)
    if rule := web_problem(settings, value):
        raise MetadataError(member, rule)


def _request_addresses(settings: Settings, member: str, value: Any, everything: dict[str, Any]) -> None:
    """A fragment may mark the version of what is there (OIDC Registration §2)."""
    _texts(settings, member, value, everything)
    for uri in value:
        if rule := web_problem(settings, uri, fragment=True):
            raise MetadataError(member, rule)


def _texts(_settings: Settings, member: str, value: Any, _all: dict[str, Any]) -> None:
    if not isinstance(value, list) or len(value) > MAX_LIST or not all(isinstance(v, str) and v for v in value):
        raise MetadataError(member, "must be a list of texts")
    if any(text_problem(v) for v in value):
        raise MetadataError(member, "must be characters that can be seen")


def _boolean(_settings: Settings, member: str, value: Any, _all: dict[str, Any]) -> None:
    if not isinstance(value, bool):
        raise MetadataError(member, "must be true or false")


def _seconds(_settings: Settings, member: str, value: Any, _all: dict[str, Any]) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_SECONDS:
        raise MetadataError(member, "must be a number of seconds")


def _one_of(*allowed: str) -> Check:
    def check(_settings: Settings, member: str, value: Any, _all: dict[str, Any]) -> None:
        if value not in allowed:
            raise MetadataError(member, f"must be one of {', '.join(allowed)}")

    return check


def _some_of(*allowed: str) -> Check:
    def check(settings: Settings, member: str, value: Any, everything: dict[str, Any]) -> None:
        _texts(settings, member, value, everything)
        if not set(value) <= set(allowed):
            raise MetadataError(member, f"must be among {', '.join(allowed)}")

    return check


def _scope(settings: Settings, member: str, value: Any, everything: dict[str, Any]) -> None:
    _text(settings, member, value, everything)
    if unknown := set(value.split()) - set(SCOPES):
        raise MetadataError(member, f"must be among {' '.join(SCOPES)}; not {scope_names(unknown)}")


def _jwks(_settings: Settings, member: str, value: Any, _all: dict[str, Any]) -> None:
    keys = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(keys, list) or len(keys) > MAX_LIST:
        raise MetadataError(member, "must be a JWK set")
    for place, key in enumerate(keys, 1):
        try:
            public_keys.accept(key)
        except public_keys.KeyRefusedError as error:
            raise MetadataError(member, f"key {place} cannot be used: {error}") from None


def _grant_types(settings: Settings, member: str, value: Any, everything: dict[str, Any]) -> None:
    implicit = ("implicit",) if settings.hybrid_flows else ()
    allowed = ("authorization_code", "refresh_token", "client_credentials", *EXTENSION_GRANT_TYPES, *implicit)
    _some_of(*allowed)(settings, member, value, everything)


def _response_types(settings: Settings, member: str, value: Any, everything: dict[str, Any]) -> None:
    _texts(settings, member, value, everything)
    if any(v != "code" and not (settings.hybrid_flows and is_hybrid(v)) for v in value):
        raise MetadataError(
            member, f"must be among {', '.join(('code', *(RESPONSE_TYPES if settings.hybrid_flows else ())))}"
        )


def _statement(_settings: Settings, member: str, value: Any, _all: dict[str, Any]) -> None:
    """Verified before (`software_statement.py`); kept as it came (RFC 7591 §3.2.1)."""
    if not isinstance(value, str):
        raise MetadataError(member, "must be a signed JWT")


_CHECKS: dict[str, Check] = {
    "redirect_uris": _texts,
    "post_logout_redirect_uris": _texts,
    "client_name": _text,
    "department": _text,
    "purpose": _text,
    "client_uri": _web_address,
    "logo_uri": _web_address,
    "policy_uri": _web_address,
    "tos_uri": _web_address,
    "contacts": _texts,
    "application_type": _one_of("web", "native"),
    "token_endpoint_auth_method": _one_of(*CLIENT_AUTH_METHODS),
    "token_endpoint_auth_signing_alg": _one_of(*ASSERTION_ALGORITHMS),
    "grant_types": _grant_types,
    "response_types": _response_types,
    "scope": _scope,
    "jwks": _jwks,
    "jwks_uri": _web_address,
    "subject_type": _one_of("pairwise"),
    **{member: _one_of(*allowed) for member, allowed in RESPONSE_MEMBERS.items()},
    "default_max_age": _seconds,
    "require_auth_time": _boolean,
    "default_acr_values": _some_of(*levels.ACR_VALUES),
    "initiate_login_uri": _web_address,
    "backchannel_logout_uri": _web_address,
    "backchannel_logout_session_required": _boolean,
    "backchannel_token_delivery_mode": _one_of(*DELIVERY_MODES),
    "backchannel_client_notification_endpoint": _web_address,
    "backchannel_authentication_request_signing_alg": _one_of(*CIBA_ALGORITHMS),
    "backchannel_user_code_parameter": _boolean,
    "frontchannel_logout_uri": _web_address,
    "frontchannel_logout_session_required": _boolean,
    "sector_identifier_uri": _web_address,
    "require_pkce": _boolean,
    "require_pushed_authorization_requests": _boolean,
    "request_uris": _request_addresses,
    "request_object_signing_alg": _one_of(*REQUEST_ALGORITHMS),
    "request_object_encryption_alg": _one_of(*key_algorithms.ENCRYPTION_ALGORITHMS),
    "request_object_encryption_enc": _one_of(*ENCRYPTION_METHODS),
    "require_signed_request_object": _boolean,
    "authorization_signed_response_alg": _one_of(*key_algorithms.ALGORITHMS),
    "dpop_bound_access_tokens": _boolean,
    "tls_client_certificate_bound_access_tokens": _boolean,
    "tls_client_auth_subject_dn": _text,
    "tls_client_auth_san_dns": _text,
    "tls_client_auth_san_uri": _text,
    "tls_client_auth_san_ip": _text,
    "tls_client_auth_san_email": _text,
    "software_statement": _statement,
    "software_id": _text,
    "software_version": _text,
}
