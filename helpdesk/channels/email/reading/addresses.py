"""Address lists as they really arrive: split on the raw text first, decoded afterwards."""

import re

from helpdesk.channels.email.mail import Address
from helpdesk.channels.email.reading.charsets import clean
from helpdesk.channels.email.reading.headers import ADDRESS_LIMIT, BLANK, INVISIBLE, decode_text, display_name

PARSED_LIMIT = 500
STORED_LIMIT = 100

_ENCODED_WORD = re.compile(r"=\?[^?\s]{1,60}\?[bBqQ]\?")
_BARE = re.compile(r"[^\s<>,;:()\[\]\"]{1,200}@[^\s<>,;:()\"]{1,255}", re.ASCII)
_ENCODED = re.compile(r"=\?[^?\s]{1,60}\?[bBqQ]\?[^?]{0,2000}\?=")
_LOOSE = re.compile(r"[ \t]{1,20}\.[ \t]{0,20}|[ \t]{1,20}@[ \t]{0,20}|@[ \t]{1,20}")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.){0,300}"')
_ODD = re.compile(r"[@:]")
_QUOTED_LOCAL = re.compile(r'"((?:[^"\\]|\\.){1,64})"[ \t]{0,20}@[ \t]{0,20}([^\s"<>(),;:]{1,255})')
_NO_QUOTES_NEEDED = re.compile(r"[^\s\x00-\x1f\x7f\"(),:;<>@\[\]\\]+\Z")
_OWN_NAME = re.compile(r"[\w!#$%&*+/^`{|}~.-]{1,64}", re.ASCII)
_INVALID = re.compile(r"[\s\x00-\x1f\x7f<>,;]")


def parse(value: bytes, charset: str | None = None, *, own: bool = False) -> list[Address]:
    """At most 500; entries without an address are left out. `own`: not those of people of the sender's own
    house, whose address has no domain (`"Kim" <kim>`)."""
    text = value[:ADDRESS_LIMIT].decode("latin-1")
    if "=?" in text and "@" not in text and "<" in (whole := decode_text(value, charset)):
        text = whole.encode("utf-8", "replace").decode("latin-1")  # a list encoded as one word
    found: list[Address] = []
    for entry in _entries(text)[:PARSED_LIMIT]:
        address = _address(entry, charset)
        found += [address] if address.email else _own(entry, charset) if own else []
    return found[:PARSED_LIMIT]


def parse_sender(value: bytes, charset: str | None = None) -> Address | None:
    return next(iter(parse(value, charset)), None)


def name_alone(value: bytes, charset: str | None = None) -> str:
    """Whom a header names without an address."""
    entry, comments = _without_comments(value[:ADDRESS_LIMIT].decode("latin-1").strip(BLANK))
    before = entry.partition("<")[0].strip(BLANK)
    return _name(comments or before or entry, charset).strip('<>" ')


def parse_text(text: str) -> list[Address]:
    """The same for text that is already decoded, as in the body of a forwarded mail."""
    return parse(text.encode("utf-8", "replace"))


def is_address(email: str) -> bool:
    local, at, domain = email.rpartition("@")
    if not at or not local or not domain or len(email) > 320 or _INVALID.search(email):
        return local.startswith('"') and local.endswith('"') and bool(domain) and len(email) <= 320
    return not domain.startswith((".", "-")) and (not _ODD.search(local) or local.startswith('"'))


def _entries(text: str) -> list[str]:
    """Cut at the commas that separate; a quote that never closes is an ordinary character."""
    entries = _cut(text, quotes=True)
    if entries is None:
        entries = _cut(text, quotes=False) or []
    return _rejoined(entries)


def _cut(text: str, *, quotes: bool) -> list[str] | None:
    entries: list[str] = []
    start = position = comment = closed = 0
    quoted = angle = False
    while position < len(text):
        char = text[position]
        if quoted or comment:
            if char == "\\":
                position += 1
            elif quoted:
                quoted = char != '"'
            else:
                comment += (char == "(") - (char == ")")
        elif char == '"' and quotes:
            quoted = True
        elif char == "(" and quotes:
            comment += 1
        elif char == "=" and (word := _ENCODED_WORD.match(text, position)):
            end = text.find("?=", word.end())
            position = position if end < 0 else end + 1
        elif char == "<":
            start = _after_whole(text, start, closed, entries)
            angle, closed = True, 0
        elif char == ">":
            angle, closed = False, position + 1
        elif char == ":" and not angle and _is_group(text[start:position]):
            start = position + 1
        elif char in ",;\n" and (not angle or char != "," or _is_whole(text, start, position)):
            entries.append(text[start:position])
            start, angle, closed = position + 1, False, 0
        position += 1
    entries.append(text[start:])
    return None if quoted or comment else entries


def _is_whole(text: str, start: int, position: int) -> bool:
    """Whether an angle bracket that nobody closed holds an address; `<@relay,@relay:one@example>` goes on."""
    opened = text[text.rfind("<", start, position) + 1 : position]
    return "@" in opened and (not opened.lstrip().startswith("@") or ":" in opened)


def _after_whole(text: str, start: int, closed: int, entries: list[str]) -> int:
    """Where the entry at hand begins: after one that is whole, where nothing separates two."""
    if "@" not in text[start:closed]:
        return start
    entries.append(text[start:closed])
    return closed


