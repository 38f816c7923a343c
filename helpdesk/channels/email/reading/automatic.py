"""Whether a machine wrote a mail, which kind of machine, and by which header we know."""

import re

from helpdesk.channels.email.mail import Address
from helpdesk.channels.email.reading.headers import Headers

_REPLY_HEADERS = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply-from", "x-mail-autoreply")
_RULES_LOOP = "x-ms-exchange-inbox-rules-loop"
_ROBOTS = re.compile(r"^(?:mailer-daemon|postmaster|mail-daemon|mdaemon)$", re.IGNORECASE)
_UNANSWERED = re.compile(
    r"^(?:mailer-daemon|postmaster|mdaemon|bounces?[+=.-].*|bounces?"
    r"|(?:do[-_.]?)?no[-_.]?t?[-_.]?repl(?:y|ies)"
    r"|do[-_.]?not[-_.]?reply|noreply.*|no-reply.*|donotreply.*|nobody|svara-?ej"
    r"|keine-?antwort|ne-?pas-?repondre)$",
    re.IGNORECASE,
)
_OUT_OF_OFFICE = re.compile(
    r"^(?:auto(?:matic)?[- ]?(?:reply|response|antwort|svar)|automatische? (?:antwort|abwesenheit)"
    r"|automatiskt svar|autosvar|out of (?:the )?office|abwesenheit|abwesend"
    r"|réponse automatique|respuesta automática"
    r"|risposta automatica|resposta automática|automatisch antwoord"
    r"|frånvaro|ej på kontoret"
    r"|automaattinen vastaus|odpowiedź automatyczna|автоответ)",
    re.IGNORECASE,
)


def signals(
    headers: Headers, sender: Address | None, subject: str, *, is_bounce: bool
) -> tuple[str | None, str | None]:
    """(kind, reason); an answer by a machine counts before mail by a machine, and that before a list."""
    if is_bounce:
        return "bounce", "delivery report"
    submitted = headers.text("auto-submitted").lower()
    precedence = headers.text("precedence").lower().strip()
    if reason := _answering(headers, submitted, precedence):
        return "auto_replied", reason
    if reason := _generated(headers, sender, submitted):
        return ("auto_replied" if _OUT_OF_OFFICE.match(subject) else "auto_generated"), reason
    return _bulk(headers, precedence)


def _answering(headers: Headers, submitted: str, precedence: str) -> str | None:
    if submitted.startswith("auto-replied"):
        return "auto-submitted"
    for name in _REPLY_HEADERS:
        if (headers.first(name) or b"no").strip().lower() not in (b"no", b"false", b"0"):
            return name
    if precedence.replace("-", "_") == "auto_reply":
        return "precedence"
    return _RULES_LOOP if headers.first(_RULES_LOOP) is not None else None


def _generated(headers: Headers, sender: Address | None, submitted: str) -> str | None:
    if submitted and not submitted.startswith("no"):
        return "auto-submitted"
    if suppressed(headers):
        return "x-auto-response-suppress"
    if _null_path(headers):
        return "return-path"
    if sender and _ROBOTS.match(sender.email.partition("@")[0]):
        return "from"
    return "x-loop" if headers.first("x-loop") is not None else None


def _bulk(headers: Headers, precedence: str) -> tuple[str | None, str | None]:
    for name in ("list-id", "list-unsubscribe"):
        if headers.first(name) is not None:
            return "list", name
    if precedence in ("bulk", "junk", "list"):
        return ("list" if precedence == "list" else "bulk"), "precedence"
    return None, None


def suppressed(headers: Headers) -> bool:
    words = headers.text("x-auto-response-suppress").lower()
    return any(word.strip() in ("all", "oof", "autoreply") for word in words.split(","))


def may_acknowledge(headers: Headers, sender: Address | None, auto: str | None) -> bool:
    """An automatic answer goes to people only, at an address that somebody reads."""
    if auto is not None or sender is None or not sender.email or suppressed(headers):
        return False
    return is_answered(sender)


def is_answered(address: Address) -> bool:
    """Whether somebody is likely to read what is sent there."""
    return bool(address.email) and not _UNANSWERED.match(address.email.partition("@")[0])


def _null_path(headers: Headers) -> bool:
    value = headers.first("return-path")
    return value is not None and value.strip() == b"<>"
