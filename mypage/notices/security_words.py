"""The words of notices about the security of the ID, in every language of the product."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..stored_json import texts
from ..text import Localised, pick
from ..wording import LANGUAGES, N_, catalogue

_TITLES = {
    "refresh_reused": N_("%(app)s: an access key was used twice"),
    "passkey_added": N_("A passkey was added: %(label)s"),
    "passkey_removed": N_("A passkey was removed: %(label)s"),
    "card_bound": N_("A card was registered: %(label)s"),
    "credential_held": N_("Stopped: %(label)s"),
    "device_connected": N_("%(app)s: a device was connected"),
}
_CONFIRM = N_("If this was you, there is nothing to do.")
_BODIES = {
    "refresh_reused": (
        N_("%(app)s showed us an access key that had been replaced by a newer one before. It may be a fault of the app, or somebody has copied the key."),  # noqa: E501
        N_("To be safe we have ended this access. The app can no longer look anything up about you with it."),
        N_("When you need the app again, sign in there once more. If this comes again, or you do not use this app, press the button below."),  # noqa: E501
    ),
    "passkey_added": (N_("From now on this passkey opens your page and your apps."), _CONFIRM),
    "passkey_removed": (N_("This passkey does not sign in any more. Your other passkeys and cards go on as before."), _CONFIRM),
    "card_bound": (N_("From now on this card opens your page and your apps."), _CONFIRM),
    "device_connected": (
        N_("With the code of a device you let it use %(app)s as you."),
        N_("If somebody sent or told you that code, or the device is not in front of you, press the button below to end its access."),
    ),
    "credential_held": (
        N_("You said that this was not you, or that it is lost. Nobody can sign in with it now, and all your other devices were signed out."),  # noqa: E501
        N_("To use it again, or to remove it for good: Settings, Passkeys and cards."),
    ),
}  # fmt: skip
_CARDS = {"phone": N_("My Number Card on the phone")}
_CARD = N_("My Number Card")
_PASSKEY = N_("Passkey")


def security_title(template: str, params: Mapping[str, Any]) -> Localised:
    """`{"ja", "en"}`: what happened, to which app, passkey or card."""
    return {lang: catalogue(lang)(_TITLES[template]) % _names(params, lang) for lang in LANGUAGES}


def security_body(template: str, params: Mapping[str, Any]) -> Localised:
    """`{"ja", "en"}`: what it means, and what to do."""
    return {
        lang: "\n\n".join(catalogue(lang)(line) % _names(params, lang) for line in _BODIES[template])
        for lang in LANGUAGES
    }


def _names(params: Mapping[str, Any], lang: str) -> dict[str, str]:
    return {"app": pick(texts(params.get("app")), lang)[0], "label": _label(params, catalogue(lang))}


def _label(params: Mapping[str, Any], gettext: Callable[[str], str]) -> str:
    if params.get("kind") == "card":
        return gettext(_CARDS.get(str(params.get("label")), _CARD))
    return str(params.get("label") or gettext(_PASSKEY))
