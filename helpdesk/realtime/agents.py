"""What an agent's browser may ask for over the socket."""

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from helpdesk.actors import Actor
from helpdesk.channels import chat
from helpdesk.channels.changing import TicketPatch
from helpdesk.channels.claiming import claim
from helpdesk.domain import availability, permissions, tickets
from helpdesk.errors import Conflict, Invalid
from helpdesk.parsing import parse, parse_id
from helpdesk.realtime.broadcaster import Broadcaster
from helpdesk.realtime.namespace import Namespace
from helpdesk.realtime.presence import Presence
from helpdesk.storage.database import Database
from helpdesk.storage.files import Files
from helpdesk.storage.giving_way import People
from helpdesk.storage.tables import Json

WATCHED_ROWS = 200


class ChangeTicket(BaseModel):
    ticket: UUID
    client_id: UUID | None = None
    if_version: int | None = None
    set: TicketPatch


class AvailabilityChosen(BaseModel):
    state: Literal["online", "away"]


class ClaimNext(BaseModel):
    client_id: UUID | None = None


class Agents(Namespace):
    def __init__(self, database: Database, files: Files, broadcaster: Broadcaster, people: People) -> None:
        super().__init__("/agent", database, people)
        self.asked_anew = frozenset({"send_message", "claim_next", "change_ticket", "acknowledge_alert"})
        self._files = files
        self._broadcaster = broadcaster
        self.presence_of = Presence(database, self.everybody)
        self.commands = {
            "sync": self.sync,
            "unwatch": self.unwatch,
            "send_message": self.send_message,
            "mark_read": self.mark_read,
            "claim_next": self.claim_next,
            "change_ticket": self.change_ticket,
            "watch_queue": self.watch_queue,
            "acknowledge_alert": self.acknowledge_alert,
            "typing": self.typing,
            "presence": self.presence,
        }

    async def entered(self, actor: Actor) -> None:
        await self.presence_of.entered(actor)

    async def left(self, sid: str) -> None:
        self._broadcaster.leave(sid)

    async def sync(self, actor: Actor, data: dict[str, Any]) -> Json:
        answer = await chat.sync(self.database, self._files, actor, data)
        if not answer["more"]:
            ticket_id = parse_id(data["ticket"])
            await self._broadcaster.watch(data["sid"], ticket_id, answer["head"], is_contact=False)
        return answer

    async def unwatch(self, actor: Actor, data: dict[str, Any]) -> Json:
        """The ticket is off the screen."""
        self._broadcaster.unwatch(data["sid"], parse_id(data.get("ticket")))
        return {"ok": True}

    async def send_message(self, actor: Actor, data: dict[str, Any]) -> Json:
        return await chat.send_message(self.database, actor, data)

    async def mark_read(self, actor: Actor, data: dict[str, Any]) -> Json:
        answer = await chat.mark_read(self.database, actor, data)
        ticket_id = parse_id(data["ticket"])
        async with self.database.transaction(actor) as tx:
            public = await tickets.timeline.public_upto(tx, ticket_id, answer["upto"])
        self._tell(actor, ticket_id, {"type": "seen", "upto": public}, data["sid"])
        return answer

    async def claim_next(self, actor: Actor, data: dict[str, Any]) -> Json:
        wanted = parse(data, ClaimNext)
        ticket = await claim(self.database, actor, wanted.client_id)
        if ticket is None:
            return {"ok": True, "ticket": None, "empty": True, "full": await self._is_full(actor)}
        return {"ok": True, "ticket": ticket.id, "number": ticket.number, "version": ticket.version}

    async def _is_full(self, actor: Actor) -> bool:
        """Whether it was the own capacity that left nothing to claim."""
        async with self.database.transaction(actor) as tx:
            return actor.agent_id is not None and await tickets.is_full(tx, actor.agent_id)

    async def change_ticket(self, actor: Actor, data: dict[str, Any]) -> Json:
        wanted = parse(data, ChangeTicket)
        try:
            async with self.database.transaction(actor) as tx:
                ticket = await tickets.change_ticket(
                    tx,
                    wanted.ticket,
                    wanted.set.change,
                    if_version=wanted.if_version,
                    client_id=wanted.client_id,
                )
        except Conflict as conflict:
            async with self.database.transaction(actor) as tx:
                version = (await tickets.get(tx, wanted.ticket)).version
            return {**chat.refusal(conflict), "version": version}
        return {"ok": True, "ticket": ticket.id, "version": ticket.version}

    async def watch_queue(self, actor: Actor, data: dict[str, Any]) -> Json:
        """The rows of `queue` (what can be claimed) or `all` (what anybody works on), then changes."""
        view = data.get("view") or "queue"
        if view not in ("queue", "all"):
            raise Invalid("view_unknown", field="view")
        self._broadcaster.watch_queue(data["sid"], view, actor.inbox_ids)
        async with self.database.transaction(actor, is_autocommit=True) as tx:
            reach = await tickets.out_of_reach(tx)
            rows, _ = await tickets.queries.queue_page(tx, view=view, limit=WATCHED_ROWS, out_of_reach=reach)
            overload = await tickets.overload.shown(tx)
        told = {str(pool_id): why for pool_id, why in reach.items()}
        return {
            "ok": True,
            "rows": rows,
            "as_of": tx.now,
            "overload": overload.to_dict(),
            "out_of_reach": told,
        }

    async def acknowledge_alert(self, actor: Actor, data: dict[str, Any]) -> Json:
        if actor.agent_id is None:
            raise Invalid("no_agent")
        alert_id, agent_id = parse_id(data.get("alert"), "alert"), actor.agent_id
        alert = await self.database.settle(actor, lambda tx: tickets.acknowledge(tx, alert_id, agent_id))
        return {"ok": True, "state": alert.status}

    async def typing(self, actor: Actor, data: dict[str, Any]) -> None:
        permissions.require_replier(actor)  # the contact sees it
        ticket_id = parse_id(data.get("ticket"))
        writes = bool(data.get("state", True))
        if self.may_speak(data["sid"], "typing", writes):
            await chat.require_ticket(self.database, actor, ticket_id)
            self._tell(actor, ticket_id, {"type": "typing", "state": writes}, data["sid"])

    async def presence(self, actor: Actor, data: dict[str, Any]) -> None:
        """Who looks at a ticket: for colleagues only. Without a ticket: whether new work may come."""
        if not data.get("ticket"):
            await self._choose_availability(actor, data)
            return
        ticket_id = parse_id(data.get("ticket"))
        if self.may_speak(data["sid"], "presence", data.get("state") != "idle"):
            await chat.require_ticket(self.database, actor, ticket_id)
            who = {"kind": "agent", "id": actor.agent_id, "name": actor.name}
            told = {"type": "presence", "ticket": ticket_id, "who": who, "state": str(data.get("state"))[:20]}
            self._broadcaster.ephemeral(ticket_id, told, to_contact=False, skip=data["sid"])

    async def _choose_availability(self, actor: Actor, data: dict[str, Any]) -> None:
        wanted = parse(data, AvailabilityChosen)
        if actor.agent_id is not None:
            async with self.database.transaction(actor) as tx:
                await availability.choose(tx, actor.agent_id, availability.State(wanted.state))
                tx.enqueue("distribute")

    def _tell(self, actor: Actor, ticket_id: UUID, told: Json, sid: str) -> None:
        """Colleagues learn who it is by id; the contact learns the name."""
        for_agents = {
            **told,
            "ticket": ticket_id,
            "who": {"kind": "agent", "id": actor.agent_id, "name": actor.name},
        }
        for_contact = {**told, "ticket": ticket_id, "who": {"kind": "agent", "id": None, "name": actor.name}}
        self._broadcaster.ephemeral(ticket_id, for_agents, to_contact=False, skip=sid)
        self._broadcaster.ephemeral(ticket_id, for_contact, to_contact=True)
