"""What a line of a mail's text is: attribution, header block, separator. Constant work per line."""

import re
from dataclasses import dataclass

from helpdesk.channels.email import languages

LINE_LIMIT = 2000
_ROLES = {label: role for role, labels in languages.LABELS.items() for label in labels}
_LABEL = re.compile(r"^[ \t>*|_]{0,12}([^\W\d_][\w .'’()/-]{0,24}?)[ ]?\*{0,2}[ ]?[:：]\*{0,2}[ \t]?(.*)$")
_DASHED = re.compile(r"^[ >*]{0,6}([-_=—–]{1,40})[ ]?([^-_=—–][^\n]{1,70}?)[ ]?([-_=—–]{1,40})[ ]*$")
_ONE_LINE = re.compile(r"^[ \t>]{0,8}-{3,12}[ ]?([^-\n]{3,50}?)[ ]?-{3,12}[ ]{0,4}(\S.*)$")
_INLINE_LABEL = re.compile(
    "(CC|"
    + "|".join(
        re.escape(word.capitalize())
        for word in sorted(_ROLES, key=len, reverse=True)
        if _ROLES[word] in ("from", "to", "cc", "date", "subject")
    )
    + r")[ ]?(?::[ ]?|(?<=Assunto) |(?<=Dw) )"
)
_RULE = re.compile(r"^[ \t>]{0,6}(?:_{10,200}|-{10,200}|={4,200}|\*{10,200})[ \t]*$")
_DATE = re.compile(
    r"(?<!\d)(?:\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|(?:19|20)\d\d|\d{1,2}[:.h]\d\d|\d{1,2}[月日년월일])"
)
_ISO_START = re.compile(r"^\d{4}[/.年-][ ]?\d{1,2}[/.月-][ ]?\d{1,2}")
_ADDRESS = re.compile(r"[^\s<>@\[\]()]{1,64}@[^\s<>@\[\]()]{1,255}")
_WROTE = frozenset(languages.WROTE)
_FIRST_WORDS = tuple(f"{word} " for word in languages.ON)
_WORD_END = re.compile(r"[\w)]")


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """`end` is the line after it; `values` by role, the first of each."""

    end: int
    values: dict[str, str]


def squeezed(line: str) -> str:
    return " ".join(line[:LINE_LIMIT].replace("\u202f", " ").replace("\xa0", " ").split())


def lowered(text: str) -> str:
    """Lower case in which a Turkish capital I with a dot is an ordinary i."""
    return text.lower().replace("i\u0307", "i")


def quote_depth(line: str) -> int:
    """How many `>` it begins with."""
    depth = 0
    for char in line[:80]:
        if char == ">":
            depth += 1
        elif char not in " \t":
            break
    return depth


def unquoted(line: str) -> str:
    stripped = line.lstrip(" \t")
    while stripped.startswith(">"):
        stripped = stripped[1:].removeprefix(" ")
    return stripped if stripped is not line.lstrip(" \t") else line


def is_rule(line: str) -> bool:
    return bool(_RULE.match(line[:LINE_LIMIT]))


def is_original(line: str) -> bool:
    """`-----Original Message-----` in any language."""
    words = _between_dashes(line)
    if words in languages.ORIGINAL or _before_colon(line) in languages.ORIGINAL:
        return True
    return bool(words) and words.endswith(languages.WROTE) and " " in words


def is_forward(line: str) -> bool:
    words = _between_dashes(line)
    if words.startswith(("forwarded by ", "weitergeleitet von ")):
        return True
    return words in languages.FORWARDED or _before_colon(line) in languages.FORWARDED


def forward_on_one_line(line: str) -> dict[str, str] | None:
    """Yahoo's plain text: separator, labels and values all on one line. Values by role."""
    found = _ONE_LINE.match(line[:LINE_LIMIT].replace("\xa0", " "))
    if found is None or lowered(found[1].strip(" -")) not in languages.FORWARDED:
        return None
    rest = found[2]
    marks = [(m.start(), m.end(), _ROLES[lowered(m[1])]) for m in _INLINE_LABEL.finditer(rest)]
    values: dict[str, str] = {}
    for (_, end, role), following in zip(marks, [*marks[1:], (len(rest), 0, "")], strict=False):
        values.setdefault(role, rest[end : following[0]].strip())
    return values if "from" in values else None


def says_write_above(line: str) -> bool:
    text = squeezed(line).lower()
    return len(text) < 300 and any(phrase in text for phrase in languages.WRITE_ABOVE)


def _between_dashes(line: str) -> str:
    found = _DASHED.match(squeezed(line[:160]).replace("*", ""))
    if found is None or len(found[1]) + len(found[3]) < 3:
        return ""
    return lowered(found[2].strip(" -"))


