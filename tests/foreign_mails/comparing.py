"""How our reading of other projects' mails compares with what their own tests expect of them.

python -m tests.foreign_mails.comparing      a line for each collection, and each difference
"""

import hashlib
import html
import json
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from helpdesk.channels.email import forwards, replies
from helpdesk.channels.email.mail import Address, Mail
from helpdesk.channels.email.reader import read
from helpdesk.channels.email.reading import bodies, entities

FOLDER = Path(__file__).parent
COLLECTIONS = sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.glob("*/*.zip"))
"""Kind and project: mails, replies (what is new in one) or forwards (who wrote first)."""

GOALS = {"mails": 0.9, "replies": 0.75, "forwards": 0.94}
"""The share that is read in all as the project expects."""

KNOWN: dict[str, dict[str, str]] = json.loads((FOLDER / "differences.json").read_text())
"""Collection → mail → why we read it otherwise."""


@dataclass(frozen=True)
class Difference:
    mail: str
    field: str
    expected: Any
    found: Any


def compared(collection: str) -> Iterator[tuple[str, list[Difference]]]:
    """Each mail of a collection with the fields that are not what its project expects."""
    expectations = json.loads((FOLDER / f"{collection}.json").read_text())
    look = _LOOKS[collection.partition("/")[0]]
    with zipfile.ZipFile(FOLDER / f"{collection}.zip") as mails:
        for name, expected in expectations.items():
            fields = [Difference(name, *one) for one in look(mails.read(name), expected)]
            yield name, [one for one in fields if one.expected != one.found]


Look = Iterator[tuple[str, Any, Any]]
"""Field, what is expected of it, what we find."""


def _mail(raw: bytes, expected: dict[str, Any]) -> Look:
    found = Found(read(raw), bodies.collect(entities.parse(raw)[0]).html() or "")
    for field, wanted in expected.items():
        yield field, wanted, FIELDS[field](found, wanted)


def _reply(raw: bytes, expected: dict[str, Any]) -> Look:
    yield "new", expected["new"], _plain(replies.split(raw.decode().replace("\r\n", "\n")).new)


def _forward(raw: bytes, expected: dict[str, Any]) -> Look:
    """`under` is the subject it came under."""
    text = raw.decode(errors="replace").replace("\r\n", "\n")
    inner = forwards.read(text, expected.get("under", ""))
    yield "sender", expected["sender"], _person(inner.sender if inner else None)


_LOOKS = {"mails": _mail, "replies": _reply, "forwards": _forward}


@dataclass(frozen=True)
class Found:
    mail: Mail
    html: str
    """As it came, before it is made safe to show."""


def _plain(text: str | None) -> str:
    """Words are compared, not how they are broken into lines."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text or "")).strip()


def _person(address: Address | None) -> list[str] | None:
    return [_plain(address.name), address.email.lower()] if address else None


def _shown(people: list[Address]) -> list[list[str]]:
    """As a reader sees them: the address where there is no name."""
    return [[_plain(one.name) or one.email, one.email.lower()] for one in people]


def _first(people: list[Address], wanted: list[str]) -> list[str] | None:
    """Where the project says nothing of a name, any will do."""
    found = _person(people[0]) if people else None
    return found if found is None or wanted[0] else ["", found[1]]


def _words(markup: str) -> str:
    shown = re.sub(r"<[^>]*>", "", re.sub(r"<!--.*?-->", "", markup, flags=re.DOTALL))
    return _plain(html.unescape(shown.replace("&nbsp;", " ")))


def _files(found: Found, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each file what the project says of it, wherever it stood."""
    told = [
        {
            "name": file.name,
            "type": file.content_type,
            "size": len(file.data),
            "sha256": hashlib.sha256(file.data).hexdigest(),
            "content_id": file.content_id,
        }
        for file in found.mail.attachments
    ]
    left = list(told)
    for one in wanted:
        same = next((file for file in left if one.items() <= file.items()), None)
        if same is None:
            return told
        left.remove(same)
    return told if left else wanted


def _has(text: str, wanted: list[Any]) -> list[Any]:
    return [text.count(wanted[1]), wanted[1]]


FIELDS: dict[str, Callable[[Found, Any], Any]] = {
    "subject": lambda found, _: _plain(found.mail.subject),
    "from": lambda found, _: _person(found.mail.sender),
    "from_first": lambda found, wanted: _first([found.mail.sender] if found.mail.sender else [], wanted),
    "from_shown": lambda found, _: _shown([found.mail.sender] if found.mail.sender else []),
    "to": lambda found, _: [_person(one) for one in found.mail.to],
    "to_shown": lambda found, _: _shown(list(found.mail.to)),
    "to_first": lambda found, wanted: _first(list(found.mail.to), wanted),
    "cc": lambda found, _: [_person(one) for one in found.mail.cc],
    "reply_to": lambda found, _: [_person(one) for one in found.mail.reply_to],
    "message_id": lambda found, _: found.mail.message_id or "",
    "in_reply_to": lambda found, _: list(found.mail.in_reply_to),
    "references": lambda found, _: list(found.mail.references),
    "text": lambda found, _: _plain(found.mail.text),
    "text_has": lambda found, wanted: _has(_plain(found.mail.text), wanted),
    "html": lambda found, _: _plain(found.html),
    "html_has": lambda found, wanted: _has(_plain(found.html), wanted),
    "html_words": lambda found, _: _words(found.html),
    "files": _files,
    "file_count": lambda found, _: len(found.mail.attachments),
}


def main() -> None:
    console = Console(width=180, highlight=False)
    table = Table("collection", "mails", "all as expected", "goal", "known to differ")
    for collection in COLLECTIONS:
        results, known = list(compared(collection)), KNOWN.get(collection, {})
        share = f"{sum(not differences for _, differences in results) / len(results):.0%}"
        goal = f"{GOALS[collection.partition('/')[0]]:.0%}"
        table.add_row(collection, str(len(results)), share, goal, str(len(known)))
        for one in (one for _, differences in results for one in differences):
            console.print(f"{collection}/{one.mail} {one.field}: {known.get(one.mail, 'not known')}")
            for side in ("expected", "found"):
                console.print(f"    {side:8} {str(getattr(one, side))[:300]}", markup=False)
    console.print(table)


if __name__ == "__main__":
    main()
