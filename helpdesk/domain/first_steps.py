"""What a new installation starts with, so that the first owner meets a working desk and not a blank page;
and what of the rest they have seen to."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, or_, select

from helpdesk.domain import agents, inbox_setup, inboxes, oncall, plans, sla
from helpdesk.domain.contacts import Company
from helpdesk.domain.tickets.mail import inlets, intake
from helpdesk.domain.widgets import Visit
from helpdesk.storage.transaction import Transaction

HOURS = {day: [["08:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
TARGETS = {
    "chat": {"first_response": 300, "next_response": 300},
    "email": {"first_response": 8 * 3600, "next_response": 8 * 3600, "resolution": 5 * 8 * 3600},
    "phone": {"first_response": 4 * 3600, "resolution": 5 * 8 * 3600},
    "api": {"first_response": 8 * 3600, "next_response": 8 * 3600},
}
"""Seconds of office hours; a start to be changed, on the cautious side."""


async def take(tx: Transaction, owner: agents.Agent) -> bool:
    """Office hours, one plan, one team with the owner in it, a widget, a mail address at the owner's own
    domain, a phone line. Does nothing where any inbox exists; answers whether it did something."""
    if await tx.session.scalar(select(inboxes.Inbox.id).limit(1)) is not None:
        return False
    hours = plans.CalendarRow(
        id=tx.new_id(),
        name="Office hours",
        hours={"time_zone": owner.time_zone, "week": HOURS},
        created_at=tx.now,
    )
    tx.session.add(hours)
    await tx.session.flush()
    plan = plans.Plan(
        id=tx.new_id(),
        key="standard",
        name="Standard",
        calendar_id=hours.id,
        head_start_minutes=0,
        may_page=False,
        targets=TARGETS,
        created_at=tx.now,
    )
    team = agents.Team(id=tx.new_id(), name="Support", calendar_id=hours.id, created_at=tx.now)
    tx.session.add_all([plan, team])
    await tx.session.flush()
    tx.session.add(agents.TeamMember(team_id=team.id, agent_id=owner.id))
    for key, name, channel, address in _inboxes(owner):
        tx.session.add(
            inboxes.Inbox(
                id=tx.new_id(),
                key=key,
                name=name,
                channel=channel.value,
                address=address,
                team_id=team.id,
                plan_id=plan.id,
                settings=inbox_setup.first_settings(channel),
                created_at=tx.now,
            )
        )
    await tx.session.flush()
    return True


@dataclass(frozen=True)
class Taken:
    """Which steps have been taken since."""

    mail: bool
    chat: bool
    colleagues: bool
    hours: bool
    plans: bool
    rota: bool


async def taken(tx: Transaction, own_address: str) -> Taken:
    """`own_address` is where the helpdesk itself is served: a chat looked at there does not count."""

    async def there_is(*conditions: ColumnElement[bool]) -> bool:
        return bool(await tx.session.scalar(select(exists().where(*conditions))))

    calendars = [row.hours for row, _ in await sla.calendars.all_of(tx)]
    return Taken(
        mail=bool(await inlets.all_of(tx)) or bool(await intake.states(tx)),
        chat=await there_is(Visit.page != "", ~Visit.page.startswith(own_address, autoescape=True)),
        colleagues=len(await agents.active(tx)) > 1,
        hours=any(one["week"] != HOURS or one.get("holidays") or one.get("country") for one in calendars),
        plans=await there_is(or_(plans.Plan.targets != TARGETS, plans.Plan.key != "standard"))
        or await there_is(Company.plan_id.is_not(None)),
        rota=bool(await oncall.schedules.rows(tx)) and bool(await oncall.policies.policies(tx)),
    )


def _inboxes(owner: agents.Agent) -> list[tuple[str, str, inboxes.Channel, str | None]]:
    domain = owner.email.rpartition("@")[2].lower()
    own = owner.email.lower()
    address = next(one for one in (f"support@{domain}", f"help@{domain}") if one != own)
    return [
        ("web", "Website chat", inboxes.Channel.CHAT, None),
        ("support", "Support", inboxes.Channel.EMAIL, address),
        ("phone", "Phone", inboxes.Channel.PHONE, None),
    ]
