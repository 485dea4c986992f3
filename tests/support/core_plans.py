"""What the core OpenID plans vary: response type and response mode. A module runs once for each variant of the plans that hold it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Variant:
    """One variant of a certification plan."""

    plan: str
    response_type: str
    form_post: bool = False

    @property
    def words(self) -> frozenset[str]:
        return frozenset(self.response_type.split())

    @property
    def has_code(self) -> bool:
        return "code" in self.words

    @property
    def has_userinfo(self) -> bool:
        """Whether the client gets an access token anywhere."""
        return self.has_code or "token" in self.words

    @property
    def id_token_in_front(self) -> bool:
        return "id_token" in self.words

    @property
    def metadata(self) -> dict[str, object]:
        grants = [*(["authorization_code", "refresh_token"] if self.has_code else [])]
        grants += ["implicit"] if self.words != {"code"} else []
        return {"response_types": [self.response_type], "grant_types": grants}

    def __str__(self) -> str:
        form = "formpost-" if self.form_post else ""
        kind = "" if self.plan == "basic" else "-" + self.response_type.replace(" ", "+")
        return f"{form}{self.plan}{kind}"


_TYPES = (
    ("basic", "code"),
    ("implicit", "id_token"),
    ("implicit", "id_token token"),
    ("hybrid", "code id_token"),
    ("hybrid", "code token"),
    ("hybrid", "code id_token token"),
)
ALL = tuple(Variant(plan, kind, form) for form in (False, True) for plan, kind in _TYPES)
BASIC = tuple(v for v in ALL if v.plan == "basic")
WITH_CODE = tuple(v for v in ALL if v.has_code)
WITH_USERINFO = tuple(v for v in ALL if v.has_userinfo)
CODE = BASIC[0]


def variants(which: tuple[Variant, ...]) -> pytest.MarkDecorator:
    """Run the test once for each of these, with the variant's `client`."""
    return pytest.mark.parametrize("client", which, indirect=True, ids=str)
