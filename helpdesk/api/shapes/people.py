"""Agents, teams, inboxes, companies and contacts."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from helpdesk.api.shapes.basics import Named


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


class Me(BaseModel):
    """`csrf` goes into `X-CSRF-Token`; null for an API token, which needs none."""

    id: UUID | None
    kind: str
    name: str
    email: str | None
    signature: str
    picture: str | None
    role: str | None
    locale: str
    time_zone: str
    csrf: str | None


class Agent(Named):
    email: str
    picture: str | None
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


class Inbox(Named):
    """`form_only`: a chat whose brake is on, so that visitors leave a message by form."""

    key: str
    channel: Literal["chat", "email", "phone", "api"]
    address: str | None
    team_id: UUID | None
    plan_id: UUID | None
    form_only: bool


class Company(Named):
    domains: list[str]
    plan_id: UUID | None
    plan_begins_at: datetime | None
    plan_ends_at: datetime | None


class Contact(Named):
    company_id: UUID | None
    locale: str
    time_zone: str
    identities: list[Identity]


class Duplicate(BaseModel):
    """`value` is what the two share: the other's address or number, their company, their mail domain."""

    contact: Contact
    likeness: Literal["email", "phone", "company", "domain"]
    value: str


class MergedContact(Named):
    merged_at: datetime
    merged_by: str
    undo_until: datetime


class Duplicates(BaseModel):
    items: list[Duplicate]
    merged: list[MergedContact]


class Difference(BaseModel):
    """`other` is what is not shown any more; null where `kept` is taken from the one who is merged."""

    field: Literal["name", "company", "locale", "time_zone"]
    kept: str | None
    other: str | None


class ContactMergePreview(BaseModel):
    """`unproven`: of whom nothing is proven, so that somebody else may have called themselves that."""

    into: Contact
    merged: Contact
    tickets: int
    open_tickets: int
    identities: list[Identity]
    differences: list[Difference]
    blocked: bool
    unproven: list[UUID]


class BlockedVisitor(BaseModel):
    """`ends_at` is for the network, where that was blocked as well; the visitor stays blocked."""

    contact_id: UUID
    reason: str
    with_network: bool
    ends_at: datetime | None
