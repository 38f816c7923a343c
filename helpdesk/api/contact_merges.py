"""Two contacts may be one person: who looks alike, what a merge would move, the merge, and its undoing."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.api.answers import answer
from helpdesk.api.people import shown_contact, shown_identity
from helpdesk.api.requests import actor_of, database_of
from helpdesk.domain import contacts, permissions
from helpdesk.domain.tickets import one_person
from helpdesk.parsing import parse_id
from helpdesk.storage.transaction import Transaction


class NewContactMerge(BaseModel):
    """`from` is whose tickets, addresses and numbers go over. They keep their id, which leads on."""

    from_id: UUID = Field(alias="from")


class NoContactMerge(BaseModel):
    """Nothing is needed: the contact knows whom it was merged into."""


async def list_duplicates(request: Request) -> Response:
    """Who may be the same person, by what is proven of both; and who was merged into them and can be taken
    apart again."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        permissions.require_reader(tx.actor)
        contact = await contacts.get_visible(tx, _id(request))
        alike = await contacts.duplicates.of(tx, contact)
        merged = await contacts.merging.undoable(tx, contact.id)
        return answer(
            {
                "items": [
                    {
                        "contact": await shown_contact(tx, one.contact),
                        "likeness": one.likeness,
                        "value": one.value,
                    }
                    for one in alike
                ],
                "merged": [_merge(row, one) for row, one in merged],
            }
        )


async def show_contact_merge(request: Request) -> Response:
    """What merging another contact into this one would move, keep and leave out; nothing is changed."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        from_id = parse_id(request.query_params.get("from"), "from")
        found = await one_person.preview(tx, _id(request), from_id)
        return answer(
            found
            | {
                "into": await shown_contact(tx, found["into"]),
                "merged": await shown_contact(tx, found["merged"]),
                "identities": [shown_identity(one) for one in found["identities"]],
            }
        )


async def create_contact_merge(tx: Transaction, request: Request, wanted: NewContactMerge) -> Any:
    """Another contact is this person: all of theirs is this contact's. Answers with this one; 409 when either
    was merged before."""
    row = await one_person.merge(tx, _id(request), wanted.from_id)
    return await shown_contact(tx, await contacts.get(tx, row.into_id))


async def create_contact_unmerge(tx: Transaction, request: Request, wanted: NoContactMerge) -> Any:
    """Undo a merge within 24 hours, by the id of who was merged; answers with them. What has come since by
    their addresses, numbers and browsers goes with them."""
    return await shown_contact(tx, await one_person.part(tx, _id(request)))


def _merge(row: contacts.ContactMerge, contact: contacts.Contact) -> dict[str, Any]:
    return {
        "id": contact.id,
        "name": contact.name,
        "merged_at": row.merged_at,
        "merged_by": row.merged_by_name,
        "undo_until": row.merged_at + contacts.merging.UNDO_WITHIN,
    }


def _id(request: Request) -> UUID:
    contact_id: UUID = parse_id(request.path_params["id"], "contact")
    return contact_id
