"""What counts as a word when messages are indexed, sought and marked: one rule for all three. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

_MARKS = re.compile("[\u0300-\u036f]+")
_WORD = re.compile(r"[^\W_]+")

MOST = 10_000
"""So many words of one message are indexed."""
LONGEST = 60
"""Letters of a word that are indexed; keys and encoded files need no more."""
_APART = 100
"""Positions between two texts of one document, so that no phrase runs across them."""


def folded(text: str) -> str:
    """Without case and accents: Å finds a."""
    if text.isascii():
        return text.lower()
    return _MARKS.sub("", unicodedata.normalize("NFKD", text.casefold()))


def words_of(text: str) -> list[str]:
    """In their order, folded; whatever is neither letter nor digit stands between words."""
    return [word[:LONGEST] for word in _WORD.findall(folded(text))]


def places_of(text: str) -> Iterator[tuple[int, int, str]]:
    """Where each word begins and ends, and what it is folded."""
    return ((found.start(), found.end(), folded(found[0])[:LONGEST]) for found in _WORD.finditer(text))


def document(texts: Iterable[tuple[str, str]]) -> str:
    """A tsvector as PostgreSQL reads it, of texts with their weights (A to D)."""
    places: dict[str, list[str]] = {}
    at = 0
    for weight, text in texts:
        for word in words_of(text)[: MOST - at]:
            at += 1
            places.setdefault(word, []).append(f"{at}{weight}")
        at += _APART
    return " ".join(f"{word}:{','.join(where)}" for word, where in places.items())
