"""Phone calls: logged by an agent or a telephone system."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request

from helpdesk.channels import phone
from helpdesk.domain import agents, inboxes, tickets
from helpdesk.errors import Invalid
from helpdesk.parsing import Moment
from helpdesk.storage.transaction import Transaction


class NewCall(BaseModel):
    """`duration` in seconds. `urgent` makes it P2; `priority` says it exactly.

    With `ticket_id` the call is logged onto that ticket, which keeps its contact, subject and priority, and
    `caller` may be left out. `began_at` is when it was, where that is not now.
    """

    caller: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    ticket_id: UUID | None = None
    client_id: UUID | None = None
    contact_id: UUID | None = None
    name: Annotated[str, Field(max_length=200)] = ""
    direction: Literal["inbound", "outbound"] = "inbound"
    answered: bool = True
    duration: Annotated[int, Field(ge=0, le=86_400)] = 0
    subject: Annotated[str, Field(max_length=250)] = ""
    notes: Annotated[str, Field(max_length=tickets.BODY_LIMIT)] = ""
    urgent: bool = False
    priority: Annotated[int, Field(ge=1, le=5)] | None = None
    began_at: Moment | None = None
    callback_at: Moment | None = None


class NewCallEvent(BaseModel):
    """`call_id` is the telephone system's own id of the call. A withheld number has no `caller`.

    `line` is the inbox's key (unless said, the first phone line). `answered_by` is an agent's address;
    `duration` in seconds and `answered` belong to `hangup`, for systems that do not tell of `answer`.
    """

    event: Literal["new_call", "answer", "hangup"]
    call_id: Annotated[str, Field(min_length=1, max_length=200)]
    caller: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    name: Annotated[str, Field(max_length=200)] = ""
    line: Annotated[str, Field(max_length=100)] | None = None
    answered_by: Annotated[str, Field(max_length=254)] | None = None
    answered: bool = False
    duration: Annotated[int, Field(ge=0, le=86_400)] = 0


async def create_call_event(tx: Transaction, request: Request, wanted: NewCallEvent) -> Any:
    """A telephone system tells that it rings, that somebody answered, that it ended: one call, one ticket.

    Safe to repeat and in any order. Who rings again within half an hour of a missed call joins its ticket.
    """
    line = await inboxes.by_key(tx, wanted.line, inboxes.Channel.PHONE) if wanted.line else None
    agent = await agents.by_email(tx, wanted.answered_by) if wanted.answered_by else None
    news = tickets.CallNews(
        step=tickets.CallStep(wanted.event),
        call_id=wanted.call_id,
        caller=phone.readable(wanted.caller) if wanted.caller else None,
        name=wanted.name,
        inbox_id=line.id if line else None,
        answered_by=agent.id if agent else None,
        answered=wanted.answered,
        duration=wanted.duration,
    )
    ticket = await tickets.hear_of_call(tx, news)
    return {"ticket": ticket.id, "number": ticket.number}


async def create_call(tx: Transaction, request: Request, wanted: NewCall) -> Any:
    """Log a phone call: a ticket in the same queue, or a line on the one it was about."""
    if wanted.caller is None and wanted.ticket_id is None:
        raise Invalid("phone_invalid", "Give the number of the call, or its ticket.", field="caller")
    impact, urgency = tickets.for_priority(wanted.priority or (2 if wanted.urgent else 3))
    call = tickets.LoggedCall(
        caller=phone.readable(wanted.caller) if wanted.caller else "",
        ticket_id=wanted.ticket_id,
        client_id=wanted.client_id,
        name=wanted.name,
        contact_id=wanted.contact_id,
        direction=wanted.direction,
        answered=wanted.answered,
        duration=wanted.duration,
        subject=wanted.subject,
        notes=wanted.notes,
        impact=impact,
        urgency=urgency,
        began_at=wanted.began_at,
        callback_at=wanted.callback_at,
    )
    ticket = await tickets.log_call(tx, call)
    return await tickets.queries.ticket(tx, ticket.id)
