"""What is new in an answer. Linear, and it only folds: new + signature + quoted is always the whole text."""

import re
from dataclasses import dataclass

from helpdesk.channels.email import languages, lines
from helpdesk.channels.email.carriers import MARKER

SCANNED_LINES = 5000

_DELIMITER = re.compile(r"^[ \t]*(?:--|—|––|__|-- |\*\*|==)[ \t]*$")
_SIGNED_SHORT = re.compile(r"^-{1,2} ?[A-Z][\w.]{0,20}(?: [A-Z]\w{0,20})?$")
_FOOTER = re.compile(r"^[ \t]*(?:--|__|==|—)[-_=—]*[ \t]*$")

_LATE_START = re.compile(r"[ ]?-{0,6}[ ](?P<words>(?:On|Am|Le|El|Il|Op|Den|Em)[ ])")
_SIGNED_LINES = 8
_AFTERTHOUGHTS = ("ps", "p.s", "p. s")


@dataclass(frozen=True, slots=True)
class Reply:
    new: str
    signature: str
    quoted: str


def split(text: str, *, forwarded: bool = False, cut: int | None = None) -> Reply:
    """`cut` is a place (in characters) where the HTML showed the quote to begin."""
    whole = text.split("\n")
    scanned = whole[:SCANNED_LINES]
    quote = None
    if cut is not None:
        quote = _before_attribution(scanned, text.count("\n", 0, cut), cut_inside=True)
    boundary = _first(scanned, quote, forwarded=forwarded)
    if boundary is not None and not any(line.strip() for line in scanned[:boundary]):
        boundary = None
    if (shared := _shared(scanned, boundary)) is not None:
        return _cut_within(text, whole, *shared)
    end = len(whole) if boundary is None else boundary
    start = _signature(scanned, min(end, len(scanned)))
    return Reply(_joined(whole, 0, start), _joined(whole, start, end), _joined(whole, end, len(whole)))


def _shared(scanned: list[str], boundary: int | None) -> tuple[int, int] | None:
    """The line, and the place in it, where an attribution follows the last words of an answer."""
    limit = len(scanned) if boundary is None else boundary + 1
    for index, line in enumerate(scanned[: min(limit, len(scanned) - 1)]):
        if (
            not line.rstrip().endswith(":")
            or lines.quote_depth(line)
            or not lines.quote_depth(scanned[index + 1])
        ):
            continue
        for found in _LATE_START.finditer(line[: lines.LINE_LIMIT]):
            if lines.says_no_when(line[: found.start()]) and lines.attribution(
                [line[found.start("words") :]], 0
            ):
                return None if _answered_below(scanned, index + 1) else (index, found.start())
        return None
    return None


def _cut_within(text: str, whole: list[str], index: int, column: int) -> Reply:
    cut = sum(len(line) + 1 for line in whole[:index]) + column
    above = text[:cut].split("\n")
    start = _signature(above, len(above))
    return Reply(_joined(above, 0, start), _joined(above, start, len(above)), text[cut:])


def _joined(whole: list[str], start: int, end: int) -> str:
    """Each piece keeps its line ends, so that the pieces make the text again."""
    text = "\n".join(whole[start:end])
    return f"{text}\n" if start < end < len(whole) else text


def _first(scanned: list[str], quote: int | None, *, forwarded: bool) -> int | None:
    """Where the quote begins: as the HTML showed it, as text shows it, or at our marker, which stands below
    the words of ours that are answered and so only ends what may still be new."""
    marked = _marked(scanned)
    if quote is None or (marked is not None and quote >= marked):
        usual = _boundary(scanned, forwarded=forwarded)
        quote = usual if quote is None else min(quote, len(scanned) if usual is None else usual)
    if marked is None or quote is not None:
        return quote if marked is None or quote is None else min(quote, marked)
    return None if _is_answered_below_marker(scanned, marked) else marked


def _is_answered_below_marker(scanned: list[str], marked: int) -> bool:
    """Somebody who writes under what they answer: the marker is quoted, and words below it are not."""
    depths = [lines.quote_depth(line) for line in scanned[marked:] if line.strip()]
    return bool(depths) and depths[0] > 0 and not all(depths)


def _marked(scanned: list[str]) -> int | None:
    """Our own marker, or another helpdesk's line."""
    for index, line in enumerate(scanned):
        if ("ref:" in line and MARKER.search(line[: lines.LINE_LIMIT])) or lines.says_write_above(line):
            above = index
            while above and not lines.unquoted(scanned[above - 1]).strip():
                above -= 1
            return _before_attribution(scanned, above)
    return None


def _before_attribution(scanned: list[str], index: int, *, cut_inside: bool = False) -> int:
    """Up over the attribution, header block and rules that stand right above `index`."""
    for start in range(max(0, index - 14), index):
        block = lines.header_block(scanned, start) if start < len(scanned) else None
        end = block.end if block else start + lines.attribution(scanned, start)
        if end > start and not any(lines.unquoted(line).strip() for line in scanned[end:index]):
            return _above(scanned, start)
    return index


