"""Header lines of a mail that leaves: only validated parts, never a line end that we did not put there."""

import base64
import re
from collections.abc import Iterable

from helpdesk.channels.email.mail import Address
from helpdesk.errors import Invalid
from helpdesk.parsing import parse_email

LINE = 76
REFERENCES = 20

_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029\ud800-\udfff]+")
_ATOMS = re.compile(r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+$")
_MESSAGE_ID = re.compile(r"^(?=.{3,200}$)[^\s<>@\x00-\x1f\x7f]+@[^\s<>@\x00-\x1f\x7f]+$")


def text(name: str, value: str) -> str:
    """A header of free text: as it stands when it is plain and short, else encoded words."""
    value = one_line(value)
    if not value.isascii() or "=?" in value or any(len(word) > LINE - 2 for word in value.split(" ")):
        return f"{name}: {_encoded(value)}"
    return _folded(name, value.split(" "), " ")


def raw(name: str, value: str) -> str:
    """For values of our own making."""
    if _CONTROLS.search(value) or not value.isascii():
        raise Invalid("header_invalid", field=name)
    return f"{name}: {value}"


def people(name: str, addresses: Iterable[Address]) -> str:
    return _folded(name, [mailbox(address) for address in addresses], ", ")


def ids(name: str, message_ids: Iterable[str]) -> str:
    """The first (the root) and the last twenty, one a line; what is not a well-formed id is left out."""
    good = [one for one in dict.fromkeys(message_ids) if _MESSAGE_ID.match(one) and one.isascii()]
    if len(good) > REFERENCES + 1:
        good = [good[0], *good[-REFERENCES:]]
    return f"{name}: " + "\r\n ".join(f"<{one}>" for one in good) if good else ""


def mailbox(address: Address) -> str:
    email = parse_email(address.email)
    name = one_line(address.name)[:120].strip()
    if not name:
        return email if email.isascii() else f"<{email}>"
    if not name.isascii() or "=?" in name:
        return f"{_encoded(name)} <{email}>"
    if not _ATOMS.match(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{email}>"


def message_id(value: str) -> str:
    if not _MESSAGE_ID.match(value) or not value.isascii() or "@" not in value:
        raise Invalid("message_id_invalid", field="message_id")
    return value


def one_line(value: str) -> str:
    return " ".join(_CONTROLS.sub(" ", value).split(" ")).strip()[:2000]


def _encoded(value: str) -> str:
    """Encoded words of at most 75 characters that never cut a character in two."""
    words: list[str] = []
    chunk = b""
    for char in value:
        data = char.encode("utf-8", "replace")
        if len(chunk) + len(data) > 42:
            words.append(_word(chunk))
            chunk = b""
        chunk += data
    words.append(_word(chunk))
    return "\r\n ".join(words)


def _word(chunk: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(chunk).decode('ascii')}?="


def _folded(name: str, pieces: list[str], separator: str) -> str:
    lines, current = [], f"{name}:"
    for index, piece in enumerate(pieces):
        last = index == len(pieces) - 1
        addition = piece if last else piece + separator.rstrip(" ")
        if len(current) + len(addition) + 1 > LINE and current.strip() != f"{name}:":
            lines.append(current)
            current = ""
        current = f"{current} {addition}"
    return "\r\n".join([*lines, current])
