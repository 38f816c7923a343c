"""What a visitor's widget may ask for over the socket."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from helpdesk.actors import Actor
from helpdesk.auth import visitors
from helpdesk.channels import chat, visiting
from helpdesk.errors import NotFound
from helpdesk.parsing import parse_id
from helpdesk.realtime.broadcaster import Broadcaster
from helpdesk.realtime.namespace import SENT_AWAY, Caller, Namespace
from helpdesk.storage.database import Database
from helpdesk.storage.files import Files
from helpdesk.storage.giving_way import People
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction


class Visitors(Namespace):
    def __init__(self, database: Database, files: Files, broadcaster: Broadcaster, people: People) -> None:
        super().__init__("/widget", database, people)
        self._files = files
        self._broadcaster = broadcaster
        self.commands = {
            "sync": self.sync,
            "unwatch": self.unwatch,
            "send_message": self.send_message,
            "mark_read": self.mark_read,
            "typing": self.typing,
            "expectations": self.expectations,
            "articles": self.articles,
        }

    async def left(self, sid: str) -> None:
        self._broadcaster.leave(sid)

    async def ended(self, tx: Transaction, callers: Sequence[tuple[str, Caller]]) -> list[tuple[str, Json]]:
        """One look for all of them: there are many."""
        subjects = {
            sid: (UUID(one.subject["contact_id"]), UUID(one.subject["inbox_id"])) for sid, one in callers
        }
        known = await visitors.let_in(tx, [contact_id for contact_id, _ in subjects.values()])
        ended = [(sid, dict(SENT_AWAY)) for sid, subject in subjects.items() if subject not in known]
        for sid, caller in callers:
            if (now := known.get(subjects[sid])) is None:
                continue
            contact_id, name = now
            if contact_id != caller.actor.contact_id:  # merged into another, or apart again
                ended.append((sid, {"type": "reauthenticate"}))
                continue
            caller.checked_at = tx.now
            if name != caller.actor.name:
                caller.actor = replace(caller.actor, name=name)
        return ended

    async def _answer(self, sid: str, event: str, data: dict[str, Any]) -> Any:
        """Once more as who they are now, where their contact was merged into another a moment ago."""
        try:
            return await super()._answer(sid, event, data)
        except NotFound:
            before = self.caller_of(sid)
            if await self.looked_up(sid) == before:
                raise
            return await super()._answer(sid, event, data)

    async def sync(self, actor: Actor, data: dict[str, Any]) -> Json:
        answer = await chat.sync(self.database, self._files, actor, data)
        if not answer["more"]:
            ticket_id = parse_id(data["ticket"])
            await self._broadcaster.watch(data["sid"], ticket_id, answer["head"], is_contact=True)
        return answer

    async def unwatch(self, actor: Actor, data: dict[str, Any]) -> Json:
        """The conversation is off the screen."""
        self._broadcaster.unwatch(data["sid"], parse_id(data.get("ticket")))
        return {"ok": True}

    async def send_message(self, actor: Actor, data: dict[str, Any]) -> Json:
        return await chat.send_message(self.database, actor, data, self.address_of(data["sid"]))

    async def mark_read(self, actor: Actor, data: dict[str, Any]) -> Json:
        answer = await chat.mark_read(self.database, actor, data)
        self._tell(actor, parse_id(data["ticket"]), {"type": "seen", "upto": answer["upto"]})
        return answer

    async def typing(self, actor: Actor, data: dict[str, Any]) -> None:
        ticket_id = parse_id(data.get("ticket"))
        writes = bool(data.get("state", True))
        if self.may_speak(data["sid"], "typing", writes):
            await chat.require_ticket(self.database, actor, ticket_id)
            self._tell(actor, ticket_id, {"type": "typing", "state": writes})

    async def expectations(self, actor: Actor, data: dict[str, Any]) -> Json:
        return {"ok": True, **await visiting.expectations(self.database, actor)}

    async def articles(self, actor: Actor, data: dict[str, Any]) -> Json:
        return {"ok": True, **await visiting.articles(self.database, actor, data.get("q"))}

    def _tell(self, actor: Actor, ticket_id: UUID, told: Json) -> None:
        who = {"kind": "contact", "id": actor.contact_id, "name": actor.name}
        told = {**told, "ticket": ticket_id, "who": who}
        self._broadcaster.ephemeral(ticket_id, told, to_contact=False)
