"""Small pictures, written by hand: whole ones, and such as say too much of themselves."""

from __future__ import annotations

import struct
import zlib


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int = 8, height: int = 8, more: bytes = b"", colour: bytes = b"\x22\x66\xcc") -> bytes:
    """One colour; `more` chunks before the pixels. Sides above 4,096 are only said."""
    rows = (b"\0" + colour * width) * height if max(width, height) <= 4096 else b""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", head)
        + more
        + png_chunk(b"IDAT", zlib.compress(rows))
        + png_chunk(b"IEND", b"")
    )


def gif(width: int = 1, height: int = 1, pictures: int = 1, inner: tuple[int, int] | None = None) -> bytes:
    """`inner`: what the picture itself says, beside the screen."""
    one = b"\x2c" + struct.pack("<HHHHB", 0, 0, *(inner or (width, height)), 0) + b"\x02\x02\x44\x01\x00"
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\x22\x66\xcc\xff\xff\xff"
    extension = b"\x21\xf9\x04\x00\x00\x00\x00\x00"
    return b"GIF89a" + screen + (extension + one) * pictures + b"\x3b"


def jpeg_segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def jpeg(width: int = 8, height: int = 8, frames: int = 1) -> bytes:
    """Its segments; no decoder would make anything of the coded data."""
    frame = jpeg_segment(0xC0, struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00")
    scan = jpeg_segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x12\xff\x00\x34\xff\xd0\x56"
    return b"\xff\xd8" + jpeg_segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0") + frame * frames + scan + b"\xff\xd9"


def webp_chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def webp_lossy(width: int = 8, height: int = 8) -> bytes:
    return webp_chunk(b"VP8 ", b"\x10\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width, height) + b"\0" * 6)


def webp_lossless(width: int = 8, height: int = 8) -> bytes:
    return webp_chunk(b"VP8L", b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + b"\0" * 4)


def webp_canvas(width: int = 8, height: int = 8, flags: int = 0) -> bytes:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return webp_chunk(b"VP8X", bytes([flags, 0, 0, 0]) + sides)


def webp(*chunks: bytes) -> bytes:
    inner = b"WEBP" + b"".join(chunks or (webp_lossy(),))
    return b"RIFF" + struct.pack("<I", len(inner)) + inner
