"""What somebody typed into the search: words, phrases, and operators such as `is:open`. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from helpdesk.domain.contacts import phone_number
from helpdesk.domain.tickets.search.words import words_of
from helpdesk.errors import Invalid

MOST_TERMS = 8
SHORTEST_BEGINNING = 3
"""Letters from which on a word also finds those that begin with it."""
_SHORTEST_STEM = 4

_PART = re.compile(r'(?:(?P<name>[a-z]+):)?(?:"(?P<phrase>[^"]*)"?|(?P<word>\S+))', re.IGNORECASE)

_DIALLED = re.compile(r"\+?[\d\s()/.-]{6,24}")

_STATUSES: Mapping[str, frozenset[str]] = {
    **{one: frozenset({one}) for one in ("open", "pending", "snoozed", "resolved", "closed", "merged")},
    "done": frozenset({"resolved", "closed"}),
}
_VALUES: Mapping[str, frozenset[str]] = {
    "is": frozenset({*_STATUSES, "unassigned"}),
    "channel": frozenset({"chat", "email", "phone", "api"}),
}
"""Of operators that know but some."""


@dataclass(frozen=True)
class Term:
    """Words one after the other. `is_exact`: as they stand, else the last is also a beginning; `of_people`:
    in the contact's name, addresses or company."""

    words: tuple[str, ...]
    is_exact: bool = False
    of_people: bool = False


@dataclass(frozen=True)
class Asked:
    """Every term, and every filter. `statuses` empty means any, `assignee` is `me`, `nobody` or the
    beginning of a name or address. `phone`: the digits of a number that the whole text is."""

    terms: tuple[Term, ...] = ()
    statuses: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    assignee: str | None = None
    tags: tuple[str, ...] = ()
    number: int | None = None
    phone: str | None = None

    @property
    def is_empty(self) -> bool:
        return self == Asked()


def asked(text: str, channel: str | None = None) -> Asked:
    """Whatever is no operator with a value it knows is words."""
    terms: list[Term] = []
    filters: dict[str, list[str]] = {}
    for part in _PART.finditer(text):
        name, value = (part["name"] or "").lower(), part["phrase"] or part["word"] or ""
        if _is_filter(name, value):
            filters.setdefault(name, []).append(value.lower())
        elif not _is_begun_operator(part[0].lower()):
            named = name == "from"
            spoken = tuple(words_of(value if named or not name else f"{name} {value}"))
            terms += [Term(spoken, part["phrase"] is not None, named)] if spoken else []
    return Asked(
        tuple(terms[:MOST_TERMS]),
        _any_of([_STATUSES[one] for one in filters.get("is", []) if one in _STATUSES]),
        frozenset([*filters.get("channel", []), *([channel] if channel else [])]),
        _assignee(filters),
        tuple(filters.get("tag", [])),
        _number(text),
        _phone(text),
    )


def _is_filter(name: str, value: str) -> bool:
    return value.lower() in _VALUES[name] if name in _VALUES else name in ("assignee", "tag") and bool(value)


def _is_begun_operator(text: str) -> bool:
    """Somebody is still typing it."""
    name, colon, value = text.partition(":")
    if not value:
        return bool(colon) and name in (*_VALUES, "assignee", "tag", "from")
    return any(one.startswith(value) for one in _VALUES.get(name, ()))


def _assignee(filters: Mapping[str, Sequence[str]]) -> str | None:
    named = filters.get("assignee", ())
    return "nobody" if "unassigned" in filters.get("is", ()) else named[-1] if named else None


def _any_of(sets: Sequence[frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*sets)


def _number(text: str) -> int | None:
    digits = text.strip().removeprefix("#")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 18 else None


def _phone(text: str) -> str | None:
    """070-123 45 67 and +46 70 123 45 67 are one number."""
    if not _DIALLED.fullmatch(text.strip()):
        return None
    try:
        return phone_number(text).removeprefix("+")
    except Invalid:
        return None


def tsquery(wanted: Asked, stems: Mapping[str, Sequence[str]]) -> str:
    """All of the words, as PostgreSQL reads it. `stems`: what each word becomes without its ending. A letter
    or two at the end are a word that is still being typed, and narrow nothing yet."""
    terms = wanted.terms
    if len(terms) > 1 and _is_begun(terms[-1]):
        terms = terms[:-1]
    query = " & ".join(alternatives(term, stems) for term in terms)
    return f"({query}) | {wanted.phone}:B" if wanted.phone else query


def whole(terms: Sequence[Term]) -> str:
    """The same for nothing but whole words."""
    return " & ".join(_phrase(term.words, "", "B" if term.of_people else "") for term in terms)


def said(terms: Sequence[Term], stems: Mapping[str, Sequence[str]]) -> str:
    """Any of them, in a message itself or in the names of its files."""
    return " | ".join(alternatives(term, stems, "CD") for term in terms)


def beginning(word: str, stems: Sequence[str]) -> str:
    """What a word has in common with those it may stand for: `deliver` of delivery and deliveries."""
    shortest = word
    for stem in stems:
        common = _common(word, stem).rstrip("i")
        if _SHORTEST_STEM <= len(common) < len(shortest):
            shortest = common
    return shortest


def _is_begun(term: Term) -> bool:
    word = term.words[-1]
    is_short = len(term.words) == 1 and len(word) < SHORTEST_BEGINNING
    return is_short and word.isalpha() and not term.is_exact


def alternatives(term: Term, stems: Mapping[str, Sequence[str]], weights: str = "") -> str:
    """A term with what its last word may stand for, where texts of these weights have it."""
    *before, last = term.words
    within = weights or ("B" if term.of_people else "")
    if term.is_exact or len(last) < SHORTEST_BEGINNING:
        return _phrase(term.words, "", within)
    return _phrase([*before, beginning(last, stems.get(last, ()))], "*", within)


def _phrase(words: Sequence[str], ending: str, weights: str) -> str:
    *before, last = words
    marked = [*(f"{word}:{weights}" for word in before), f"{last}:{ending}{weights}"]
    return "(" + " <-> ".join(word.removesuffix(":") for word in marked) + ")"


def _common(one: str, other: str) -> str:
    length = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    return one[: min(len(one), len(other)) if length is None else length]
