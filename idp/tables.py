"""Every table of the provider, for migrations and for tests that make a database."""

from .audit.record import AuditEvent
from .credentials.model import Card, Challenge, Passkey, PasskeyUser
from .foundation.outbox import OutboxRow
from .oidc.model import (
    AuthorizationCode,
    Client,
    Consent,
    Grant,
    InitialAccessToken,
    RefreshToken,
    RevokedToken,
    SessionClient,
    SigningKey,
    UsedAssertion,
)
from .oidc.security_model import PushedRequest, UsedProof
from .residents.model import ActivationCode, Ceremony, ClaimReview, RegistryLink, Resident, SubjectIdentifier
from .signin.model import LoginSession, SignInAttempt

__all__ = [
    "ActivationCode",
    "AuditEvent",
    "AuthorizationCode",
    "Card",
    "Ceremony",
    "Challenge",
    "ClaimReview",
    "Client",
    "Consent",
    "Grant",
    "InitialAccessToken",
    "LoginSession",
    "OutboxRow",
    "Passkey",
    "PasskeyUser",
    "PushedRequest",
    "RefreshToken",
    "RegistryLink",
    "Resident",
    "RevokedToken",
    "SessionClient",
    "SignInAttempt",
    "SigningKey",
    "SubjectIdentifier",
    "UsedAssertion",
    "UsedProof",
]
