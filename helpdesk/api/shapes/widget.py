"""What a visitor's widget is told."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from helpdesk.api.shapes.tickets import Event, Said


class Pass(BaseModel):
    """Opens one socket once, within 60 seconds."""

    token: str = Field(alias="pass")


class InLine(BaseModel):
    """`position` 1 is next, null does not wait, 100 is that or later. `range_minutes` is [usual, nine in ten]
    of the last 7 days, null while too few were answered to say."""

    position: int | None
    range_minutes: list[int] | None


class Expected(BaseModel):
    """What the visitor may expect as of this moment."""

    hours: dict[str, Any] | None
    open: bool
    next_opening: datetime | None
    reply_time: int | None
    queue: InLine


class WidgetInbox(Expected):
    key: str
    name: str
    theme: dict[str, Any]
    greeting: str | None


class WidgetContact(BaseModel):
    """`known`: the website vouched for them, or they wrote from an address of theirs."""

    name: str | None
    email: str | None
    known: bool


class WidgetTicket(BaseModel):
    id: UUID
    number: int
    subject: str
    status: str
    public_version: int
    unread: int
    preview: str
    last_message_at: datetime
    rating: int | None


class WidgetLimits(BaseModel):
    body: int
    uploads: int
    upload_bytes: int


class AskedField(BaseModel):
    key: str
    label: str
    kind: Literal["text", "email", "phone", "choice"]
    required: bool
    choices: list[str]


class Consent(BaseModel):
    text: str
    link: str | None


class WidgetExtras(BaseModel):
    """What the chat may do besides writing. `fields` and `consent` come before the first message, while
    `form` is on a message form takes the place of the chat."""

    fields: list[AskedField]
    consent: Consent | None
    quick_replies: list[str]
    articles: bool
    slots: list[datetime]
    may_wake: bool
    form: bool
    can_mail: bool


class WidgetSession(BaseModel):
    """Keep `visitor_token`: it is the visitor. `reply_time` in seconds, null while nobody can say."""

    visitor_token: str
    token: str = Field(alias="pass")
    epoch: str
    inbox: WidgetInbox
    contact: WidgetContact
    tickets: list[WidgetTicket]
    limits: WidgetLimits
    extras: WidgetExtras


class Done(BaseModel):
    ok: Literal[True]


class Seen(Done):
    upto: int


class Synced(Done):
    """`more`: ask again with the last version of `events`."""

    epoch: str
    events: list[Event]
    head: int
    more: bool


class Sent(Said):
    ok: Literal[True]


class WidgetEvents(BaseModel):
    events: list[Event]
    head: int
    epoch: str


class Introduced(Done):
    contact: dict[str, str | None]


class Rated(Done):
    score: int
    comment: str


class Ended(Done):
    status: str


class TranscriptOnItsWay(Done):
    email: str


class CallbackOwed(Done):
    at: datetime


class Woken(BaseModel):
    """`ok` is false while it was not confirmed: nobody is woken then."""

    ok: bool


class FormTaken(Done):
    ticket: UUID
    number: int


class Challenge(BaseModel):
    """Find a `number` so that SHA-256 of `challenge`, a dot and the number begins with `bits` zero bits."""

    challenge: str
    bits: int
