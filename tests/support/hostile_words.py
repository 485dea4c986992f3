"""Parameter values that have broken some server somewhere, and any text: for property tests."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from hypothesis import strategies as st

from .apps import CHALLENGE

nasty = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        ["", " ", "\x00", "\r\nX-Evil: 1", "'", '"', "<script>", "%00", "{}", "[]", "null", "[" * 900, "{" * 900, "-1", "1e9",
         "0", "99999999999", "none", "none login", "openid", "openid profile", "openid offline_access case:write", "code",
         "code token", "S256", "plain", "query", "fragment", "form_post", CHALLENGE, "https://[", "//evil.example",
         "https://evil.example", '{"userinfo":{"name":null}}', '{"id_token":{"acr":{"essential":true}}}',
         '{"id_token":{"acr":{"essential":1,"values":3}}}', '{"id_token":{"acr":{"essential":1,"values":[null,[]]}}}',
         '{"id_token":{"sub":{"value":[]}}}', '{"userinfo":{"sub":{"value":"x"}}}', "e30.e30.e30", "é" * 50, "あ" * 50,
         "\ud7ff", "authorization_code", "refresh_token", "client_credentials", "http://localhost:8000/api/v1"]
    ),
)  # fmt: skip


def encoded(values: dict[str, str] | Iterable[tuple[str, str]]) -> str:
    """A form; pairs may repeat a name, and lone surrogates go through."""
    pairs = list(values.items()) if isinstance(values, dict) else list(values)
    return urlencode(pairs, errors="surrogatepass")