def _before_colon(line: str) -> str:
    text = lowered(squeezed(unquoted(line[:160])).strip(" *-"))
    return text[:-1].strip(" *") if text.endswith((":", "：")) else ""


def label(line: str) -> tuple[str, str] | None:
    """(role, value) of a line like `From: …` in a known language."""
    found = _LABEL.match(line[:LINE_LIMIT].replace("\xa0", " "))
    if found is None:
        return None
    role = _ROLES.get(lowered(found[1].strip()))
    return (role, found[2].strip(" *\t")) if role else None


def header_block(lines: list[str], start: int, least: int = 3) -> HeaderBlock | None:
    """At least so many different labels, a sender among them, on lines that follow each other."""
    first = label(lines[start])
    if first is None or first[0] == "other":
        return None
    values: dict[str, str] = {first[0]: first[1]}
    last, blanks, strangers, role = start, 0, 0, first[0]
    for index in range(start + 1, min(len(lines), start + 24)):
        line = lines[index]
        if not unquoted(line).strip():
            blanks += 1
            if blanks > 2 or len(values) >= 4 or not _labelled_soon(lines, index + 1):
                break
        elif named := label(line):
            role = named[0]
            values.setdefault(role, named[1])
            last, blanks, strangers = index, 0, 0
            if index - start > 5 and len(values) < 3:
                break
        elif blanks and values.get(role):
            break
        elif (
            (strangers < 6 and _labelled_soon(lines, index + 1))
            or not values[role]
            or _continues(values[role], line)
        ):
            strangers += 1
            last = index
            values[role] = f"{values[role]} {unquoted(line).strip()}".strip()
        else:
            break
    roles = values.keys() - {"other"}
    return HeaderBlock(last + 1, values) if "from" in roles and len(roles) >= least else None


def _labelled_soon(lines: list[str], start: int) -> bool:
    return any(label(line) for line in lines[start : start + 2])


def _continues(value: str, line: str) -> bool:
    """A list of addresses that was broken after a comma or before a bracket."""
    return value.endswith((",", ";")) or (squeezed(line).startswith(("<", "[mailto")) and not _address(value))


def attribution(lines: list[str], start: int) -> int:
    """How many lines from `start` say who wrote what follows: 0 if none do."""
    first = squeezed(unquoted(lines[start])).strip("*_- ")
    lower = first.lower()
    if not first or not (_begins(lower) or _DATE.search(first) or _address(first)):
        return 0
    joined = ""
    for count in range(1, 8):
        if start + count > len(lines):
            return 0
        piece = squeezed(unquoted(lines[start + count - 1])).strip("*_- ")
        if not piece and _goes_on_with_address(lines, start + count):
            continue
        if not piece or len(piece) > 400:
            return 0
        joined = f"{joined} {piece}" if joined else piece
        if _is_attribution(joined):
            return count
    return 0


def says_no_when(text: str) -> bool:
    """Whether these are words of somebody's own: no date, no address, not how an attribution begins."""
    return bool(text.strip()) and not (_begins(text.strip().lower()) or _DATE.search(text) or _address(text))


def _goes_on_with_address(lines: list[str], index: int) -> bool:
    """Polymail leaves a blank line between the name and the address."""
    return index < len(lines) and unquoted(lines[index]).strip() == "<"


def _address(text: str) -> bool:
    return "@" in text and bool(_ADDRESS.search(text))


def _begins(lower: str) -> bool:
    return lower.startswith(_FIRST_WORDS) or lower.startswith(("在", "於", "于", "ב", "في"))


def _is_attribution(text: str) -> bool:
    if len(text) > 500:
        return False
    ended = text.endswith((":", "：", "»:", ":*"))
    if _ISO_START.match(text) and _address(text) and text.endswith((">", ":", "：", "]")):
        return len(text) < 300
    if text.endswith(">:") and _DATE.search(text) and _address(text):
        return len(text) < 300
    body = lowered(text.rstrip(" :：*»"))
    if not ended and not body.endswith(languages.WROTE):
        return False
    verb = _verb(body)
    if not verb or not (ended or body.endswith(verb)):
        return False
    has_date, has_address = bool(_DATE.search(text)), bool(_address(text))
    if not ended:
        return has_date and (has_address or _begins(body)) and body.endswith(verb)
    return has_address or (has_date and (_begins(body) or body.endswith(verb) or verb in body[-80:]))


def _verb(body: str) -> str:
    """The longest verb that stands as a word of its own (scripts without spaces: anywhere)."""
    best = ""
    for verb in _WROTE:
        position = body.rfind(verb)
        if position < 0 or len(verb) <= len(best):
            continue
        before, after = body[position - 1 : position], body[position + len(verb) : position + len(verb) + 1]
        if (not verb[0].isascii() and ord(verb[0]) > 0x2E80) or (
            not _WORD_END.match(before or " ") and not _WORD_END.match(after or " ")
        ):
            best = verb
    return best
