"""How the widget of a chat inbox is set up: what lies in the inbox's settings, typed and checked."""

import re
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

from helpdesk.actors import Role
from helpdesk.domain import inboxes, permissions
from helpdesk.errors import Invalid
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

Texts = dict[str, str]
"""A sentence by language."""

KINDS = ("text", "email", "phone", "choice")
BRAKES = ("auto", "on", "off")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ORIGIN = re.compile(r"https?://[a-z0-9.*-]+(:\d{1,5})?", re.IGNORECASE)
_MOST = {"fields": 8, "quick_replies": 6, "invitations": 10, "origins": 50}
_LONGEST = 2000


@dataclass(frozen=True)
class Field:
    """Asked before the chat. `name` and `email` are the visitor's own; the rest is told to the agents."""

    key: str
    label: Texts
    kind: str = "text"
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Invitation:
    """Shown to somebody who has been on a matching page for so many seconds. `page` is a part of its address;
    `attribute` and `value` what the site said of its visitor."""

    text: Texts
    page: str = ""
    seconds: int = 20
    attribute: str = ""
    value: str = ""


@dataclass(frozen=True)
class Setup:
    shown_name: str = ""
    greeting: Texts = field(default_factory=dict)
    accent: str = ""
    header: str = ""
    scheme: str = ""
    fields: tuple[Field, ...] = ()
    consent: Texts = field(default_factory=dict)
    consent_link: str = ""
    quick_replies: tuple[Texts, ...] = ()
    invitations: tuple[Invitation, ...] = ()
    invitation_pause_days: int = 7
    """Nobody is invited more often than this."""
    invitation_longest_queue: int = 5
    """With more people waiting, nobody is invited."""
    unread_mail_minutes: int = 10
    """After so long an answer nobody has seen goes out by mail; 0 never."""
    origins: tuple[str, ...] = ()
    """Sites that may show the widget; none named: all."""
    identity_required: bool = False
    callbacks: bool = True
    brake: str = "auto"
    brake_rate: int = 60
    """New conversations in ten minutes above which the inbox takes forms only, until it is calmer."""


def name_of(inbox: inboxes.Inbox, company: str) -> str:
    """Who greets visitors: the name an administrator chose for them, else the company; an inbox's own name
    is for those who work here."""
    return str(inbox.settings.get("shown_name") or company)


def setup_of(inbox: inboxes.Inbox) -> Setup:
    """What the settings say; what is missing is as a new inbox has it."""
    told = inbox.settings
    theme = told.get("theme") or {}
    known = {
        name: told[name]
        for name in Setup.__dataclass_fields__
        if name in told and name not in ("fields", "invitations", "quick_replies", "origins")
    }
    return Setup(
        **known
        | {name: str(theme.get(name) or "") for name in ("accent", "header", "scheme")}
        | {
            "fields": tuple(
                Field(**one | {"choices": tuple(one.get("choices", ()))}) for one in told.get("fields") or ()
            ),
            "invitations": tuple(Invitation(**one) for one in told.get("invitations") or ()),
            "quick_replies": tuple(told.get("quick_replies") or ()),
            "origins": tuple(told.get("origins") or ()),
        }
    )


async def save(tx: Transaction, inbox: inboxes.Inbox, wanted: Setup) -> None:
    """Errors: Invalid naming the first setting that cannot be meant."""
    permissions.require_role(tx.actor, Role.ADMIN)
    if inbox.channel != inboxes.Channel.CHAT:
        raise Invalid("not_a_chat_inbox", field="inbox")
    check(wanted)
    told: dict[str, Any] = asdict(wanted)
    theme = {name: told.pop(name) for name in ("accent", "header", "scheme")}
    told["theme"] = {name: value for name, value in theme.items() if value}
    inbox.settings = {**inbox.settings, **_lists(told)}


def check(wanted: Setup) -> None:
    for name in ("accent", "header"):
        colour = getattr(wanted, name)
        if colour and not _COLOUR.fullmatch(colour):
            raise Invalid("colour_invalid", "A colour is # and six digits, like #2f55c7.", field=name)
    link = wanted.consent_link
    if link and urlsplit(link).scheme not in ("https", "http") and not link.startswith("/"):
        raise Invalid("link_invalid", "An address begins with https://.", field="consent_link")
    for name, most in _MOST.items():
        if len(getattr(wanted, name)) > most:
            raise Invalid("too_many", f"At most {most}.", field=name)
    if wanted.scheme not in ("", "light", "dark") or wanted.brake not in BRAKES:
        raise Invalid("choice_unknown", field="brake" if wanted.brake not in BRAKES else "scheme")
    if bad := [one for one in wanted.origins if not _ORIGIN.fullmatch(one)]:
        raise Invalid("origin_invalid", f"{bad[0]}: write https://www.example.com.", field="origins")
    for one in wanted.fields:
        _check_field(one)
    if len({one.key for one in wanted.fields}) != len(wanted.fields):
        raise Invalid("field_twice", "Two fields have the same key.", field="fields")
    texts = [wanted.greeting, wanted.consent, *wanted.quick_replies, *(i.text for i in wanted.invitations)]
    if any(len(text) > _LONGEST for by_language in texts for text in by_language.values()):
        raise Invalid("too_large", f"At most {_LONGEST} characters.", field="greeting")


def for_reader(texts: Texts, locale: str) -> str | None:
    """The sentence in the reader's language, else in English, else in any."""
    return texts.get(locale) or texts.get("en") or next((text for text in texts.values() if text), None)


def _check_field(one: Field) -> None:
    if not _KEY.fullmatch(one.key):
        raise Invalid("field_key_invalid", f"{one.key}: small letters, digits and _ only.", field="fields")
    if one.kind not in KINDS or (one.kind == "choice" and not one.choices) or not for_reader(one.label, "en"):
        raise Invalid("field_invalid", f"{one.key}: kind, label or choices are missing.", field="fields")


def _lists(told: dict[str, Any]) -> Json:
    """Tuples as JSON has them."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()}
