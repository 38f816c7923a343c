"""Who is who: the caller, inboxes, contacts and companies."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.api.answers import answer
from helpdesk.api.requests import actor_of, database_of, page_of
from helpdesk.auth.requests import session_of
from helpdesk.domain import agents, contacts, inbox_setup, inboxes, permissions, pictures, widgets
from helpdesk.parsing import known_zone, parse_id, parse_json
from helpdesk.storage.transaction import Transaction


class NewContact(BaseModel):
    """A name, an address or a number at least."""

    name: Annotated[str, Field(max_length=200)] = ""
    email: Annotated[str, Field(max_length=254)] | None = None
    phone: Annotated[str, Field(max_length=40)] | None = None
    company_id: UUID | None = None
    locale: Annotated[str, Field(pattern="^[a-z]{2}$")] = "en"
    time_zone: Annotated[str, AfterValidator(known_zone)] = "UTC"


class NewCompany(BaseModel):
    """`domain`: its mail domain, such as cafe.example, never one that many share. Contacts who wrote from it
    and have no company belong to it. Before its plan begins, and from its end on, a company has that of the
    inbox it writes to."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    domain: Annotated[str, Field(max_length=253)] = ""
    plan_id: UUID | None = None
    plan_begins_at: AwareDatetime | None = None
    plan_ends_at: AwareDatetime | None = None


class ContactPatch(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=200)]


class NewInbox(BaseModel):
    """`address`: where mail comes in, or the number that is called; a chat has none. An inbox keeps its
    channel and its `key`, which snippets on websites name."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    channel: inboxes.Channel
    address: Annotated[str, Field(max_length=254)] = ""
    team_id: UUID | None = None
    plan_id: UUID | None = None


class MePatch(BaseModel):
    """`signature`: the lines below one's mails, before the inbox's own. What is absent stays as it is."""

    signature: Annotated[str, Field(max_length=2000)] | None = None
    time_zone: Annotated[str, AfterValidator(known_zone)] | None = None
    locale: Annotated[str, Field(max_length=20)] | None = None


async def change_me(request: Request) -> Response:
    """Change one's own signature, time zone and language."""
    wanted = parse_json(await request.body(), MePatch)
    async with database_of(request).transaction(await actor_of(request)) as tx:
        if wanted.signature is not None:
            await agents.set_signature(tx, wanted.signature)
        if wanted.time_zone is not None:
            await agents.set_time_zone(tx, wanted.time_zone)
        if wanted.locale is not None:
            await agents.set_locale(tx, wanted.locale)
    return await show_me(request)


async def show_me(request: Request) -> Response:
    """Who is asking, and the token for unsafe methods where it is a browser."""
    actor = await actor_of(request)
    session = await session_of(request)
    async with database_of(request).transaction(actor) as tx:
        agent = await agents.get(tx, actor.agent_id) if actor.agent_id else None
        shown = await pictures.addresses(tx, [agent.id] if agent else [])
    return answer(
        {
            "id": actor.agent_id or actor.id,
            "kind": actor.kind,
            "name": actor.name,
            "email": agent.email if agent else None,
            "signature": agent.signature if agent else "",
            "picture": shown.get(agent.id) if agent else None,
            "role": actor.role,
            "locale": agent.locale if agent else actor.locale,
            "time_zone": agent.time_zone if agent else actor.time_zone,
            "csrf": session.csrf if session else None,
        }
    )


async def list_inboxes(request: Request) -> Response:
    """The addresses, widgets and lines you may see."""

    async def read(tx: Transaction) -> list[Any]:
        return [
            await _inbox(tx, one)
            for one in await inboxes.all_of(tx)
            if permissions.may_see_inbox(tx.actor, one.id)
        ]

    return await _all_of(request, read)


async def create_inbox(tx: Transaction, request: Request, wanted: NewInbox) -> Any:
    """A further address, widget or line."""
    return await _inbox(tx, await inbox_setup.save(tx, None, inbox_setup.InboxDraft(**wanted.model_dump())))


