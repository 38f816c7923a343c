"""The mail inside a forwarded mail: who wrote it first, to whom, and what. Table-driven and linear."""

import re

from helpdesk.channels.email import languages, lines
from helpdesk.channels.email.mail import Address, Forwarded
from helpdesk.channels.email.reading.addresses import parse_text

_PREFIX = re.compile(r"^\s{0,5}([^\W\d_][\w.̇]{0,14})\s?(?:\[\d{1,3}\])?\s?[:：]\s?")
_MAILTO = re.compile(r"[<\[]\s?mailto:\s?([^<>\[\]\s]{1,320})\s?[>\]]{1,2}", re.IGNORECASE)
_TWICE = re.compile(r"([^<>\[\]\s,;]{1,320})[<\[]\s?mailto:\s?\1\s?[>\]]", re.IGNORECASE)
_BRACKETED = re.compile(r"\[([^\[\]\s]{1,64}@[^\[\]\s]{1,255})\]")
_QUOTES = str.maketrans(dict.fromkeys("“”„«»", '"'))
_ON_BEHALF = re.compile(
    r" (?:on behalf of|im auftrag von|de la part de|en nombre de|em nome de|per conto di|namens|för"
    r"|på vegne af|på vegne av|w imieniu) ",
    re.IGNORECASE,
)
# What stands between the moment and the name in "2021. 06. 15. 14:06 időpontban John Doe … ezt írta:".
_BEFORE_NAME = re.compile(
    r"[,:]|\d{4}|\d\d:\d\d|\b(?:skrev|schrieb|heeft|időpontban|používateľ|uživatel|użytkownik|korisnik)\b"
)
_VALUE_LIMIT = 8000
_WHEN = re.compile(r"\d[\w.,:/+ -]{3,60}")
_WHEN_LAST = re.compile(r"\d[\d.,:/ -]{3,40}")
_EMAIL = re.compile(r"[^\s<>()\[\],;:\"']{1,64}@[^\s<>()\[\],;:\"']{1,255}")


def is_forward_subject(subject: str) -> bool:
    """`VS` and `RES` mean an answer in one country and a forward in another: here they are forwards."""
    found = _PREFIX.match(subject[:200])
    return bool(found) and found is not None and found[1].lower() in languages.FORWARD_PREFIXES


def was_forwarded(subject: str) -> bool:
    """Also when it was answered since: somebody else has had it."""
    while (found := _PREFIX.match(subject[:200])) is not None:
        if found[1].lower() not in languages.REPLY_PREFIXES + languages.FORWARD_PREFIXES:
            return False
        if is_forward_subject(subject):
            return True
        subject = subject[found.end() :]
    return False


def plain_subject(subject: str) -> str:
    """Without any answer or forward prefixes; what two mails of one thread have in common."""
    for _ in range(10):
        found = _PREFIX.match(subject[:200])
        if found is None or found[1].lower() not in languages.REPLY_PREFIXES + languages.FORWARD_PREFIXES:
            break
        subject = subject[found.end() :]
    return subject.strip()


def read(text: str, subject: str = "") -> Forwarded | None:
    """None when this is no forward, or when nobody can be made out as its first sender."""
    whole = text[:1_000_000].split("\n")[:5000]
    forward, unnamed = is_forward_subject(subject), not subject.strip()
    for index, line in enumerate(whole):
        if not line.strip():
            continue
        if lines.is_forward(line):
            return _inner(whole, index, index + 1, subject)
        if values := lines.forward_on_one_line(line):
            return _from_block(whole, index, lines.HeaderBlock(index + 1, values), subject)
        if lines.is_original(line) and not forward:
            answered = not lines.quote_depth(line) or _answers(whole[:index])
            return None if answered else _inner(whole, index, index + 1, subject)
        if unnamed and line.startswith("_" * 30) and (block := _below(whole, index)):
            return None if _answers(whole[:index]) else _from_block(whole, index, block, subject)
        if not forward:
            continue
        if block := lines.header_block(whole, index):
            return _from_block(whole, index, block, subject)
        if count := lines.attribution(whole, index):
            return _from_attribution(whole, index, count, subject)
    return None


def _answers(before: list[str]) -> bool:
    """Whether an attribution stands above: then this is an answer that quotes a forward."""
    return any(lines.attribution(before, index) for index in range(len(before)) if before[index].strip())


