"""How our reading of other projects' mails compares with what their own tests expect of them.

python -m tests.foreign_mails.comparing      a line for each collection, and each difference
"""

import hashlib
import html
import json
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from helpdesk.channels.email import forwards, replies
from helpdesk.channels.email.mail import Address, Mail, Part
from helpdesk.channels.email.reader import read
from helpdesk.channels.email.reading import entities

FOLDER = Path(__file__).parent
COLLECTIONS = sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.glob("*/*.zip"))
"""Kind and project: mails, replies (what is new in one), forwards (who wrote first) or bounces."""

REPORTS = {"message/delivery-status", "text/rfc822-headers"}
_WHITE = re.compile(rb"\s+")
_CHARSET = re.compile(r"(charset=)[\"']?[\w.:-]+", re.IGNORECASE)

GOALS = {"mails": 0.9, "replies": 0.75, "forwards": 0.94, "bounces": 0.9}
"""The share that is read in all as the project expects."""

OWN_GOALS = {"mails/imap_tools": 0.77}
"""Where a project reads so much otherwise on purpose that the goal of its kind cannot hold."""

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
            yield name, [one for one in fields if not _same(one.expected, one.found)]


def _same(expected: Any, found: Any) -> bool:
    """Where the project lost letters (U+FFFD), ours may be any."""
    if isinstance(expected, str) and isinstance(found, str) and "\ufffd" in expected:
        said = (re.escape(words) for words in re.split("\ufffd+", expected))
        return re.fullmatch(".{0,12}?".join(said), found) is not None
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(_same, expected, found))
    return bool(expected == found)


Look = Iterator[tuple[str, Any, Any]]
"""Field, what is expected of it, what we find."""


def _mail(raw: bytes, expected: dict[str, Any]) -> Look:
    found = read(raw)
    for field, wanted in expected.items():
        yield field, wanted, _parts(raw) if field == "parts" else FIELDS[field](found, wanted)


def _parts(raw: bytes) -> list[list[Any]]:
    """Length and digest of what each part says, without the words that stand in none."""
    said = (_WHITE.sub(b" ", leaf.data()).strip() for leaf in _leaves(entities.parse(raw)[0]))
    return [[len(one), hashlib.sha256(one).hexdigest()] for one in said if one]


def _leaves(entity: entities.Entity) -> Iterator[entities.Entity]:
    if entity.content_type == "message/rfc822" and "attachment" not in entity.disposition:
        yield from _leaves(entities.parse(entity.data())[0])
    elif entity.children:
        for child in entity.children:
            yield from _leaves(child)
    elif not entity.headers.text("content-type").lower().startswith("multipart/"):
        yield entity


def _reply(raw: bytes, expected: dict[str, Any]) -> Look:
    yield "new", expected["new"], _plain(replies.split(raw.decode().replace("\r\n", "\n")).new)


def _forward(raw: bytes, expected: dict[str, Any]) -> Look:
    """`under` is the subject it came under."""
    text = raw.decode(errors="replace").replace("\r\n", "\n")
    inner = forwards.read(text, expected.get("under", ""))
    yield "sender", expected["sender"], _person(inner.sender if inner else None)


def _bounce(raw: bytes, expected: dict[str, Any]) -> Look:
    """How many could not be reached counts, and whether that is final where it is told plainly."""
    bounce = read(raw).bounce
    kind = bounce.kind if bounce else None
    yield "kind", expected["kind"], "bounce" if kind in ("failed", "delayed") else kind
    if bounce and "recipients" in expected:
        yield "recipients", expected["recipients"], len(bounce.recipients)
        yield "final", expected.get("final", bounce.permanent), bounce.permanent


def goal(collection: str) -> float:
    return OWN_GOALS.get(collection, GOALS[collection.partition("/")[0]])


_LOOKS = {"mails": _mail, "replies": _reply, "forwards": _forward, "bounces": _bounce}


def _plain(text: str | None) -> str:
    """Words are compared, not how they are broken into lines."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text or "")).strip()


def _person(address: Address | None) -> list[str] | None:
    return [_plain(address.name), address.email.lower()] if address else None


def _people(people: Iterable[Address]) -> list[list[str] | None]:
    """Those who have an address; who has none is named differently by each project."""
    return [_person(one) for one in people if "@" in one.email]


def _called(people: Iterable[Address], wanted: list[list[str]]) -> list[list[str] | None]:
    """Where the project tells no name, or the address for one, any will do."""
    silent = {email for name, email in wanted if name.strip("'") in ("", email)}
    names = {email: name for name, email in wanted if email in silent}
    return [[names[one[1]], one[1]] if one and one[1] in silent else one for one in _people(people)]


def _moment(date: datetime | None) -> str | None:
    return date.isoformat().replace("+00:00", "Z") if date else None


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


def _files(found: Mail, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each file what the project says of it, wherever it stood. What a server reports of a delivery is a
    file of ours; it counts where the project takes it for one."""
    uncounted = REPORTS - {one.get("type") for one in wanted}
    told = [_told(file) for file in found.attachments if file.content_type not in uncounted]
    return wanted if _beside(wanted, told) == [] else told


