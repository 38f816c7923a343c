"""What is passed on of the pictures that strangers' mails link to: pictures, and no more of them than fit."""

import struct

import pytest

from helpdesk.channels import remote_pictures
from helpdesk.errors import Invalid

VP8X = b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00" + b"\0" * 4


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + b"\x08\x06\0\0\0"


def jpeg(width: int, height: int) -> bytes:
    comment = b"\xff\xfe\x00\x06\xff\xc0ab"  # what looks like a frame inside of it is none
    return b"\xff\xd8" + comment + b"\xff\xff\xc2\x00\x11\x08" + struct.pack(">HH", height, width) + b"\x03"


def vp8l(width: int, height: int) -> bytes:
    bits = (width - 1) | (height - 1) << 14
    return b"RIFF\x00\x00\x00\x00WEBPVP8L\x05\0\0\0\x2f" + struct.pack("<I", bits)


def vp8(width: int, height: int) -> bytes:
    return (
        b"RIFF\x00\x00\x00\x00WEBPVP8 \x0a\0\0\0\0\0\0\x9d\x01\x2a"
        + struct.pack("<HH", width, height)
        + b"\0"
    )


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (png(640, 480), "image/png"),
        (jpeg(640, 480), "image/jpeg"),
        (b"GIF89a" + struct.pack("<HH", 1, 1), "image/gif"),
        (vp8l(640, 480), "image/webp"),
        (vp8(640, 480), "image/webp"),
        (VP8X + bytes.fromhex("7f0200df0100"), "image/webp"),
    ],
)
def test_a_picture_is_what_its_bytes_say(data: bytes, kind: str) -> None:
    assert remote_pictures.kind_of(data) == kind


@pytest.mark.parametrize(
    "data",
    [
        b"", b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", b"<html>",
        b"%PDF-1.7", b"\x89PNG\r\n\x1a\n<html>", b"\xff\xd8\xff\xe0", b"GIF89a",
        b"\xff\xd8\xff\xe0\xff\xff" + b"a" * 9000, b"RIFF\0\0\0\0WEBPVP8X",
        b"BM" + b"\0" * 60, b"II*\0" + b"\0" * 60,
        b"\xff\xd8" + b"\xff\xfe\x00\x02" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_picture_is_not_passed_on(data: bytes) -> None:
    with pytest.raises(Invalid, match="not_a_picture"):
        remote_pictures.kind_of(data)


@pytest.mark.parametrize("size", [(0, 10), (10, 0), (10_001, 1), (1, 65_535), (9_000, 9_000), (2**31, 2**31)])
def test_a_picture_that_claims_to_be_immense_is_not_passed_on(size: tuple[int, int]) -> None:
    with pytest.raises(Invalid, match="picture_size"):
        remote_pictures.kind_of(png(*size))
