"""What the demo city consists of: addresses, apps and where their state is kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

REGISTER = Path(__file__).parent / "register.csv"
RESIDENTS = {
    "hanako": "0000010011",
    "taro": "0000010022",
    "midori": "0000010033",
    "jiro": "0000010044",
    "hikari": "0000010055",
}
STAFF_PASSWORD = "mihon-staff"
ADMINISTRATOR = "管理 係子"


@dataclass(frozen=True)
class App:
    """A departmental app of the demo. `offset` is added to the demo's port."""

    key: str
    offset: int
    name: tuple[str, str]
    department: tuple[str, str]
    purpose: tuple[str, str]
    scope: str
    event_source: str


APPS = (
    App(
        key="childcare",
        offset=1,
        name=("みほん市 子育て支援", "Mihon City Childcare"),
        department=("子育て支援課", "Childcare Support Division"),
        purpose=(
            "申込書への記入と、申込みの連絡に使います。",
            "Fills in your application and lets us reach you about it.",
        ),
        scope="openid profile address case:write notice:write task:write",
        event_source="https://childcare.mihon.example",
    ),
    App(
        key="benefits",
        offset=2,
        name=("みほん市 給付金", "Mihon City Benefits"),
        department=("福祉課", "Welfare Division"),
        purpose=("給付金の受給資格の確認に使います。", "Checks whether you can receive the benefit."),
        scope="openid profile address case:write notice:write task:write",
        event_source="https://benefits.mihon.example",
    ),
)


@dataclass(frozen=True)
class Place:
    """Where this demo runs: ports on this machine and a folder for everything it keeps."""

    port: int
    state: Path
    path: str = ""
    """Below which the provider and the apps live (each app one step further down), as on a host that many share."""

    @property
    def issuer(self) -> str:
        return f"http://localhost:{self.port}{self.path}"

    @property
    def reader(self) -> str:
        return f"http://localhost:{self.port + 3}"

    def base_url(self, app: App) -> str:
        below = f"{self.path}/{app.key}" if self.path else ""
        return f"http://localhost:{self.port + app.offset}{below}"

    @property
    def logs(self) -> Path:
        """What each part says, in a file of its own: the demo itself speaks to the person who started it."""
        return self.state / "log"

    @property
    def cards(self) -> Path:
        return self.state / "cards"

    def environment(self) -> dict[str, str]:
        """The provider's settings."""
        return {
            "MACHI_DEMO": "1",
            "MACHI_ISSUER": self.issuer,
            "MACHI_DATABASE_URL": f"sqlite:///{self.state}/machi.db",
            "MACHI_OUTBOUND_LOOPBACK": "1",
            "MACHI_HTTP_REDIRECTS_ON_LOCALHOST": "1",
            "MACHI_COUNTER_PHONE": "000-000-1000",
            "MACHI_CARD_READER_URL": self.reader,
            "MACHI_JPKI_AUTH_ROOTS": str(self.cards / "auth-roots.pem"),
            "MACHI_JPKI_SIGN_ROOTS": str(self.cards / "sign-roots.pem"),
            "MACHI_JPKI_AUTH_CRL": str(self.cards / "auth.crl"),
            "MACHI_JPKI_SIGN_CRL": str(self.cards / "sign.crl"),
        }

    def metadata(self, app: App) -> dict[str, Any]:
        """What an app registers (RFC 7591)."""
        base = self.base_url(app)
        return {
            "client_name": app.name[0],
            "client_name#ja": app.name[0],
            "client_name#en": app.name[1],
            "department#ja": app.department[0],
            "department#en": app.department[1],
            "purpose#ja": app.purpose[0],
            "purpose#en": app.purpose[1],
            "redirect_uris": [f"{base}/auth/callback"],
            "post_logout_redirect_uris": [f"{base}/auth/signed-out"],
            "backchannel_logout_uri": f"{base}/auth/backchannel-logout",
            "backchannel_logout_session_required": True,
            "initiate_login_uri": f"{base}/start",
            "client_uri": base,
            "scope": app.scope,
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "id_token_signed_response_alg": "ES256",
        }