def _boundary(scanned: list[str], *, forwarded: bool) -> int | None:
    for index, line in enumerate(scanned):
        if not line.strip() or len(line) > lines.LINE_LIMIT:
            continue
        if lines.is_forward(line):
            return None
        if not forwarded and lines.is_original(line) and lines.quote_depth(line) == 0:
            return index
        if not forwarded and lines.header_block(scanned, index):
            return _above(scanned, index)
        if count := lines.attribution(scanned, index):
            if lines.quote_depth(line):
                return None if _answered_below(scanned, index) else index
            return _if_not_answered(scanned, index, index + count)
        if lines.quote_depth(line):
            return None if _answered_below(scanned, index) else index
    return None


def _above(scanned: list[str], index: int) -> int:
    """Rules and blank lines directly above a header block belong to it."""
    start = index
    while (
        start and index - start < 4 and (not scanned[start - 1].strip() or lines.is_rule(scanned[start - 1]))
    ):
        start -= 1
    while start < index and not scanned[start].strip():
        start += 1
    return start


def _if_not_answered(scanned: list[str], index: int, after: int) -> int | None:
    return None if _answered_below(scanned, after) else index


def _answered_below(scanned: list[str], start: int) -> bool:
    """Whether a person wrote between or below the `>` lines that follow."""
    quoted_before = False
    previous = ""
    index = start
    while index < len(scanned):
        line = scanned[index]
        if not line.strip():
            previous = ""
        elif lines.quote_depth(line):
            quoted_before, previous = True, line
        elif not quoted_before:
            if index - start > 40 or not _quoted_soon(scanned, index):
                return False
        elif _is_footer(line):
            return False
        elif skip := lines.attribution(scanned, index):
            index, previous = index + skip - 1, ""
        elif not (_may_wrap(previous, line) and index + 1 < len(scanned) and _goes_on(scanned[index + 1])):
            return True
        index += 1
    return False


def _may_wrap(previous: str, line: str) -> bool:
    return len(previous) > 54 or (bool(previous) and ("http" in line or "http" in previous))


def _goes_on(following: str) -> bool:
    """A long quoted line that was wrapped: its end stands alone before the next `>`."""
    return bool(lines.quote_depth(following)) or not following.strip()


def _quoted_soon(scanned: list[str], index: int) -> bool:
    return any(lines.quote_depth(line) for line in scanned[index + 1 : index + 3])


def _is_footer(line: str) -> bool:
    return bool(_FOOTER.match(line)) or lines.is_rule(line) or _is_sent_from(line)


def _is_sent_from(line: str) -> bool:
    text = lines.squeezed(line).strip("*_ <[").lower()
    return len(text) < 90 and "," not in text and text.startswith(languages.SENT_FROM)


def _signature(scanned: list[str], end: int) -> int:
    """Where the signature begins; `end` if there is none. Something must stand above it."""
    start = _delimited(scanned, end)
    filled = [index for index in range(start) if scanned[index].strip()]
    for index in filled[max(1, len(filled) - _SIGNED_LINES - 1) :]:
        if _is_closing(scanned[index]):
            below = [scanned[one] for one in filled if one > index]
            is_block = len(below) > 1 and all(_names_somebody(line) for line in below)
            return index if is_block else start
    return start


def _is_closing(line: str) -> bool:
    """With a name alone below it, it is a part of the letter; with posts and numbers, a signature."""
    return len(line) < 60 and lines.lowered(lines.squeezed(line)).strip(" ,.!*_") in languages.CLOSINGS


def _names_somebody(line: str) -> bool:
    """A name, a post, a number to call: no sentence that somebody might miss."""
    text = line.strip()
    is_sentence = text.endswith("?") or (text.endswith((".", "!", ":")) and text.count(" ") > 3)
    return len(text) <= 70 and not is_sentence and not text.lower().startswith(_AFTERTHOUGHTS)


def _delimited(scanned: list[str], end: int) -> int:
    filled = [index for index in range(end) if scanned[index].strip()]
    for index in filled[-8:]:
        if (
            index != filled[0]
            and scanned[index].lstrip().startswith("_" * 10)
            and lines.is_rule(scanned[index])
        ):
            end, filled = index, [one for one in filled if one < index]  # a mailing list's footer
            break
    if len(filled) < 2:
        return end
    for index in filled[1:]:
        if _DELIMITER.match(scanned[index]) and end - index <= 25:
            return index
    for index in filled[-4:]:
        if index != filled[0] and _is_sent_from(scanned[index]):
            return index
    return filled[-1] if _SIGNED_SHORT.match(scanned[filled[-1]].strip()) else end
