"""Why "next" cannot give a waiting ticket to its reader: the pool is judged as a claim judges it."""

from collections.abc import Mapping
from uuid import UUID

from helpdesk.actors import Role
from helpdesk.domain.tickets.queue.capacity import LANGUAGE
from helpdesk.domain.tickets.queue.claiming import who_asks
from helpdesk.domain.tickets.queue.taking import DESK
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

OUT_OF_REACH = """
    WITH {desk}
    SELECT j.id, j.is_ours, j.is_able,
      array(SELECT skill FROM unnest(p.skills) AS asked(skill) WHERE skill <> ALL(d.skills)) AS missing
    FROM judged j JOIN pools p ON p.id = j.id CROSS JOIN desk d
    WHERE NOT (j.is_ours AND j.is_able AND j.has_room) AND $2::timestamptz IS NOT NULL
""".replace("{desk}", DESK)


async def out_of_reach(tx: Transaction) -> Mapping[UUID, Json]:
    """The pools whose tickets this actor cannot be given now, with the first `reason` that holds: `team`
    (another's), `skill` or `language` (`skills` are what is missing), `room` (too much for what they carry).

    Costs a look at the agent's desk and at each pool, whatever waits in them.
    """
    if tx.actor.agent_id is None or tx.actor.role is Role.LIGHT:  # who takes nothing misses nothing
        return {}
    connection = await tx.driver()
    return {row["id"]: _reason(row) for row in await connection.fetch(OUT_OF_REACH, *who_asks(tx))}


def _reason(row: Mapping[str, object]) -> Json:
    if not row["is_ours"]:
        return {"reason": "team", "skills": []}
    if row["is_able"]:
        return {"reason": "room", "skills": []}
    missing: list[str] = row["missing"]  # type: ignore[assignment]
    skills = [one for one in missing if not one.startswith(LANGUAGE)]
    return {"reason": "skill" if skills else "language", "skills": skills or missing}
