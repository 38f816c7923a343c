"""Delivery reports, complaints and read receipts: which mail they are about and whether it is final."""

import logging
import re
from email import message_from_string

from flufl.bounce import all_failures

from helpdesk.channels.email.mail import Address, Bounce, FailedRecipient
from helpdesk.channels.email.reading.bodies import Body
from helpdesk.channels.email.reading.charsets import decode
from helpdesk.channels.email.reading.entities import Entity
from helpdesk.channels.email.reading.headers import Headers, one_line, split

# A traceback of every stranger's mail that trips one of its detectors helps nobody.
logging.getLogger("flufl.bounce").disabled = True

_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded")
_LIMIT = 64 * 1024
_PROSE_LIMIT = 256 * 1024
_RECIPIENTS = 100
_ID = re.compile(
    r"^(?:message-id|original-message-id|x-original-message-id)[ \t]*:[ \t]*<([^<>\s]{1,990})>",
    re.IGNORECASE | re.MULTILINE,
)
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_CODE = re.compile(r"(?<![\d.])([45])\d\d[ -]")
_ADDRESS = re.compile(r"<?([^\s<>()\[\],;:\"']{1,64}@[^\s<>()\[\],;:\"']{1,255}[\w\]])>?")
_RETURNED = re.compile(
    r"^(?:received|return-path|from|to|cc|subject|date|message-id|reply-to|sender|mime-version|content-type"
    r"|delivered-to|user-agent|x-mailer):",
    re.IGNORECASE | re.MULTILINE,
)
_NEAR = 1000
_FAILURE_SUBJECT = re.compile(
    r"undeliver|delivery (?:status|failure|has failed|failed|notification)|returned mail|mail delivery"
    r"|failure notice|mail failure|error sending your mail"
    r"|mail system error|could not be delivered|unzustellbar|nicht zugestellt|inte levereras|olevererbart"
    r"|non remis|échec de (?:la )?remise|no se (?:puede|pudo) entregar|mancato recapito|onbestelbaar",
    re.IGNORECASE,
)
_ANSWER = re.compile(r"^\s{0,5}[^\W\d_]{1,5}\s?(?:\[\d{1,3}\])?\s?:")
_ROBOT = re.compile(
    r"^(?:mailer-daemon|postmaster|mail-?daemon|mdaemon|mailmaster|mail-system|vpopmail)@|^mailer-daemon$",
    re.IGNORECASE,
)


def read(
    root: Entity, headers: Headers, body: Body, sender: Address | None, subject: str, text: str
) -> Bounce | None:
    """None for ordinary mail. A null Return-Path alone proves nothing."""
    report = root.parameters.get("report-type", "").lower() if root.content_type == "multipart/report" else ""
    machine = {part.content_type: part for part in body.message_parts}
    ids = _original_ids(body)
    if report == "feedback-report" or "message/feedback-report" in machine:
        return Bounce("complaint", True, (), ids)
    if report == "disposition-notification" or "message/disposition-notification" in machine:
        fields = _fields(machine.get("message/disposition-notification"))
        found = tuple(m.strip("<> ") for m in fields.get("original-message-id", [])[:1])
        return Bounce("read", False, (), found or ids)
    status = [part for part in body.message_parts if part.content_type in _STATUS_TYPES]
    stated = _from_status(status, ids) if status else None
    if stated is not None and stated.recipients:
        return stated
    failed = headers.text("x-failed-recipients")
    if failed:
        return _bounce(
            [FailedRecipient(one.strip(), "", "") for one in failed.split(",") if "@" in one], text, ids
        )
    null_path = (headers.first("return-path") or b"-").strip() == b"<>"
    is_machine = null_path or _is_robot(sender) or headers.text("auto-submitted").startswith("auto-")
    says_so = bool(_FAILURE_SUBJECT.search(subject))
    if not is_machine and (not says_so or _is_conversation(headers, subject)):
        return stated
    ids = ids or tuple(_ID.findall(text[:_LIMIT])[:10])
    known = _second_opinion(root.raw, text, headers, ids)
    if known is not None:
        return known
    is_prose = says_so and is_machine
    return stated or (_bounce(_from_text(text, headers, sender), text, ids) if is_prose else None)


def _is_conversation(headers: Headers, subject: str) -> bool:
    """A person who asks about a report, quoting it, is no report."""
    return bool(_ANSWER.match(subject)) or headers.first("in-reply-to") is not None


def _second_opinion(raw: bytes, text: str, headers: Headers, ids: tuple[str, ...]) -> Bounce | None:
    """What flufl.bounce makes of it: it knows the prose of some thirty servers, and not where that ends."""
    # As text: of bytes that are no ASCII the standard library makes headers that are no strings.
    mail = message_from_string(raw[:_PROSE_LIMIT].decode("ascii", "replace"))
    try:
        temporary, permanent = all_failures(mail)
    except Exception:  # noqa: BLE001  what strangers wrote may trip it; then there is no second opinion
        return None
    said = [one.decode("ascii", "replace") for one in sorted(permanent or temporary)]
    above = _above_original(text[:_LIMIT]).lower()
    beside = _told(headers) | set(_addresses(text[:_LIMIT].lower()[len(above) :])) - set(_addresses(above))
    addresses = [one for one in said if one.lower() not in beside] or said
    if not addresses:
        return None
    status = _STATUS.search(text[:_LIMIT])
    known = [FailedRecipient(one, status[1] if status else "", "") for one in addresses[:_RECIPIENTS]]
    is_final = bool(permanent) and not (status and status[1].startswith("4"))
    return Bounce("failed" if permanent else "delayed", is_final, tuple(known), ids)


