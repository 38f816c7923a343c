"""What the JSON interface answers with: the shapes of its document. Handlers answer plain dicts; a test
holds each of them against its shape here."""

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """`next` is the `after` of the next page; null on the last."""

    items: list[T]
    next: str | UUID | None


class Named(BaseModel):
    id: UUID
    name: str


class Problem(BaseModel):
    """RFC 9457. Decide by `code`, which does not change; show `detail`."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    field: str | None = None


class TicketContact(Named):
    email: str | None
    phone: str | None


class Identity(BaseModel):
    kind: Literal["email", "phone", "external"]
    value: str
    verified: bool


class FullContact(TicketContact):
    locale: str
    time_zone: str
    identities: list[Identity]


class TicketFields(BaseModel):
    """What a row and a ticket share. `why` says in a sentence why the ticket stands where it stands."""

    number: int
    subject: str
    preview: str
    channel: Literal["chat", "email", "phone", "api"]
    status: Literal["open", "pending", "snoozed", "resolved", "closed", "merged"]
    priority: int
    impact: int
    urgency: int
    tags: list[str]
    unread: bool
    waiting_since: datetime | None
    due_at: datetime | None
    start_by: datetime
    rank_at: datetime
    last_message_at: datetime
    snoozed_until: datetime | None
    version: int
    company: Named | None
    plan: Named | None
    team: Named | None
    assignee: Named | None
    inbox: Named
    why: str
    why_parts: dict[str, Any]


class OutOfReach(BaseModel):
    """Why claiming the next ticket does not give the reader those of a pool: another team's, a skill or
    language is missing (`skills`), or too much for what they carry."""

    reason: Literal["team", "skill", "language", "room"]
    skills: list[str]


class QueueRow(TicketFields):
    ticket_id: UUID
    contact: TicketContact
    pool_id: UUID
    out_of_reach: OutOfReach | None
    """Of a ticket that waits and that the reader would not be given now."""


class SlaClock(BaseModel):
    metric: str
    target_seconds: int
    due_at: datetime | None
    running: bool
    met_at: datetime | None
    breached_at: datetime | None
    calendar: str
    why: list[dict[str, Any]]
    """What counted, which holidays did not, and the pauses, up to the due time."""


class TicketAlert(BaseModel):
    id: UUID
    state: Literal["open", "acknowledged", "exhausted", "closed"]
    reason: str
    raised_at: datetime
    acknowledged_by: Named | None
    acknowledged_at: datetime | None


class HeldReply(BaseModel):
    """An answer that leaves at `send_at`. `state` is waiting, or failed with the `reason`."""

    id: UUID
    agent: Named
    body: str
    mail: dict[str, Any]
    files: int
    then: str | None
    send_at: datetime
    state: Literal["waiting", "failed"]
    reason: str | None


class TicketVisitor(BaseModel):
    """Where the contact is on the website, and what the site and they themselves said before the chat."""

    page: str
    attributes: dict[str, Any]
    answers: dict[str, str]
    seen_at: datetime
    blocked: bool


class Ticket(TicketFields):
    id: UUID
    contact: FullContact
    created_at: datetime
    resolved_at: datetime | None
    public_version: int
    skills: list[str]
    policy_id: UUID | None
    policy: Named | None
    merged_into: UUID | None
    split_from: UUID | None
    clocks: list[SlaClock]
    alerts: list[TicketAlert]
    held_replies: list[HeldReply]
    visitor: TicketVisitor | None


class Overload(BaseModel):
    """While `on`, more tickets are late than agents are online, and claims follow the overload guard."""

    on: bool
    late: int
    online: int


class Queue(Page[QueueRow]):
    counts: dict[str, int]
    as_of: datetime
    overload: Overload
    out_of_reach: dict[UUID, OutOfReach]
    """By the pools of rows, also of those that arrive live."""


class Desk(BaseModel):
    """An agent's availability, and what they carry against what they can."""

    agent: Named
    state: Literal["online", "away", "offline"]
    since: datetime | None
    load: int
    capacity: int
    chats: int
    max_chats: int
    skills: list[str]


class WallTicket(BaseModel):
    id: UUID
    number: int
    subject: str
    priority: int
    channel: str
    waiting_since: datetime | None
    due_at: datetime | None


class WallCount(BaseModel):
    count: int
    first: list[WallTicket]


class WallWaiting(BaseModel):
    channel: str
    priority: int
    count: int
    oldest: datetime | None


class Wall(BaseModel):
    """The whole desk at a glance. `at_risk` are not late yet but probably will be, at `taken_per_hour`."""

    as_of: datetime
    waiting: list[WallWaiting]
    oldest: WallTicket | None
    late: WallCount
    at_risk: WallCount
    breached_today: int
    taken_per_hour: float
    agents: list[Desk]
    overload: Overload


class SlaPolicy(BaseModel):
    id: UUID
    name: str
    position: int
    enabled: bool
    conditions: dict[str, Any]
    targets: dict[str, dict[str, int]]
    calendar_id: UUID | None
    pauses_in: list[str]
    steps: list[dict[str, Any]]


