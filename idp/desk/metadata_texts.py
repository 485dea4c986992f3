"""What each metadata member is called and means, for the administrator's form. `_` only marks the texts; pages translate them."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from ..oidc.clients.model import SectorProof

# Why an app is in its sector.
PROOFS = {
    SectorProof.OWN: _("its own"),
    SectorProof.DOCUMENT: _("a document on the host lists it"),
    SectorProof.REGISTERED: _("by the addresses that the city registered"),
    SectorProof.DECIDED: _("the city said so"),
    SectorProof.UNPROVEN: _("from before proof was asked for; look at the other apps of this sector"),
}

SECTIONS: list[tuple[str, tuple[str, ...]]] = [
    ("people", ("client_name", "department", "purpose", "client_uri", "logo_uri", "policy_uri", "tos_uri", "contacts")),
    ("addresses", ("application_type", "redirect_uris", "initiate_login_uri", "sector_identifier_uri")),
    ("rights", ("grant_types", "response_types", "scope", "subject_type")),
    (
        "proof",
        (
            "token_endpoint_auth_method", "token_endpoint_auth_signing_alg", "jwks", "jwks_uri",
            "tls_client_auth_subject_dn", "tls_client_auth_san_dns", "tls_client_auth_san_uri",
            "tls_client_auth_san_ip", "tls_client_auth_san_email",
        ),
    ),
    (
        "signout",
        (
            "post_logout_redirect_uris", "backchannel_logout_uri", "backchannel_logout_session_required",
            "frontchannel_logout_uri", "frontchannel_logout_session_required",
        ),
    ),
    (
        "strictness",
        (
            "require_pkce", "require_pushed_authorization_requests", "require_signed_request_object",
            "request_object_signing_alg", "request_object_encryption_alg", "request_object_encryption_enc",
            "request_uris", "authorization_signed_response_alg",
            "dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens",
        ),
    ),
    ("signin", ("id_token_signed_response_alg", "default_max_age", "require_auth_time", "default_acr_values")),
    (
        "ciba",
        (
            "backchannel_token_delivery_mode", "backchannel_client_notification_endpoint",
            "backchannel_authentication_request_signing_alg", "backchannel_user_code_parameter",
        ),
    ),
    (
        "protection",
        (
            "userinfo_signed_response_alg", "introspection_signed_response_alg",
            "id_token_encrypted_response_alg", "id_token_encrypted_response_enc",
            "userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc",
            "introspection_encrypted_response_alg", "introspection_encrypted_response_enc",
            "authorization_encrypted_response_alg", "authorization_encrypted_response_enc",
        ),
    ),
    ("software", ("software_id", "software_version")),
]  # fmt: skip

SECTION_TITLES = {
    "people": _("What residents read"),
    "addresses": _("Where it lives"),
    "rights": _("What it may ask for"),
    "proof": _("How it proves who it is"),
    "signout": _("Signing out"),
    "strictness": _("How strictly requests are taken"),
    "signin": _("Sign-in"),
    "ciba": _("Sign-in that staff ask for"),
    "protection": _("Signed and encrypted answers"),
    "software": _("Software"),
    "further": _("Further"),
}

TEXTS = {
    "client_name": (_("App name"), _("As residents see it wherever the app is named.")),
    "department": (_("Department"), _("Who is in charge of this app.")),
    "purpose": (_("Purpose"), _("One sentence: what the shared data is used for.")),
    "client_uri": (_("Website"), _("The app's front page, https.")),
    "logo_uri": (_("Logo"), _("Address of a picture, https.")),
    "policy_uri": (_("Privacy notice"), _("Linked on the consent page.")),
    "tos_uri": (_("Terms of use"), _("Linked on the consent page.")),
    "contacts": (_("Contacts"), _("E-mail addresses of those who look after the app, one per line.")),
    "application_type": (_("Kind"), _("“web” runs on a server; “native” is installed on a device.")),
    "redirect_uris": (
        _("Redirect addresses"),
        _(
            "Where residents go back to, one per line. Compared character by character. https; several hosts need a sector document."
        ),
    ),
    "initiate_login_uri": (_("Start address"), _("Where the app is opened for residents who are signed in already.")),
    "sector_identifier_uri": (
        _("Sector document"),
        _(
            "Address of a JSON list of all redirect addresses. Apps of one sector know a resident by the same identifier."
        ),
    ),
    "grant_types": (
        _("Ways to get tokens"),
        _(
            "“authorization_code” signs residents in, “refresh_token” renews without them, “client_credentials” is the "
            "app itself, for example to report cases."
        ),
    ),
    "response_types": (
        _("Answer of the sign-in"),
        _("“code” goes together with authorization_code. Leave empty for the default."),
    ),
    "scope": (
        _("Scopes"),
        _("What the app may ask for. Nothing chosen: everything about identity, nothing of the API."),
    ),
    "subject_type": (_("Identifier"), _("Each sector gets identifiers of its own.")),
    "token_endpoint_auth_method": (
        _("Method"),
        _("A key (private_key_jwt) is safer than a secret. “none” is for apps that can keep nothing."),
    ),
    "token_endpoint_auth_signing_alg": (_("Algorithm of its proof"), _("Only this one is accepted, if given.")),
    "jwks": (_("Public keys"), _("A JWK set as JSON. Public keys only.")),
    "jwks_uri": (_("Address of its keys"), _("Instead of the keys themselves; read when needed.")),
    "tls_client_auth_subject_dn": (
        _("Certificate: subject"),
        _("For tls_client_auth: exactly one of these five says which certificate it is."),
    ),
    "tls_client_auth_san_dns": (_("Certificate: DNS name"), _("For tls_client_auth.")),
    "tls_client_auth_san_uri": (_("Certificate: URI"), _("For tls_client_auth.")),
    "tls_client_auth_san_ip": (_("Certificate: IP address"), _("For tls_client_auth.")),
    "tls_client_auth_san_email": (_("Certificate: e-mail address"), _("For tls_client_auth.")),
    "post_logout_redirect_uris": (
        _("Addresses after signing out"),
        _("One per line. Residents may be sent back to these only."),
    ),
    "backchannel_logout_uri": (
        _("Back-channel logout"),
        _("We tell the app here, server to server, that a resident signed out. Recommended."),
    ),
    "backchannel_logout_session_required": (
        _("Back-channel: name the login"),
        _("The app needs “sid” to know which login ended."),
    ),
    "frontchannel_logout_uri": (
        _("Front-channel logout"),
        _("Loaded in a frame at sign-out; at the host of a redirect address."),
    ),
    "frontchannel_logout_session_required": (
        _("Front-channel: name the login"),
        _("Adds “iss” and “sid” to that address."),
    ),
    "require_pkce": (
        _("PKCE"),
        _("Yes: needed in any case. No: a nonce is enough, whatever the city asks of other apps."),
    ),
    "require_pushed_authorization_requests": (
        _("Pushed requests only"),
        _("The app must send its requests to us first (RFC 9126)."),
    ),
    "require_signed_request_object": (_("Signed requests only"), _("Requests must be signed by the app (RFC 9101).")),
    "request_object_signing_alg": (_("Algorithm of signed requests"), _("Only this one is accepted, if given.")),
    "request_object_encryption_alg": (
        _("Signed requests: encryption of the key"),
        _("With a public key of ours. Then only encrypted ones are accepted."),
    ),
    "request_object_encryption_enc": (
        _("Signed requests: encryption of the content"),
        _("Goes with the field before."),
    ),
    "request_uris": (_("Addresses of requests"), _("Where signed requests may be fetched from, one per line.")),
    "authorization_signed_response_alg": (_("Signed answers"), _("For response modes that end in “jwt”.")),
    "dpop_bound_access_tokens": (
        _("Tokens bound to a key (DPoP)"),
        _("A stolen token is worth nothing without the app's key."),
    ),
    "tls_client_certificate_bound_access_tokens": (
        _("Tokens bound to a certificate"),
        _("A stolen token is worth nothing without the app's certificate."),
    ),
    "id_token_signed_response_alg": (
        _("Signature of ID tokens"),
        _("RS256 is what every library knows; ES256 is shorter and faster."),
    ),
    "default_max_age": (
        _("Oldest sign-in accepted"),
        _("In seconds. Older ones are asked to sign in again. Empty: no limit."),
    ),
    "require_auth_time": (_("Say when the sign-in was"), _("ID tokens say it in any case.")),
    "default_acr_values": (
        _("Levels asked for"),
        _("Identity level and authentication level, if the app asks for none itself."),
    ),
    "backchannel_token_delivery_mode": (_("How it learns of the answer"), _("It asks (poll) or we call (ping).")),
    "backchannel_client_notification_endpoint": (_("Where we call"), _("For ping, https.")),
    "backchannel_authentication_request_signing_alg": (
        _("Algorithm of its requests"),
        _("Only this one is accepted, if given."),
    ),
    "backchannel_user_code_parameter": (
        _("Resident's own code"),
        _("The request carries a code that only the resident knows."),
    ),
    "software_id": (_("Software"), _("An identifier of the program, the same wherever it is installed.")),
    "software_version": (_("Version"), _("As its makers count.")),
    "userinfo_signed_response_alg": (_("User information: signature"), _("Empty: plain JSON.")),
    "introspection_signed_response_alg": (_("Introspection: signature"), _("For answers that are signed (RFC 9701).")),
    "id_token_encrypted_response_alg": (_("ID tokens: encryption of the key"), _("With a public key of the app.")),
    "id_token_encrypted_response_enc": (_("ID tokens: encryption of the content"), _("Goes with the field before.")),
    "userinfo_encrypted_response_alg": (
        _("User information: encryption of the key"),
        _("With a public key of the app."),
    ),
    "userinfo_encrypted_response_enc": (
        _("User information: encryption of the content"),
        _("Goes with the field before."),
    ),
    "introspection_encrypted_response_alg": (
        _("Introspection: encryption of the key"),
        _("With a public key of the app."),
    ),
    "introspection_encrypted_response_enc": (
        _("Introspection: encryption of the content"),
        _("Goes with the field before."),
    ),
    "authorization_encrypted_response_alg": (
        _("Signed answers: encryption of the key"),
        _("With a public key of the app."),
    ),
    "authorization_encrypted_response_enc": (
        _("Signed answers: encryption of the content"),
        _("Goes with the field before."),
    ),
}