def _is_robot(sender: Address | None) -> bool:
    return sender is not None and bool(_ROBOT.match(sender.email or sender.name))


def _from_status(parts: list[Entity], ids: tuple[str, ...]) -> Bounce:
    """RFC 3464: blocks of fields, one per recipient after the first about the mail as a whole.

    The worst that happened decides; whom it did not happen to is left out. Final is what is not a passing
    error for all of them.
    """
    found: list[tuple[str, FailedRecipient]] = []
    data = b"\n\n".join(part.data()[:_LIMIT] for part in parts[:20])
    text = decode(data, "utf-8").replace("\r\n", "\n")
    for block in text.split("\n\n")[: _RECIPIENTS + 1]:
        fields = _block(block)
        if address := _recipient(fields):
            found.append(_happened(address, fields))
    actions = {action for action, _ in found}
    kind = next((one for one in ("failed", "delayed") if one in actions), "delivered" if found else "failed")
    hit = tuple(one for action, one in found if action == kind or kind == "delivered")
    is_passing = bool(hit) and all(one.status.startswith("4") for one in hit)
    return Bounce(kind, kind == "failed" and not is_passing, hit, ids)


def _happened(address: str, fields: dict[str, list[str]]) -> tuple[str, FailedRecipient]:
    """In a word of RFC 3464: of a server's own, the number tells what it means."""
    status = (fields.get("status") or [""])[0].split(" ")[0][:20]
    diagnostic = (fields.get("diagnostic-code") or [""])[0].partition(";")[2].strip()[:500]
    action = (fields.get("action") or ["failed"])[0].lower().strip()
    if action == "expired":  # a word of SendGrid's, for what RFC 3463 numbers so
        status = status or "4.4.7"
    if action not in _ACTIONS:
        action = "delivered" if status.startswith("2") else "failed"
    return action, FailedRecipient(address, status, diagnostic)


def _recipient(fields: dict[str, list[str]]) -> str:
    """As we wrote to it, where the report says so; the last server may know it under another name."""
    said = [value[0] for name in ("original-recipient", "final-recipient") if (value := fields.get(name))]
    found = [one.rpartition(";")[2].strip(" <>")[:320] for one in said]
    return next((one for one in found if "@" in one and not one.startswith("/")), found[-1] if found else "")


def _bounce(recipients: list[FailedRecipient], text: str, ids: tuple[str, ...]) -> Bounce:
    """For reports without machine-readable part: the codes in the prose decide."""
    status = _STATUS.search(text[:_LIMIT])
    code = _CODE.search(text[:_LIMIT])
    first = status[1][0] if status else (code[1] if code else "5")
    known = [
        FailedRecipient(one.address, status[1] if status else "", "") for one in recipients[:_RECIPIENTS]
    ]
    return Bounce("delayed" if first == "4" else "failed", first == "5", tuple(known), ids)


def _from_text(text: str, headers: Headers, sender: Address | None) -> list[FailedRecipient]:
    """Whom the words above the returned mail name, else all of them; not whom the report is from or to."""
    ours = {*_told(headers), sender.email.lower() if sender else ""}
    for words in (_above_original(text[:8000]), text[:8000]):
        found = (one for one in dict.fromkeys(_addresses(words)) if one.lower() not in ours)
        if named := [FailedRecipient(one, "", "") for one in found if not _ROBOT.match(one)][:3]:
            return named
    return []


def _told(headers: Headers) -> set[str]:
    """Who gets the report."""
    return {one.lower() for name in ("to", "delivered-to") for one in _addresses(headers.text(name))}


def _addresses(text: str) -> list[str]:
    return [one.strip(".") for one in _ADDRESS.findall(text)]


def _above_original(text: str) -> str:
    """Up to where the headers of the mail begin that comes back: three lines of them near each other."""
    starts = [found.start() for found in _RETURNED.finditer(text)]
    near = (one for one, third in zip(starts, starts[2:], strict=False) if third - one < _NEAR)
    return text[: next(near, len(text))]


def _original_ids(body: Body) -> tuple[str, ...]:
    ids: list[str] = []
    for part in body.message_parts:
        if part.content_type in ("message/rfc822", "text/rfc822-headers", "message/global", "text/rfc822"):
            data = part.data()[:_LIMIT]
            headers, _ = split(data, 0, len(data), outermost=True)
            ids += [
                one_line(headers.text(name)).strip("<> ")
                for name in ("message-id", "references", "in-reply-to")
            ]
    split_ids = (one.strip("<>") for found in ids for one in found.replace("><", "> <").split())
    return tuple(one for one in dict.fromkeys(split_ids) if "@" in one)[:30]


def _fields(entity: Entity | None) -> dict[str, list[str]]:
    return _block(decode(entity.data()[:_LIMIT], "utf-8").replace("\r\n", "\n")) if entity else {}


def _block(block: str) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    last = ""
    for line in block.split("\n")[:200]:
        if line[:1] in (" ", "\t") and last:
            fields[last][-1] += " " + line.strip()
        else:
            name, colon, value = line.partition(":")
            if colon:
                last = name.strip().lower()
                fields.setdefault(last, []).append(value.strip())
    return fields