class PolicyChange(BaseModel):
    """An open ticket that would fall under another policy; null is none."""

    id: UUID
    number: int
    subject: str
    before: str | None
    after: str | None


class Desks(Page[Desk]):
    own: Desk | None
    overload: Overload


class EventBy(BaseModel):
    kind: Literal["agent", "contact", "api_key", "system"]
    id: UUID | None
    name: str


class Event(BaseModel):
    """One thing that happened. `data` depends on `name`; skip names you do not know. `public_version` is
    what the contact counts it as, null for what only agents see; the contact's own view leaves it out."""

    version: int
    public_version: int | None = None
    name: str
    id: UUID
    by: EventBy
    at: datetime
    client_id: UUID | None = None
    data: dict[str, Any]


class Timeline(BaseModel):
    """`head` is the newest version. Another `epoch` than last time: forget what you have and read anew."""

    items: list[Event]
    head: int
    epoch: str


class Said(BaseModel):
    """`duplicate`: this `client_id` was taken before; nothing was said twice."""

    id: UUID
    ticket: UUID
    number: int
    version: int
    at: datetime
    duplicate: bool


class CallTicket(BaseModel):
    ticket: UUID
    number: int


class Upload(BaseModel):
    id: UUID
    name: str
    content_type: str
    size: int
    url: str


class Me(BaseModel):
    """`csrf` goes into `X-CSRF-Token`; null for an API token, which needs none."""

    id: UUID | None
    kind: str
    name: str
    email: str | None
    signature: str
    role: str | None
    locale: str
    time_zone: str
    csrf: str | None


class Agent(Named):
    email: str
    role: Literal["light", "agent", "lead", "admin", "owner"]
    capacity: int
    max_chats: int
    skills: list[str]
    all_inboxes: bool
    team_ids: list[UUID]


class Team(Named):
    calendar_id: UUID | None
    push: bool
    member_ids: list[UUID]


class Calendar(Named):
    """`holidays` are all days off: computed, of the address, and by hand. `feed_error` is empty while the
    address answers as it should."""

    time_zone: str
    always: bool
    week: dict[str, list[list[str]]]
    country: str
    region: str
    days_off: dict[str, str]
    feed_url: str
    feed_error: str
    fetched_at: datetime | None
    holidays: dict[str, str]


class Move(BaseModel):
    """An open ticket that would be due at another time. `late`: past by the change alone."""

    id: UUID
    number: int
    subject: str
    due_before: datetime | None
    due_at: datetime | None
    late: bool


class Foreseen(Page[Move]):
    """Of `touched` open tickets `looked_at` were worked out, the most urgent first."""

    touched: int
    looked_at: int


class Inbox(Named):
    key: str
    channel: Literal["chat", "email", "phone", "api"]
    address: str | None


class Plan(Named):
    key: str
    calendar_id: UUID
    head_start_minutes: int
    handling: dict[str, int]
    may_page: bool
    tells_contact: bool
    targets: dict[str, dict[str, int]]


class Company(Named):
    domains: list[str]
    plan_id: UUID | None


class Contact(Named):
    company_id: UUID | None
    locale: str
    time_zone: str
    identities: list[Identity]


class NextShift(BaseModel):
    agents: list[Named]
    at: datetime


class OnCall(BaseModel):
    schedule: Named
    agents: list[Named]
    until: datetime | None
    next: NextShift | None


class AlertTicket(BaseModel):
    id: UUID
    number: int
    subject: str


class Alert(TicketAlert):
    policy: str
    ticket: AlertTicket | None
    details: dict[str, str]
    next_at: datetime | None


class Pass(BaseModel):
    """Opens one socket once, within 60 seconds."""

    token: str = Field(alias="pass")


class InLine(BaseModel):
    """`position` 1 is next, null does not wait, 100 is that or later. `range_minutes` is [usual, nine in ten]
    of the last 7 days, null while too few were answered to say."""

    position: int | None
    range_minutes: list[int] | None


class WidgetInbox(BaseModel):
    key: str
    name: str
    hours: dict[str, Any] | None
    open: bool
    next_opening: datetime | None
    reply_time: int | None
    queue: InLine
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


class FoundArticle(BaseModel):
    id: UUID
    title: str
    body: str


class FoundArticles(BaseModel):
    items: list[FoundArticle]


class Article(FoundArticle):
    locale: str
    published: bool
    changed_at: datetime


class FormTaken(Done):
    ticket: UUID
    number: int


class Challenge(BaseModel):
    """Find a `number` so that SHA-256 of `challenge`, a dot and the number begins with `bits` zero bits."""

    challenge: str
    bits: int


class BlockedVisitor(BaseModel):
    """`ends_at` is for the network, where that was blocked as well; the visitor stays blocked."""

    contact_id: UUID
    reason: str
    with_network: bool
    ends_at: datetime | None
