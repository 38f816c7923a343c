"""What a new installation starts with, so that the first owner meets a working desk and not a blank page."""

from sqlalchemy import select

from helpdesk.domain import agents, inboxes, plans
from helpdesk.storage.transaction import Transaction

WORKDAYS = ("mon", "tue", "wed", "thu", "fri")
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
    week = {day: [["08:00", "17:00"]] for day in WORKDAYS}
    hours = plans.CalendarRow(
        id=tx.new_id(),
        name="Office hours",
        hours={"time_zone": owner.time_zone, "week": week},
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
                settings={},
                created_at=tx.now,
            )
        )
    await tx.session.flush()
    return True


def _inboxes(owner: agents.Agent) -> list[tuple[str, str, inboxes.Channel, str | None]]:
    domain = owner.email.rpartition("@")[2]
    return [
        ("web", "Website chat", inboxes.Channel.CHAT, None),
        ("support", "Support", inboxes.Channel.EMAIL, f"support@{domain}"),
        ("phone", "Phone", inboxes.Channel.PHONE, None),
    ]
