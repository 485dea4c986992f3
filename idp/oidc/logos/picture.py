"""What kind of picture bytes are, told from their frame alone: nothing is decoded here, only the browser ever does that.

Taken are PNG, JPEG, GIF and WebP that stand still, begin and end where their format says, and are small on every side they name. So a
browser that decodes one needs a bounded memory, and nothing hangs on behind the picture. SVG is a document with script, and not taken.
"""

from __future__ import annotations

from collections.abc import Iterator

MAX_SIDE = 2048
"""Pixels: 16 MiB once decoded."""


class NotTakenError(ValueError):
    """Why these bytes are no logo; the text holds none of them."""


def media_type_of(data: bytes) -> str:
    """The media type of a whole picture. Raises `NotTakenError`."""
    for begins, kind, sides in _KINDS:
        if data.startswith(begins):
            try:
                found = list(sides(data))
            except IndexError:
                raise NotTakenError("the picture ends too early") from None
            if not found or not all(1 <= side <= MAX_SIDE for side in found):
                raise NotTakenError(f"each side must be 1 to {MAX_SIDE} pixels")
            return kind
    raise NotTakenError("not a PNG, JPEG, GIF or WebP")


def _number(data: bytes, at: int, size: int, order: str = "big") -> int:
    """Raises `IndexError` past the end."""
    if at + size > len(data):
        raise IndexError(at)
    return int.from_bytes(data[at : at + size], "big" if order == "big" else "little")


def _ends(data: bytes, at: int) -> None:
    if at < len(data):
        raise NotTakenError("something follows the picture")


def _png(data: bytes) -> Iterator[int]:
    """PNG (ISO/IEC 15948) §5.3, §11.2.1: chunks of length, type, content, CRC, from IHDR to IEND."""
    at, kind = 8, b""
    while kind != b"IEND":
        length, first = _number(data, at, 4), at == 8
        kind = data[at + 4 : at + 8]
        if (kind == b"IHDR") != first or (first and length != 13):
            raise NotTakenError("not a PNG")
        if first:
            yield from (_number(data, at + 8, 4), _number(data, at + 12, 4))
        if kind in (b"acTL", b"fcTL", b"fdAT"):
            raise NotTakenError("the picture moves")
        at += 12 + length
        _number(data, at - 4, 4)
    _ends(data, at)


def _jpeg(data: bytes) -> Iterator[int]:
    """JPEG (ITU-T T.81) §B.1, §B.2: segments from SOI to EOI; height and width are in the one frame header."""
    at, marker, frames = 2, 0, 0
    while marker != 0xD9:
        if _number(data, at, 1) != 0xFF:
            raise NotTakenError("not a JPEG")
        while (marker := _number(data, at, 1)) == 0xFF:  # fill bytes
            at += 1
        at += 1
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            frames += 1
            yield from (_number(data, at + 3, 2), _number(data, at + 5, 2))
        if marker == 0xD9:
            break
        if marker in (0x00, 0x01, 0xD8) or 0xD0 <= marker <= 0xD7:
            raise NotTakenError("not a JPEG")
        at += max(2, _number(data, at, 2))
        if marker == 0xDA:
            at = _after_scan(data, at)
    if frames != 1:
        raise NotTakenError("not a JPEG")
    _ends(data, at)


def _after_scan(data: bytes, at: int) -> int:
    """Where the next marker is: in coded data, 0xFF is followed by 0 or by a restart marker."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0:
            raise IndexError
        following = _number(data, at + 1, 1)
        if following != 0 and not 0xD0 <= following <= 0xD7:
            return at
        at += 2


def _gif(data: bytes) -> Iterator[int]:
    """GIF89a §17 to §27: screen, then blocks up to the trailer; one picture, which may be larger than the screen says."""
    yield from (_number(data, 6, 2, "little"), _number(data, 8, 2, "little"))
    at, pictures = 13 + _table(_number(data, 10, 1)), 0
    while (block := _number(data, at, 1)) != 0x3B:
        if block == 0x2C:
            pictures += 1
            yield from (_number(data, at + 5, 2, "little"), _number(data, at + 7, 2, "little"))
            at += 10 + _table(_number(data, at + 9, 1)) + 1
        elif block == 0x21:
            at += 2
        else:
            raise NotTakenError("not a GIF")
        while size := _number(data, at, 1):
            at += 1 + size
        at += 1
    if pictures != 1:
        raise NotTakenError("the picture moves" if pictures else "not a GIF")
    _ends(data, at + 1)


def _table(flags: int) -> int:
    """Bytes of the colour table that these flags announce."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _webp(data: bytes) -> Iterator[int]:
    """WebP (RFC 9649) §2.3 to §2.7: RIFF chunks; the canvas and the one picture each say their size."""
    if data[8:12] != b"WEBP":
        raise NotTakenError("not a PNG, JPEG, GIF or WebP")
    end, at, pictures = 8 + _number(data, 4, 4, "little"), 12, 0
    _number(data, end - 1, 1)
    _ends(data, end)
    while at < end:
        kind, length, inner = data[at : at + 4], _number(data, at + 4, 4, "little"), at + 8
        if kind in (b"ANIM", b"ANMF"):
            raise NotTakenError("the picture moves")
        if kind == b"VP8X":
            yield from (_number(data, inner + 4, 3, "little") + 1, _number(data, inner + 7, 3, "little") + 1)
        elif kind == b"VP8 ":
            yield from (_number(data, inner + 6, 2, "little") & 0x3FFF, _number(data, inner + 8, 2, "little") & 0x3FFF)
        elif kind == b"VP8L":
            packed = _number(data, inner + 1, 4, "little")
            yield from ((packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1)
        pictures += kind in (b"VP8 ", b"VP8L")
        at = inner + length + length % 2
    if pictures != 1 or at != end:
        raise NotTakenError("not a WebP")


_KINDS = (
    (b"\x89PNG\r\n\x1a\n", "image/png", _png),
    (b"\xff\xd8\xff", "image/jpeg", _jpeg),
    (b"GIF87a", "image/gif", _gif),
    (b"GIF89a", "image/gif", _gif),
    (b"RIFF", "image/webp", _webp),
)
