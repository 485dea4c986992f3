"""What bytes are, told from their frame: four kinds that stand still, whole, and small on every side they name."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.oidc.logos.picture import MAX_SIDE, NotTakenError, media_type_of
from tests.support.pictures import (
    gif,
    jpeg,
    jpeg_segment,
    png,
    png_chunk,
    webp,
    webp_canvas,
    webp_chunk,
    webp_lossless,
    webp_lossy,
)

GOOD = {
    "png": (png(), "image/png"),
    "png with colours": (png(more=png_chunk(b"gAMA", b"\0\0\xb1\x8f")), "image/png"),
    "png at the limit": (png(MAX_SIDE, 1), "image/png"),
    "jpeg": (jpeg(), "image/jpeg"),
    "jpeg with fill bytes": (jpeg()[:-2] + b"\xff\xff\xd9", "image/jpeg"),
    "gif": (gif(), "image/gif"),
    "gif of 1987": (b"GIF87a" + gif()[6:], "image/gif"),
    "webp": (webp(), "image/webp"),
    "webp without loss": (webp(webp_lossless()), "image/webp"),
    "webp with a profile": (webp(webp_canvas(), webp_chunk(b"ICCP", b"abc"), webp_lossy()), "image/webp"),
}
BIG = MAX_SIDE + 1
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
BAD = {
    "nothing": b"",
    "svg": SVG,
    "svg behind a declaration": b'<?xml version="1.0"?>' + SVG,
    "html": b"<!doctype html><script>alert(1)</script>",
    "html after the first bytes of a png": b"\x89PNG\r\n\x1a\n<script>alert(1)</script>",
    "html after the first bytes of a gif": b"GIF89a=1;/*<script>*/",
    "icon": b"\0\0\1\0\1\0" + bytes(40),
    "bitmap": b"BM" + bytes(60),
    "sound": b"RIFF\x24\0\0\0WAVEfmt " + bytes(40),
    "something behind a png": png() + b"<script>",
    "something behind a jpeg": jpeg() + b"<script>",
    "something behind a gif": gif() + b"<script>",
    "something behind a webp": webp() + b"<script>",
    "no end of a png": png()[:-12],
    "a png whose end is elsewhere": png() + png_chunk(b"IEND", b""),
    "png without a head": b"\x89PNG\r\n\x1a\n" + png_chunk(b"IEND", b""),
    "two heads": png(more=png_chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))),
    "moving png": png(more=png_chunk(b"acTL", struct.pack(">II", 2, 0))),
    "moving gif": gif(pictures=2),
    "gif without a picture": gif(pictures=0),
    "moving webp": webp(webp_canvas(flags=2), webp_chunk(b"ANIM", bytes(6)), webp_chunk(b"ANMF", bytes(16))),
    "webp without a picture": webp(webp_canvas()),
    "webp of two pictures": webp(webp_lossy(), webp_lossy()),
    "wide png": png(BIG, 1),
    "high png": png(1, BIG),
    "a bomb": png(0x7FFFFFFF, 0x7FFFFFFF),
    "png of no size": png(0, 0),
    "wide jpeg": jpeg(BIG, 1),
    "high jpeg": jpeg(1, 65535),
    "jpeg of no height": jpeg(8, 0),
    "jpeg of two frames": jpeg(frames=2),
    "jpeg without a frame": jpeg(frames=0),
    "jpeg that starts twice": b"\xff\xd8" + jpeg(),
    "jpeg of another kind of number": jpeg()[:2] + jpeg_segment(0xC4, b"")[:3],
    "wide gif": gif(BIG, 1),
    "gif larger than its screen": gif(1, 1, inner=(65535, 65535)),
    "wide webp": webp(webp_lossy(BIG, 1)),
    "wide webp without loss": webp(webp_lossless(16384, 16384)),
    "wide canvas": webp(webp_canvas(1 << 24, 1 << 24), webp_lossy()),
    "picture larger than its canvas": webp(webp_canvas(), webp_lossy(16383, 16383)),
}


@pytest.mark.parametrize("name", GOOD)
def test_whole_small_pictures_are_taken(name: str) -> None:
    data, kind = GOOD[name]
    assert media_type_of(data) == kind


@pytest.mark.parametrize("name", BAD)
def test_everything_else_is_not(name: str) -> None:
    with pytest.raises(NotTakenError):
        media_type_of(BAD[name])


@pytest.mark.parametrize("name", GOOD)
def test_a_part_of_a_picture_is_none(name: str) -> None:
    data, _ = GOOD[name]
    for end in range(0, len(data), 1 if len(data) < 200 else 7):
        with pytest.raises(NotTakenError):
            media_type_of(data[:end])


@given(st.sampled_from([data for data, _ in GOOD.values()]), st.data())
def test_a_picture_with_other_bytes_in_it_is_taken_or_not_and_never_fails(good: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(good)))
    changed = good[:at] + data.draw(st.binary(max_size=12)) + good[at + data.draw(st.integers(0, 12)) :]
    with suppress(NotTakenError):
        assert media_type_of(changed).startswith("image/")


@given(st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF"]), st.binary(max_size=200))
def test_no_beginning_is_enough(begins: bytes, rest: bytes) -> None:
    with pytest.raises(NotTakenError):
        media_type_of(begins + rest)
