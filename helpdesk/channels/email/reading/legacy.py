"""Files in the text itself, as old programs still send them: uuencode."""

import binascii
import re

_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{0,200})\r?$", re.MULTILINE)
_BLOCKS = 20


def from_uuencode(body: bytes) -> bytes:
    """The content of the first block, or nothing."""
    found = _BEGIN.search(body)
    return _lines(body, found.end())[0] if found else b""


def cut_uuencoded(body: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    """A text without its uuencoded blocks, and the files in them (at most 20)."""
    files: list[tuple[str, bytes]] = []
    kept: list[bytes] = []
    position = 0
    for _ in range(_BLOCKS):
        found = _BEGIN.search(body, position)
        if found is None:
            break
        data, end = _lines(body, found.end())
        if not data:
            kept.append(body[position : found.end()])
            position = found.end()
            continue
        kept.append(body[position : found.start()])
        files.append((found[1].decode("utf-8", "replace"), data))
        position = end
    kept.append(body[position:])
    return b"".join(kept), files


def _lines(body: bytes, position: int) -> tuple[bytes, int]:
    out: list[bytes] = []
    while position < len(body):
        end = body.find(b"\n", position) + 1 or len(body)
        line = body[position:end].rstrip(b"\r\n")
        position = end
        if line == b"end":
            break
        if not line or line in (b"`", b" "):
            continue
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            size = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                out.append(binascii.a2b_uu(line[:size]))
            except binascii.Error:
                break
    return b"".join(out), position
