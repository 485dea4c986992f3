"""Every table of the provider, for migrations and for tests that make a database."""

from .audit import AuditEvent
from .credentials.model import Card, Challenge, Passkey, PasskeyUser
from .foundation.key_ring import KeyRing
from .foundation.outbox import OutboxRow
from .foundation.refusals import RefusedRequests
from .logins.model import LoginSession
from .oidc.authorization.model import PushedRequest
from .oidc.client_auth.model import UsedAssertion, UsedProof
from .oidc.clients.model import Client
from .oidc.decoupled.model import BackchannelRequest, DeviceAuthorization
from .oidc.grants.model import Consent, Grant, ManagedGrant, SessionClient
from .oidc.jose.model import SigningKey
from .oidc.logos.model import ClientLogo
from .oidc.policy.model import ClientPolicy, ResourceIndicator
from .oidc.registration.model import InitialAccessToken
from .oidc.security_events.model import EventStream, IgnoredSubject, SecurityEvent
from .oidc.tokens.model import AuthorizationCode, ReferenceToken, RevokedToken
from .residents.model import ActivationCode, Ceremony, ClaimReview, RegistryLink, Resident, SubjectIdentifier
from .signin.model import SignInAttempt
from .staff.model import Staff, StaffInvitation, StaffPasskey, StaffRole, StaffSession

__all__ = [
    "ActivationCode",
    "AuditEvent",
    "AuthorizationCode",
    "BackchannelRequest",
    "Card",
    "Ceremony",
    "Challenge",
    "ClaimReview",
    "Client",
    "ClientLogo",
    "ClientPolicy",
    "Consent",
    "DeviceAuthorization",
    "EventStream",
    "Grant",
    "IgnoredSubject",
    "InitialAccessToken",
    "KeyRing",
    "LoginSession",
    "ManagedGrant",
    "OutboxRow",
    "Passkey",
    "PasskeyUser",
    "PushedRequest",
    "ReferenceToken",
    "RefusedRequests",
    "RegistryLink",
    "Resident",
    "ResourceIndicator",
    "RevokedToken",
    "SecurityEvent",
    "SessionClient",
    "SignInAttempt",
    "SigningKey",
    "Staff",
    "StaffInvitation",
    "StaffPasskey",
    "StaffRole",
    "StaffSession",
    "SubjectIdentifier",
    "UsedAssertion",
    "UsedProof",
]
