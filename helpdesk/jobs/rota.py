"""What time does to the rota: duty is frozen, shifts change, swaps expire, holes ahead are told."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from babel.dates import format_datetime

from helpdesk.actors import SYSTEM, Role
from helpdesk.domain import agents, oncall, tickets
from helpdesk.domain.wall_clock import zone
from helpdesk.errors import NotFound
from helpdesk.jobs.workshop import Workshop
from helpdesk.storage.transaction import Transaction
from helpdesk.translation import Translator, translator


async def pass_shifts(workshop: Workshop) -> None:
    async with workshop.database.transaction(SYSTEM) as tx:
        due = await oncall.handovers.due(tx)
    for schedule_id in due:
        async with workshop.database.transaction(SYSTEM) as tx:
            await oncall.handovers.pass_time(tx, schedule_id)
    async with workshop.database.transaction(SYSTEM) as tx:
        await oncall.swaps.expire_due(tx)


async def foresee(workshop: Workshop) -> None:
    """Each hole is told once: to the schedule's leads, and to owners and administrators."""
    async with workshop.database.transaction(SYSTEM) as tx:
        fresh = await oncall.handovers.warn(tx)
        people = [one for one in await agents.active(tx) if one.role in (Role.LEAD, Role.ADMIN, Role.OWNER)]
        for agent in people if fresh else ():
            t = translator(agent.locale, "pages")
            lines = [
                t(
                    "{schedule}: {problem} from {start} to {end}",
                    schedule=schedule.name,
                    problem=problem_words(t, found.problem),
                    start=_when(found.starts_at, agent),
                    end=_when(found.ends_at, agent),
                )
                for schedule, found in fresh
            ]
            await _mail(tx, agent, t("The rota has holes ahead"), [*lines, _address(workshop, "/oncall")])


def problem_words(t: Translator, problem: str) -> str:
    words = {
        "gap": t("nobody is on call"),
        "empty": t("a layer has nobody"),
        "short": t("too few people"),
        "rest": t("somebody has more nights running than the schedule allows"),
        "away": t("somebody is on call by an exception, but away"),
    }
    return words[problem]


async def tell_swap(workshop: Workshop, job: dict[str, Any]) -> None:
    """Asked: those who may take it. Decided: the asker."""
    async with workshop.database.transaction(SYSTEM) as tx:
        swap = await oncall.swaps.get_swap(tx, UUID(job["swap_id"]))
        asker = await agents.get(tx, swap.asker_id)
        told = [asker] if swap.state != "open" else await _may_take(tx, swap)
        for agent in told:
            t = translator(agent.locale, "pages")
            span = {"start": _when(swap.starts_at, agent), "end": _when(swap.ends_at, agent)}
            lines = [_swap_words(t, swap.state, asker.name, span), swap.note]
            await _mail(
                tx, agent, t("A shift to swap"), [*filter(None, lines), _address(workshop, "/oncall/swaps")]
            )


async def tell_shift(workshop: Workshop, job: dict[str, Any]) -> None:
    """Who arrives learns that it is theirs now; who leaves, that it is over and may want a note."""
    async with workshop.database.transaction(SYSTEM) as tx:
        handover = await oncall.handovers.get(tx, UUID(job["handover_id"]))
        schedule = await oncall.schedules.row(tx, handover.schedule_id)
        page = _address(workshop, f"/oncall/handovers/{handover.id}")
        for agent in await _known(tx, handover.arriving):
            t = translator(agent.locale, "pages")
            words = t("You are on call now: {schedule}.", schedule=schedule.name)
            await _mail(tx, agent, words, [words, t("Read and accept the handover:") + f"\n{page}"])
        for agent in await _known(tx, handover.leaving) if schedule.wants_handover else ():
            t = translator(agent.locale, "pages")
            words = t("Your shift is over: {schedule}.", schedule=schedule.name)
            await _mail(
                tx, agent, words, [words, t("Tell the next person what they need to know:") + f"\n{page}"]
            )


def _swap_words(t: Translator, state: str, asker: str, span: dict[str, str]) -> str:
    words = {
        "open": t("{name} asks whether you take the shift from {start} to {end}.", name=asker, **span),
        "taken": t("Your shift from {start} to {end} was taken.", **span),
        "declined": t("Your request was declined: the shift from {start} to {end} is still yours.", **span),
        "expired": t("Nobody took it: the shift from {start} to {end} is still yours.", **span),
        "withdrawn": t("The request for the shift from {start} to {end} was withdrawn.", **span),
    }
    return words[state]


async def _may_take(tx: Transaction, swap: oncall.SwapRequest) -> list[agents.Agent]:
    if swap.offered_to is not None:
        return await _known(tx, [swap.offered_to])
    schedule = await oncall.schedules.load(tx, swap.schedule_id)
    people = {
        UUID(person)
        for layer in schedule.layers
        for version in (layer.rotation.versions if layer.rotation else ())
        for slot in version.slots
        for person in slot
    }
    return await _known(tx, sorted(people - {swap.asker_id}))


async def _known(tx: Transaction, ids: Iterable[UUID]) -> list[agents.Agent]:
    found = [await agents.get(tx, agent_id) for agent_id in ids]
    return [agent for agent in found if agent.disabled_at is None]


async def _mail(tx: Transaction, agent: agents.Agent, subject: str, lines: list[str]) -> None:
    try:
        await tickets.mail.mailing.queue_notice(
            tx, recipients=[agent.email], subject=subject, body="\n\n".join(lines)
        )
    except NotFound:
        return  # no mail inbox to send from; the pages say it all the same


def _when(at: datetime, agent: agents.Agent) -> str:
    return format_datetime(at, "EEE d MMM HH:mm", tzinfo=zone(agent.time_zone), locale=agent.locale)


def _address(workshop: Workshop, path: str) -> str:
    return workshop.settings.address + path