def _is_group(before: str) -> bool:
    return "@" not in before and before.strip().lower() != "mailto"


def _rejoined(entries: list[str]) -> list[str]:
    """`Doe, John <j@d>` without quotes was one entry: a name alone belongs to the bracket after it."""
    whole: list[str] = []
    waiting = ""
    for entry in entries:
        if not entry.strip(BLANK):
            continue
        if waiting and "@" in entry and "<" not in entry:
            whole.append(waiting)
            waiting = ""
        joined = f"{waiting},{entry}" if waiting else entry
        waiting = ""
        if "@" in joined or "<" in joined or "?=" in joined.partition("=?")[2]:
            whole.append(joined)
        elif len(joined) < 200 and '"' not in joined:
            waiting = joined
    return [*whole, waiting] if waiting else whole


def _address(entry: str, charset: str | None) -> Address:
    entry, comments = _without_comments(entry.strip(BLANK))
    opened = entry.rfind("<")
    if opened >= 0:
        email, name = entry[opened + 1 :].partition(">")[0], entry[:opened].rstrip(" \t<")
        if not email.strip(BLANK) and _BARE.search(name):
            return _bare(name, comments, charset)
        return Address(_name(name or comments, charset), _email(email, charset))
    return _bare(entry, comments, charset)


def _bare(entry: str, comments: str, charset: str | None) -> Address:
    if "@" not in entry and _BARE.fullmatch(comments.strip()):
        return Address(_name(entry, charset), _email(comments, charset))
    entry = _LOOSE.sub(lambda mark: mark[0].strip(), entry)
    if quoted := _QUOTED_LOCAL.search(entry):  # what they quote is no address: it stands behind them
        name = entry[: quoted.start()] + " " + entry[quoted.end() :]
        return Address(_name(name.strip(BLANK) or comments, charset), _email(quoted[0], charset))
    if "=?" in entry:
        seen = _ENCODED.sub(" ", entry)
        entry = decode_text(entry.encode("latin-1"), charset).encode("utf-8", "replace").decode("latin-1")
        if "<" in entry:
            return _address(entry, None)
        if not _BARE.search(seen):  # what only decoding makes an address is a name: no filter saw it
            return Address(_name(entry, None), "")
    # What stands in quotes is a name, also where it looks like an address, if there is one beside it.
    bare = _QUOTED.sub(lambda words: " " * len(words[0]), entry)
    found = _BARE.search(bare) or _BARE.search(entry)
    if found is None:
        email = _email(entry, charset)
        return Address("" if email else _name(entry, charset), email)
    name = (entry[: found.start()] + " " + entry[found.end() :]).strip(" \"'[]()<>")
    return Address(_name(name or comments, charset), _email(found[0], charset))


def _own(entry: str, charset: str | None) -> list[Address]:
    """Between angle brackets, or words alone between commas, with or without a comment."""
    entry, comments = _without_comments(entry.strip(BLANK))
    name, opened, rest = entry.rpartition("<")
    emails = [rest.partition(">")[0]] if ">" in rest else entry.split(",") if not opened else []
    emails = [email.strip() for email in emails]
    if not all(_OWN_NAME.fullmatch(email) for email in emails):
        return []
    return [Address(_name(name.strip(BLANK) or comments, charset), email) for email in emails]


def _without_comments(entry: str) -> tuple[str, str]:
    if "(" not in entry:
        return entry, ""
    kept: list[str] = []
    comments: list[str] = []
    depth, quoted, escaped = 0, False, False
    for char in entry:
        if escaped or (char == "\\" and depth):
            escaped = not escaped
            if escaped:
                continue
            comments.append(char)
            continue
        if char == '"' and not depth:
            quoted = not quoted
        if char == "(" and not quoted:
            depth += 1
            comments.append(" ")
        elif char == ")" and depth and not quoted:
            depth -= 1
        else:
            (comments if depth else kept).append(char)
    if depth or not "".join(kept).strip(BLANK):
        return entry, ""
    return "".join(kept).strip(BLANK), "".join(comments)


def _name(raw: str, charset: str | None) -> str:
    raw = raw.strip(BLANK)
    quoted = len(raw) > 1 and raw[0] == raw[-1] == '"'
    if quoted:
        raw = re.sub(r"\\(.)", r"\1", raw[1:-1])
    elif '"' in raw:
        raw = re.sub(r'(?<!\\)"', "", raw).replace('\\"', '"')
    return display_name(decode_text(raw.encode("latin-1"), charset))


def _email(raw: str, charset: str | None) -> str:
    text = decode_text(raw.encode("latin-1"), charset) if raw else ""
    text = INVISIBLE.sub("", clean(text)).strip(" \t,;.")
    if found := _QUOTED_LOCAL.fullmatch(text):
        local = re.sub(r"\\(.)", r"\1", found[1])
        text = f"{local if _NO_QUOTES_NEEDED.match(local) else text.rpartition('@')[0].strip()}@{found[2]}"
    else:
        text = text.strip(" \t'\",;.").removeprefix("mailto:")
        text = re.sub(r"\s+", "", text)
        text = text.rpartition(":")[2] if text.startswith("@") else text  # a source route of old
    local, _, domain = text.rpartition("@")
    email = f"{local}@{domain.lower().strip('.')}"
    return email if is_address(email) else ""
