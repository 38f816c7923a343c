"""Who carries how much of a rota: real hours by the kind of time, rings, swaps; drawn and in numbers."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.domain import agents, oncall
from helpdesk.domain.oncall.rota.coverage import shifts
from helpdesk.domain.oncall.rota.duty import Carried
from helpdesk.domain.oncall.rota.ledger import Share, entries
from helpdesk.web.oncall import shell

PERIODS = (30, 90, 365)
_ORDER = (Share.DAY, Share.NIGHT, Share.WEEKEND, Share.HOLIDAY)


@dataclass(frozen=True)
class Bar:
    """One person's line of the picture; `parts` are (kind, x, width) of a hundred."""

    name: str
    carried: Carried
    planned_hours: float
    parts: tuple[tuple[str, float, float], ...]


async def show_fairness(request: Request) -> Response:
    """GET /oncall/fairness?schedule=&days="""
    actor = await shell.require(request)
    wanted = request.query_params.get("days", "")
    days = int(wanted) if wanted.isdigit() and int(wanted) in PERIODS else 90
    async with request.app.state.database.transaction(actor) as tx:
        known = await oncall.schedules.rows(tx)
        chosen = next((row for row in known if str(row.id) == request.query_params.get("schedule")), None)
        chosen = chosen or (known[0] if known else None)
        bars: list[Bar] = []
        if chosen is not None:
            span = timedelta(days=days)
            schedule = await oncall.schedules.load(tx, chosen.id)
            found = await oncall.duty.carried(tx, schedule, tx.now - span, tx.now)
            ahead = entries(
                shifts(schedule, tx.now, tx.now + span), schedule.zone, frozenset(schedule.holidays)
            )
            planned = {UUID(person): entry.total / 3600 for person, entry in ahead.items()}
            found += [Carried(person) for person in planned if person not in {one.agent_id for one in found}]
            names = {agent.id: agent.name for agent in [await agents.get(tx, one.agent_id) for one in found]}
            bars = _bars(found, names, planned)
    return shell.render(
        request,
        "fairness",
        "fairness.html",
        actor,
        schedules=known,
        chosen=chosen,
        days=days,
        periods=PERIODS,
        bars=bars,
        shares=[share.value for share in _ORDER],
    )


def _bars(found: list[Carried], names: dict[UUID, str], planned: dict[UUID, float]) -> list[Bar]:
    most = max((one.total for one in found), default=0) or 1
    bars = []
    for one in found:
        x, parts = 0.0, []
        for share in _ORDER:
            width = one.seconds[share] / most * 100
            if width:
                parts.append((share.value, round(x, 2), round(width, 2)))
            x += width
        bars.append(Bar(names[one.agent_id], one, round(planned.get(one.agent_id, 0.0)), tuple(parts)))
    return bars
