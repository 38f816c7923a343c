"""Phone calls: logged by an agent or a telephone system."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from starlette.requests import Request

from helpdesk.channels import phone
from helpdesk.domain import tickets
from helpdesk.storage.transaction import Transaction


class NewCall(BaseModel):
    """`duration` in seconds. `urgent` makes it P2; `priority` says it exactly."""

    caller: Annotated[str, Field(min_length=1, max_length=40)]
    contact_id: UUID | None = None
    name: Annotated[str, Field(max_length=200)] = ""
    direction: Literal["inbound", "outbound"] = "inbound"
    answered: bool = True
    duration: Annotated[int, Field(ge=0, le=86_400)] = 0
    subject: Annotated[str, Field(max_length=250)] = ""
    notes: Annotated[str, Field(max_length=tickets.BODY_LIMIT)] = ""
    urgent: bool = False
    priority: Annotated[int, Field(ge=1, le=5)] | None = None
    callback_at: AwareDatetime | None = None


async def create_call(tx: Transaction, request: Request, wanted: NewCall) -> Any:
    """Log a phone call: a ticket in the same queue."""
    impact, urgency = tickets.for_priority(wanted.priority or (2 if wanted.urgent else 3))
    call = tickets.LoggedCall(
        caller=phone.readable(wanted.caller),
        name=wanted.name,
        contact_id=wanted.contact_id,
        direction=wanted.direction,
        answered=wanted.answered,
        duration=wanted.duration,
        subject=wanted.subject,
        notes=wanted.notes,
        impact=impact,
        urgency=urgency,
        callback_at=wanted.callback_at,
    )
    ticket = await tickets.log_call(tx, call)
    return await tickets.queries.ticket(tx, ticket.id)
