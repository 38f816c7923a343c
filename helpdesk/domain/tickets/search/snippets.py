"""What of a text is shown of a find, with the words that were sought marked. Pure."""

from collections.abc import Callable, Mapping, Sequence

from helpdesk.domain.tickets.search.asking import SHORTEST_BEGINNING, Term, beginning
from helpdesk.domain.tickets.search.words import places_of

LENGTH = 160
_BEFORE = 40
"""Letters shown before the first word that was found."""

Parts = list[tuple[str, bool]]
"""Pieces of a text in their order; True where it was sought."""


Sought = Callable[[str], bool]


def matcher(terms: Sequence[Term], stems: Mapping[str, Sequence[str]]) -> Sought:
    """Whether a word, folded, is one of those that were sought."""
    whole = {word for term in terms for word in term.words}
    open_ends = {term.words[-1] for term in terms if not term.is_exact}
    starts = tuple(
        beginning(word, stems.get(word, ())) for word in open_ends if len(word) >= SHORTEST_BEGINNING
    )
    return lambda word: word in whole or word.startswith(starts)


def marked(text: str, is_sought: Sought) -> Parts:
    """The whole text."""
    parts: Parts = []
    done = 0
    for begin, end, word in places_of(text):
        if is_sought(word):
            parts += [(text[done:begin], False), (text[begin:end], True)]
            done = end
    return [part for part in (*parts, (text[done:], False)) if part[0]]


def snippet(text: str, is_sought: Sought) -> Parts:
    """A line of it around the first word that was sought; its beginning where there is none."""
    text = " ".join(text.split())
    first = next((begin for begin, _, word in places_of(text) if is_sought(word)), 0)
    begin = 0 if first <= _BEFORE else text.find(" ", first - _BEFORE, first) + 1 or first
    end = begin + LENGTH
    if end < len(text):
        end = max(text.rfind(" ", begin + LENGTH // 2, end), 0) or end
    parts = marked(text[begin:end], is_sought)
    return [*([("… ", False)] if begin else []), *parts, *([(" …", False)] if end < len(text) else [])]