def _files_told(found: Mail, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same where the project tells some of the files alone."""
    told = [_told(file) for file in found.attachments]
    return told if _beside(wanted, told) is None else wanted


def _beside(wanted: list[dict[str, Any]], told: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """Our files that the project does not tell; None where one that it tells is not among ours."""
    left = list(told)
    for one in wanted:
        same = next((file for file in left if all(_same(one[key], file[key]) for key in one)), None)
        if same is None:
            return None
        left.remove(same)
    return left


def _told(file: Part) -> dict[str, Any]:
    """Two digests: of what it is, and of its lines where the project ends them in a line feed alone."""
    return {
        "name": _plain(file.name),
        "type": file.content_type,
        "size": len(file.data),
        "sha256": hashlib.sha256(file.data).hexdigest(),
        "lines_sha256": hashlib.sha256(file.data.replace(b"\r\n", b"\n")).hexdigest(),
        "content_id": file.content_id,
    }


def _named(found: Mail) -> set[str]:
    return {_plain(file.name) for file in found.attachments}


def _markup(found: Mail) -> str:
    """Pages of one mail stand apart by a line here."""
    return _plain((found.html_as_sent or "").replace("<hr>", " "))


def _has(text: str, wanted: list[Any]) -> list[Any]:
    return [text.count(wanted[1]), wanted[1]]


FIELDS: dict[str, Callable[[Mail, Any], Any]] = {
    "subject": lambda found, _: _plain(found.subject),
    "from": lambda found, _: _person(found.sender),
    "from_first": lambda found, wanted: _first([found.sender] if found.sender else [], wanted),
    "from_shown": lambda found, _: _shown([found.sender] if found.sender else []),
    "to": lambda found, _: _people(found.to),
    "to_shown": lambda found, _: _shown(list(found.to)),
    "to_first": lambda found, wanted: _first(list(found.to), wanted),
    "cc": lambda found, _: _people(found.cc),
    "reply_to": lambda found, _: _people(found.reply_to),
    "date": lambda found, _: _moment(found.date),
    "from_called": lambda found, wanted: next(
        iter(_called([found.sender] if found.sender else [], [wanted])), None
    ),
    "to_called": lambda found, wanted: _called(found.to, wanted),
    "cc_called": lambda found, wanted: _called(found.cc, wanted),
    "message_id": lambda found, _: found.message_id or "",
    "in_reply_to": lambda found, _: list(found.in_reply_to),
    "references": lambda found, _: list(found.references),
    "text": lambda found, _: _plain(found.text),
    "plain": lambda found, _: _plain(found.text_as_sent),
    "text_has": lambda found, wanted: _has(_plain(found.text), wanted),
    "html": lambda found, _: _markup(found),
    "html_has": lambda found, wanted: _has(_markup(found), wanted),
    "html_recoded": lambda found, _: _CHARSET.sub(r"\1_", _markup(found)),
    "html_words": lambda found, _: _words(found.html_as_sent or ""),
    "text_says": lambda found, wanted: [one for one in wanted if one in _plain(found.text)],
    "html_says": lambda found, wanted: [one for one in wanted if one in _markup(found)],
    "files": _files,
    "files_told": _files_told,
    "file_names": lambda found, wanted: [one for one in wanted if one in _named(found)],
    "file_count": lambda found, _: len(found.attachments),
}


def main() -> None:
    console = Console(width=180, highlight=False)
    table = Table("collection", "mails", "all as expected", "goal", "known to differ")
    for collection in COLLECTIONS:
        results, known = list(compared(collection)), KNOWN.get(collection, {})
        share = f"{sum(not differences for _, differences in results) / len(results):.0%}"
        table.add_row(collection, str(len(results)), share, f"{goal(collection):.0%}", str(len(known)))
        for one in (one for _, differences in results for one in differences):
            console.print(f"{collection}/{one.mail} {one.field}: {known.get(one.mail, 'not known')}")
            for side in ("expected", "found"):
                console.print(f"    {side:8} {str(getattr(one, side))[:300]}", markup=False)
    console.print(table)


if __name__ == "__main__":
    main()