async def change_inbox(request: Request) -> Response:
    """Replace an inbox's name, address, team and plan by default."""
    wanted = parse_json(await request.body(), NewInbox)
    async with database_of(request).transaction(await actor_of(request)) as tx:
        inbox_id = parse_id(request.path_params["id"], "inbox")
        saved = await inbox_setup.save(tx, inbox_id, inbox_setup.InboxDraft(**wanted.model_dump()))
        return answer(await _inbox(tx, saved))


async def _inbox(tx: Transaction, one: inboxes.Inbox) -> dict[str, Any]:
    names = ("id", "key", "name", "channel", "address", "team_id", "plan_id")
    braked = one.channel == inboxes.Channel.CHAT and await widgets.brake.is_on(tx, one)
    return {name: getattr(one, name) for name in names} | {"form_only": braked}


async def list_companies(request: Request) -> Response:
    """Every company, by name."""

    async def read(tx: Transaction) -> list[Any]:
        rows = await tx.session.scalars(select(contacts.Company).order_by(contacts.Company.name))
        return [_company(one) for one in rows]

    return await _all_of(request, read)


async def show_company(request: Request) -> Response:
    """One company."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        permissions.require_reader(tx.actor)
        one = await contacts.company(tx, parse_id(request.path_params["id"], "company"))
        return answer(_company(one))


async def create_company(tx: Transaction, request: Request, wanted: NewCompany) -> Any:
    """A further company, with the plan it bought; 409 when another one has its name or domain."""
    company = await contacts.found(tx, wanted.name, wanted.domain)
    term = wanted.plan_begins_at, wanted.plan_ends_at
    return _company(await contacts.sell(tx, company.id, wanted.plan_id, *term))


async def list_contacts(request: Request) -> Response:
    """Contacts by a part of name, address or number (`q`), newest first."""
    limit, after = page_of(request)
    async with database_of(request).transaction(await actor_of(request)) as tx:
        found = await contacts.search(
            tx,
            request.query_params.get("q", "").strip()[:100],
            limit + 1,
            parse_id(after, "contact") if after else None,
        )
        items = [await shown_contact(tx, contact) for contact in found[:limit]]
    return answer({"items": items, "next": items[-1]["id"] if len(found) > limit else None})


async def show_contact(request: Request) -> Response:
    """One contact with the addresses and numbers it is known by."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        permissions.require_reader(tx.actor)
        contact_id: UUID = parse_id(request.path_params["id"], "contact")
        return answer(await shown_contact(tx, await contacts.get_visible(tx, contact_id)))


async def create_contact(tx: Transaction, request: Request, wanted: NewContact) -> Any:
    """Write down a contact by name, address or number; 409 when one of them belongs to another."""
    contact = await contacts.add(
        tx,
        contacts.Card(
            name=wanted.name,
            email=wanted.email,
            phone=wanted.phone,
            company_id=wanted.company_id,
            locale=wanted.locale,
            time_zone=wanted.time_zone,
        ),
    )
    return await shown_contact(tx, contact)


async def change_contact(request: Request) -> Response:
    """Change a contact's name."""
    wanted = parse_json(await request.body(), ContactPatch)
    async with database_of(request).transaction(await actor_of(request)) as tx:
        contact_id = parse_id(request.path_params["id"], "contact")
        return answer(await shown_contact(tx, await contacts.rename(tx, contact_id, wanted.name)))


def _company(one: contacts.Company) -> dict[str, Any]:
    names = ("id", "name", "domains", "plan_id", "plan_begins_at", "plan_ends_at")
    return {name: getattr(one, name) for name in names}


async def shown_contact(tx: Transaction, contact: contacts.Contact) -> dict[str, Any]:
    """A contact with what it is known by."""
    known = await contacts.identities_of(tx, contact.id)
    return {
        "id": contact.id,
        "name": contact.name,
        "company_id": contact.company_id,
        "locale": contact.locale,
        "time_zone": contact.time_zone,
        "identities": [shown_identity(one) for one in known],
    }


def shown_identity(one: contacts.Identity) -> dict[str, Any]:
    return {"kind": one.kind, "value": one.value, "verified": one.verified_at is not None}


async def _all_of(request: Request, read: Any) -> Response:
    """A short list that is always answered whole."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        permissions.require_reader(tx.actor)
        return answer({"items": await read(tx), "next": None})
