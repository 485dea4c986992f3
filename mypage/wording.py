"""Words that my page keeps for later and shows in every language of the product.

`N_` only marks a text for the catalogue; it is translated when it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from babel.support import Translations

from .stored_json import texts
from .text import Localised, pick

LANGUAGES = ("ja", "en")
_FOLDER = Path(__file__).parent / "translations"


def N_(text: str) -> str:  # noqa: N802 - the catalogue's extractor knows this name
    return text


@cache
def catalogue(lang: str) -> Callable[[str], str]:
    """`gettext` of one language."""
    return Translations.load(str(_FOLDER), [lang]).gettext


def about_procedure(title: str, params: Mapping[str, Any]) -> Localised:
    """`{"ja", "en"}`: a title of the catalogue with the `procedure` (by language) in `params`."""
    return {
        lang: catalogue(lang)(title) % {"procedure": pick(texts(params.get("procedure")), lang)[0]}
        for lang in LANGUAGES
    }