def _below(whole: list[str], rule: int) -> lines.HeaderBlock | None:
    return lines.header_block(whole, rule + 1) if rule + 1 < len(whole) else None


def _inner(whole: list[str], separator: int, start: int, subject: str) -> Forwarded | None:
    for index in range(start, min(len(whole), start + 8)):
        if not lines.unquoted(whole[index]).strip():
            continue
        if block := lines.header_block(whole, index, least=2):
            return _from_block(whole, separator, block, subject)
        if count := lines.attribution(whole, index):
            return _from_attribution(whole, separator, count + index - separator, subject)
    return None


def _from_block(whole: list[str], start: int, block: lines.HeaderBlock, subject: str) -> Forwarded | None:
    sender = _mailbox(block.values.get("from", ""))
    if sender is None:
        return None
    return Forwarded(
        sender=sender,
        to=_people(block.values.get("to", "")),
        cc=_people(block.values.get("cc", "")),
        subject=block.values.get("subject", "") or plain_subject(subject),
        date=block.values.get("date", "")[:200],
        body=_body(whole[block.end :], quoted=lines.quote_depth(whole[block.end - 1]) > 0),
        comment=_comment(whole[:start]),
    )


def _from_attribution(whole: list[str], start: int, count: int, subject: str) -> Forwarded | None:
    said = lines.squeezed(" ".join(lines.unquoted(line) for line in whole[start : start + count]))
    said = _tidy(said)
    found = _EMAIL.search(said)
    if found is None:
        return None
    before = said[: found.start()]
    name = _name_before(before)
    return Forwarded(
        sender=Address(name, found[0]), to=(), cc=(), subject=plain_subject(subject),
        date=_moment(before.rpartition(name)[0] if name else before, said[found.end() :]),
        body=_body(whole[start + count :]), comment=_comment(whole[:start]),
    )  # fmt: skip


def _moment(before: str, after: str) -> str:
    """What "On <date>, <name> wrote:" says of when, as it stands; some languages say it last."""
    found = _WHEN.search(before) or _WHEN_LAST.search(after)
    return found[0].strip(" ,:-.") if found else ""


def _name_before(said: str) -> str:
    said = said.rstrip(" <([").replace("\ufeff", "")
    if said.endswith('"'):
        return said[:-1].rpartition('"')[2].strip()
    return _BEFORE_NAME.split(said[-120:])[-1].strip()


def _mailbox(value: str) -> Address | None:
    value = _tidy(_ON_BEHALF.split(value, maxsplit=1)[0])
    found = parse_text(value)
    if found:
        name = found[0].name.partition("<")[0].strip(" \"'*")
        return Address("" if name == found[0].email else name, found[0].email)
    name = value.strip("\"' *")
    return Address(name[:200], "") if name else None


def _people(value: str) -> tuple[Address, ...]:
    """A name that only says the address again is none."""
    found = parse_text(_tidy(value))[:100]
    return tuple(Address("" if one.name.lower() == one.key else one.name, one.email) for one in found)


def _tidy(value: str) -> str:
    """`[mailto:a@b]`, `<a@b<mailto:a@b>>` and typographic quotes become an ordinary address."""
    value = _TWICE.sub(r"\1", value[:_VALUE_LIMIT].translate(_QUOTES).replace("\xa0", " "))
    value = _BRACKETED.sub(r"<\1>", _MAILTO.sub(r"<\1>", value))
    doubled = re.match(r"^(.{0,300}?)<?([^<>\s]{1,320})<([^<>\s]{1,320})>{1,2}\s?$", value)
    if doubled and doubled[2] == doubled[3]:
        value = f"{doubled[1]}<{doubled[3]}>"
    return value.strip()


def _body(rest: list[str], *, quoted: bool = False) -> str:
    """Unquoted once when its headers or all of its lines are quoted (as Apple Mail forwards)."""
    filled = [line for line in rest if line.strip()]
    if quoted or (filled and all(lines.quote_depth(line) for line in filled)):
        rest = [re.sub(r"^\s?> ?", "", line) for line in rest]
    return "\n".join(rest).strip("\n ")


def _comment(before: list[str]) -> str:
    while before and (not before[-1].strip() or lines.is_rule(before[-1]) or lines.is_original(before[-1])):
        before = before[:-1]
    return "\n".join(before).strip("\n ")
