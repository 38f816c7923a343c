"""Placeholders: a fixed list of words, filled in once; what people call themselves stays plain text."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

PLACEHOLDERS = (
    "contact.first_name", "contact.name", "company.name", "ticket.number", "agent.first_name", "agent.name",
    "inbox.name",
)  # fmt: skip
_MARK = re.compile(r"\{\{([^{}\n]*)\}\}")
_MARKDOWN = re.compile(r"[\[\]<>*_`#~|\\{}]")
_LONGEST_VALUE = 120


@dataclass(frozen=True)
class Piece:
    """A stretch of the text: as it was written, filled in, or a placeholder nothing is known for."""

    text: str
    kind: Literal["written", "value", "missing"]


def fill(body: str, values: Mapping[str, str]) -> list[Piece]:
    """`{{contact.first_name}}` becomes its value, `{{contact.first_name|there}}` without one what stands
    behind the bar, and without either stays as it is."""
    pieces, end = [], 0
    for mark in _MARK.finditer(body):
        pieces.append(Piece(body[end : mark.start()], "written"))
        word, _, otherwise = mark[1].partition("|")
        value = _plain(values.get(word.strip(), "")) or otherwise.strip()
        known = value and word.strip() in PLACEHOLDERS
        pieces.append(Piece(value, "value") if known else Piece(mark[0], "missing"))
        end = mark.end()
    return [one for one in [*pieces, Piece(body[end:], "written")] if one.text]


def text_of(pieces: Sequence[Piece]) -> str:
    return "".join(one.text for one in pieces)


def missing_in(pieces: Sequence[Piece]) -> list[str]:
    """Placeholders that are left for the agent to write over."""
    return [one.text for one in pieces if one.kind == "missing"]


def unknown_in(body: str) -> list[str]:
    """Marks that no ticket could ever fill in."""
    marks = _MARK.finditer(body)
    return [mark[0] for mark in marks if mark[1].partition("|")[0].strip() not in PLACEHOLDERS]


def first_name(name: str) -> str:
    """Of `Beth Hargreaves` or `Hargreaves, Beth`; of an address there is none."""
    if "@" in name:
        return ""
    family, comma, given = name.partition(",")
    return next(iter((given if comma and given.strip() else family).split()), "")


def _plain(value: str) -> str:
    """Nothing a stranger chose becomes a link, a heading or a placeholder of a mail."""
    return " ".join(_MARKDOWN.sub("", value).split())[:_LONGEST_VALUE]
