"""Files from outside: a safe name, and a type that makes no browser show what is no picture."""

import re
import unicodedata
from pathlib import PurePosixPath
from urllib.parse import quote

import puremagic

from helpdesk.domain.tickets.attachments import StoredFile
from helpdesk.storage.files import Stored

SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What a browser may show in place; everything else is a download."""

LONGEST_NAME = 200

_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,80}/[a-z0-9!#$&^_.+-]{1,100}")
"""What is in a `winmail.dat` has passed no reader of headers."""


def describe(
    stored: Stored, name: str, data: bytes, content_id: str | None = None, *, said: str = ""
) -> StoredFile:
    """`said` is the type that a mail gives it."""
    kind = media_type(data, said)
    return StoredFile(stored.key, safe_name(name), kind, stored.size, stored.sha256, content_id)


def media_type(data: bytes, said: str) -> str:
    """What was said, since that knows better (a sheet, a calendar), where it is a type at all; of pictures
    only the bytes tell."""
    found, said = sniffed(data), said if _TYPE.fullmatch(said) else ""
    is_picture = found in SHOWN or said.startswith("image/")
    return found if is_picture else said or found


def as_named(sent: str) -> str:
    """A file's name as it was before a browser put it into a form: of what it escapes, quotes come back and
    line ends are left out. It escapes nothing else, so nothing else is undone."""
    return sent.replace("%22", '"').replace("%0D", "").replace("%0A", "")


def safe_name(name: str) -> str:
    """The last part of a path, NFC, without control, format and bidi characters; never empty."""
    base = PurePosixPath(name.replace("\\", "/")).name
    shown = "".join(c for c in unicodedata.normalize("NFC", base) if unicodedata.category(c)[0] != "C")
    shown = shown.strip(" .")
    stem, dot, ending = shown.rpartition(".")
    if len(shown) > LONGEST_NAME and dot and len(ending) <= 10:
        shown = stem[: LONGEST_NAME - len(ending) - 1] + "." + ending
    return shown[:LONGEST_NAME] or "file"


def sniffed(data: bytes) -> str:
    """The media type of the first bytes; plain text and what nobody recognises stay harmless."""
    if not data:
        return "application/octet-stream"
    try:
        kind = puremagic.from_string(data[:8192], mime=True)
    except (puremagic.PureError, ValueError, IndexError):
        kind = ""
    return kind or ("text/plain" if _is_text(data[:4096]) else "application/octet-stream")


def disposition(name: str, *, inline: bool) -> str:
    """Content-Disposition with the name in both forms (RFC 6266)."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in name)
    return f"{'inline' if inline else 'attachment'}; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError as failure:
        return failure.start > len(data) - 4 and len(data) > 4
    return b"\x00" not in data
