"""Typed settings, read once at start from `MACHI_*` variables.

A wrong or missing value ends the start with one line that names the variable. Outside demo mode a setting that would make
the installation insecure is refused in the same way (`insecurities`).
"""

from __future__ import annotations

import base64
import ipaddress
import os
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from limits import parse as parse_limit
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from .data_folder import data_folder
from .issuer import normal_base_url
from .redis_address import check_address
from .setting_names import check_names

DEMO_SECRET = base64.urlsafe_b64encode(b"machi-id demo key, never for use").decode()

Words = Annotated[tuple[str, ...], NoDecode]


_LIMITS = ("signin", "register", "attempt", "activation", "token", "par", "device", "ciba", "ciba_ask")


class SettingsError(Exception):
    """The settings cannot be used; the text is one line fit for an operator."""


class Settings(BaseSettings):
    """Everything an operator can set. Names in the environment are `MACHI_` + the field in capitals."""

    model_config = SettingsConfigDict(env_prefix="MACHI_", frozen=True, extra="ignore", use_attribute_docstrings=True)

    demo: bool = False
    """Demo mode: allows the card simulator, a test CA, an http issuer and the built-in key. Never with real residents."""
    issuer: str = "http://localhost:8000"
    """The public base URL of the provider, with a path if it has one, in lower case, without a default port and a trailing slash.
    Every link and `iss` comes from it, never from a header."""
    secret_key: str = Field(default=DEMO_SECRET, repr=False)
    """32 random bytes, base64url. Protects personal attributes and keys at rest. Make one with `machi secret`."""
    old_secret_keys: Words = Field(default=(), repr=False)
    """Other keys that open what is stored, separated by spaces: the former one, until `machi keys reseal` has ended."""
    secret_key_file: Path | None = None
    """A file with the secret key, in place of the variable: as systemd (`LoadCredential=`) and Kubernetes give secrets."""
    old_secret_keys_file: Path | None = None
    """A file with `old_secret_keys`, in place of the variable."""
    database_url: str = Field(default_factory=lambda: f"sqlite:///{data_folder() / 'machi.db'}")
    """`sqlite:///PATH` (embedded default) or `postgresql://…`. Unset, it is `machi.db` in systemd's `StateDirectory`, else in
    `$XDG_STATE_HOME/machi`, which is `~/.local/state/machi` if unset."""
    database_pooled: bool = False
    """A pooler that gives each transaction another connection stands before PostgreSQL (PgBouncer's `pool_mode = transaction`): no
    statement is prepared, nothing is kept in a session."""
    live_url: str = "memory://"
    """`memory://` (one process) or Redis (any number): live updates, limits and wake-ups of the worker. `redis://…`, `rediss://…`,
    `redis+sentinel://host:port,host:port/service`, `redis+cluster://host:port,host:port`."""
    live_refreshes: int = Field(default=100, ge=1)
    """How many pages a process that holds open pages may ask in a second to fetch what has changed; more of them wait their turn. About
    what the web servers can do beside everything else (some 50 a core), divided by the number of such processes."""
    worker: str = "inline"
    """`inline` runs the delivery loop inside each web process, `external` leaves it to `machi worker`."""
    city_name: str = "みほん市"
    """The municipality's name as pages show it, in Japanese."""
    city_name_en: str = "Mihon City"
    """The municipality's name in English."""
    trusted_proxies: int = Field(default=0, ge=0, le=5)
    """How many reverse proxies in front set X-Forwarded-For/-Proto; 0 ignores these headers."""
    outbound_allow: Words = ()
    """Networks (CIDR) outside the public Internet that back-channel calls may reach, e.g. `10.20.0.0/16`."""
    outbound_loopback: bool = False
    """Lets outbound calls reach this machine. For demos and test suites."""
    http_redirects_on_localhost: bool = False
    """Lets web clients register `http://localhost` redirect URIs. For demos and test suites."""
    signin_limit: str = "30/minute"
    """Sign-in attempts from one network for one account or ceremony (notation of the `limits` library)."""
    register_limit: str = "30/minute"
    """Client registrations with one initial access token from one network (RFC 7591); as many more requests without a good one."""
    par_limit: str = "120/minute"
    """Pushed requests of one public app from one network; whoever knows its id may deposit."""
    device_limit: str = "30/minute"
    """Device authorizations begun by one app from one network."""
    ciba_limit: str = "60/minute"
    """CIBA requests of one app, whomever they name."""
    ciba_ask_limit: str = "10/10 minutes"
    """CIBA requests of one app for one resident: asking again and again until somebody presses yes is an attack (CIBA §14)."""
    attempt_limit: str = "600/minute"
    """Sign-in pages opened from one network, finished or not: each is a row that waits."""
    activation_limit: str = "300/hour"
    """Activation codes nobody holds, tried from one network. 60 random bits are not guessed; a counter's network has many typists."""
    activation_wrong_dates: int = Field(default=5, ge=1, le=20)
    """Wrong dates of birth after which an activation code is void."""
    token_limit: str = "60/minute"
    """Failed client authentications from one network for one client."""
    par_seconds: int = Field(default=90, ge=5, le=599)
    """For this long a pushed authorization request may be opened (RFC 9126 §2.2; FAPI 2.0 asks for less than 600)."""
    require_pushed_authorization_requests: bool = False
    """Take authorization requests only pushed (RFC 9126 §5), from every client."""
    dpop_nonce_required: bool = False
    """DPoP proofs must carry a nonce of ours (RFC 9449 §8): costs each client one more round trip now and then."""
    mtls: bool = False
    """Take client certificates from the proxy's `Client-Cert` header (RFC 9440, RFC 8705). Without it the header is removed."""
    mtls_proxy_secret: str = Field(default="", repr=False)
    """Sent by the proxy as `X-Machi-Proxy-Secret` (>= 32 characters). It sets both headers itself and drops names with `_`."""
    mtls_proxy_networks: Words = ()
    """Or by its address: networks (CIDR) from which alone `Client-Cert` is taken."""
    mtls_base_url: str = ""
    """Where the proxy asks for client certificates, if not at the issuer: `mtls_endpoint_aliases` (RFC 8705 §5)."""
    mtls_roots: Path | None = None
    """PEM bundle of the authorities whose client certificates count for `tls_client_auth`."""
    code_seconds: int = Field(default=60, ge=5, le=600)
    """Lifetime of an authorization code (RFC 6749 §4.1.2; FAPI 2.0 asks for at most 60)."""
    code_binding: Literal["pkce", "nonce", "none"] = "nonce"
    """What a confidential app's request must carry at least, so that nobody else's code can be slipped in: `pkce`, `nonce` (PKCE or a
    nonce, RFC 9700 §2.1.1), or `none` (test suites). Public apps and FAPI 2.0 always need PKCE."""
    access_token_seconds: int = Field(default=600, ge=30, le=3600)
    """Lifetime of an access token."""
    id_token_seconds: int = Field(default=600, ge=30, le=3600)
    """Lifetime of an ID token."""
    refresh_idle_seconds: int = Field(default=14 * 86400, ge=60)
    """A refresh token not used for this long is dead."""
    refresh_absolute_seconds: int = Field(default=90 * 86400, ge=60)
    """A refresh family ends this long after its sign-on, used or not."""
    refresh_grace_seconds: int = Field(default=20, ge=0, le=120)
    """For this long after a rotation the spent token returns the same successor again (a lost answer is not a theft)."""
    refresh_retry_seconds: int = Field(default=3600, ge=0)
    """For this long it gets another successor, if the first was never used; only for public apps whose tokens hang on no key. Apps
    that prove a secret or a key have no such limit."""
    session_idle_seconds: int = Field(default=3600, ge=60)
    """A login session not used for this long ends (NIST SP 800-63B AAL2: 1 h)."""
    session_absolute_seconds: int = Field(default=12 * 3600, ge=60)
    """A login session ends this long after sign-in in any case."""
    attempt_seconds: int = Field(default=1800, ge=60)
    """How long an unfinished sign-in may be continued (tabs, back button, a card to be found)."""
    userinfo_acr: str = ""
    """The level userinfo asks for, e.g. `urn:machi:acr:ial1-aal2`; a token of a weaker sign-in gets a step-up challenge (RFC 9470)."""
    userinfo_max_age: int | None = Field(default=None, ge=1)
    """Seconds since the sign-in after which userinfo asks for a new one (RFC 9470)."""
    hybrid_flows: bool = False
    """Lets clients register hybrid and implicit response types. For old systems and test suites; new apps use `code`."""
    software_statement_issuers: Path | None = None
    """JSON file: an object from issuer to JWK set. Software statements (RFC 7591 §2.3) signed with these keys are believed."""
    counter_phone: str = Field(default="", pattern=r"[0-9+() -]{0,30}")
    """Telephone number of the residents' counter, shown where only people can help."""
    card_reader_url: str = ""
    """Where the browser goes to have a card read; empty switches the card off."""
    jpki_auth_roots: Path | None = None
    """PEM bundle of the user-authentication CA certificates (all generations)."""
    jpki_sign_roots: Path | None = None
    """PEM bundle of the digital-signature CA certificates. A store of its own: the two never mix."""
    jpki_auth_crl: Path | None = None
    """Revocation list of the user-authentication CA, kept fresh by the operator; re-read when it changes."""
    jpki_sign_crl: Path | None = None
    """Revocation list of the digital-signature CA."""

    @model_validator(mode="before")
    @classmethod
    def read_key_files(cls, values: dict[str, Any]) -> dict[str, Any]:
        """What a file holds stands for the variable of the same name."""
        found = dict(values)
        for name in ("secret_key", "old_secret_keys"):
            if file := found.get(f"{name}_file"):
                if found.get(name):
                    raise ValueError(f"{name}_file: MACHI_{name.upper()} is set as well; one of them must go")
                found[name] = _content(f"{name}_file", Path(file))
        return found

    @field_validator("old_secret_keys", "outbound_allow", "mtls_proxy_networks", mode="before")
    @classmethod
    def split_words(cls, value: Any) -> Any:
        """A list in one variable: separated by spaces or commas."""
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("mtls_base_url")
    @classmethod
    def check_mtls_base_url(cls, value: str) -> str:
        return normal_base_url(value) if value else value

    @field_validator("issuer")
    @classmethod
    def check_issuer(cls, value: str) -> str:
        return normal_base_url(value)

    @field_validator("secret_key", "old_secret_keys")
    @classmethod
    def check_key(cls, value: Any) -> Any:
        from .secret_key import refuse_weak

        for key in (value,) if isinstance(value, str) else value:
            refuse_weak(key)
        return value

    @field_validator("outbound_allow", "mtls_proxy_networks")
    @classmethod
    def check_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network)
        return value

    @field_validator("database_url")
    @classmethod
    def check_database(cls, value: str) -> str:
        try:
            url = make_url(value)
        except (ArgumentError, ValueError):
            raise ValueError("must be sqlite:///PATH or postgresql://…") from None
        if url.get_backend_name() not in ("sqlite", "postgresql"):
            raise ValueError("must be sqlite:///PATH or postgresql://…")
        if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
            raise ValueError("needs a file: each connection to a database in memory would have its own")
        return value

    @field_validator("live_url")
    @classmethod
    def check_live(cls, value: str) -> str:
        if not value.startswith("memory:"):
            check_address(value)
        return value

    @field_validator("worker")
    @classmethod
    def check_worker(cls, value: str) -> str:
        if value not in ("inline", "external"):
            raise ValueError("must be inline or external")
        return value

    @field_validator(*(f"{name}_limit" for name in _LIMITS))
    @classmethod
    def check_limit(cls, value: str) -> str:
        try:
            amount = parse_limit(value).amount
        except ValueError:
            amount = 0
        if amount < 1:
            raise ValueError("must be a number per time, such as 30/minute")
        return value

    @model_validator(mode="after")
    def check_together(self) -> Settings:
        """What concerns two fields; the text begins with the name of the one to blame."""
        if self.worker == "external" and self.live_url.startswith("memory"):
            raise ValueError("worker: external needs a live_url that several processes share (redis://…)")
        if self.mtls and len(self.mtls_proxy_secret) < 32 and not self.mtls_proxy_networks:
            raise ValueError("mtls: needs mtls_proxy_secret (32 characters or more) or mtls_proxy_networks")
        if self.mtls_proxy_secret and len(self.mtls_proxy_secret) < 32:
            raise ValueError("mtls_proxy_secret: must have 32 characters or more")
        if self.card_reader_url and not all(
            (self.jpki_auth_roots, self.jpki_sign_roots, self.jpki_auth_crl, self.jpki_sign_crl)
        ):
            raise ValueError("card_reader_url: needs jpki_auth_roots, jpki_sign_roots, jpki_auth_crl and jpki_sign_crl")
        return self

    @property
    def origin(self) -> str:
        """Scheme and authority of the issuer, as a browser sends it in `Origin`."""
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def path(self) -> str:
        """The issuer's path without a slash at its end; "" where the provider has its host to itself."""
        return urlsplit(self.issuer).path

    @property
    def rp_id(self) -> str:
        """The WebAuthn relying party ID: the issuer's host (WebAuthn §5.1.2)."""
        return urlsplit(self.issuer).hostname or ""

    @property
    def secure(self) -> bool:
        """Whether browsers reach us over https, hence `Secure` and `__Host-` cookies."""
        return self.issuer.startswith("https://")

    def insecurities(self) -> list[str]:
        """What may not be so outside demo mode, one line each."""
        found = []
        if self.secret_key == DEMO_SECRET:
            found.append("MACHI_SECRET_KEY is the built-in demo key; make one with `machi secret`")
        if not self.secure:
            found.append("MACHI_ISSUER is http; residents' sessions need https")
        if self.card_reader_url.startswith("http://"):
            found.append("MACHI_CARD_READER_URL is http")
        if self.outbound_loopback:
            found.append("MACHI_OUTBOUND_LOOPBACK lets others' addresses reach this machine")
        if self.http_redirects_on_localhost:
            found.append("MACHI_HTTP_REDIRECTS_ON_LOCALHOST is for demos and test suites")
        if self.code_binding == "none":
            found.append("MACHI_CODE_BINDING none lets a code of somebody else be slipped in; it is for test suites")
        return found


def _content(field: str, file: Path) -> str:
    try:
        if text := file.read_text("ascii").strip():
            return text
    except OSError as error:
        raise ValueError(f"{field}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        pass
    raise ValueError(f"{field}: holds no key")


def load() -> Settings:
    """Read the environment. Raises `SettingsError` with one clear line."""
    try:
        check_names(os.environ, (field.upper() for field in Settings.model_fields))
    except ValueError as error:
        raise SettingsError(str(error)) from None
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        text = first["msg"].removeprefix("Value error, ")
        field, text = (str(first["loc"][0]), text) if first["loc"] else text.split(": ", 1)
        raise SettingsError(f"MACHI_{field.upper()}: {text}") from None
    if not settings.demo and (found := settings.insecurities()):
        raise SettingsError(f"refusing to start outside demo mode: {found[0]}")
    return settings
