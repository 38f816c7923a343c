"""What a visitor's widget may ask for over the socket."""

from typing import Any
from uuid import UUID

from helpdesk.actors import Actor
from helpdesk.channels import chat
from helpdesk.parsing import parse_id
from helpdesk.realtime.broadcaster import Broadcaster
from helpdesk.realtime.namespace import Namespace
from helpdesk.storage.database import Database
from helpdesk.storage.files import Files
from helpdesk.storage.tables import Json


class Visitors(Namespace):
    def __init__(self, database: Database, files: Files, broadcaster: Broadcaster) -> None:
        super().__init__("/widget", database)
        self._files = files
        self._broadcaster = broadcaster
        self.commands = {
            "sync": self.sync,
            "send_message": self.send_message,
            "mark_read": self.mark_read,
            "typing": self.typing,
        }

    async def left(self, sid: str) -> None:
        self._broadcaster.leave(sid)

    async def sync(self, actor: Actor, data: dict[str, Any]) -> Json:
        answer = await chat.sync(self.database, self._files, actor, data)
        if not answer["more"]:
            ticket_id = parse_id(data["ticket"])
            await self._broadcaster.watch(data["sid"], ticket_id, answer["head"], is_contact=True)
        return answer

    async def send_message(self, actor: Actor, data: dict[str, Any]) -> Json:
        return await chat.send_message(self.database, actor, data, self.address_of(data["sid"]))

    async def mark_read(self, actor: Actor, data: dict[str, Any]) -> Json:
        answer = await chat.mark_read(self.database, actor, data)
        await self._tell(actor, parse_id(data["ticket"]), {"type": "seen", "upto": answer["upto"]})
        return answer

    async def typing(self, actor: Actor, data: dict[str, Any]) -> None:
        ticket_id = parse_id(data.get("ticket"))
        if self.may_speak(data["sid"]):
            await chat.require_ticket(self.database, actor, ticket_id)
            await self._tell(actor, ticket_id, {"type": "typing", "state": bool(data.get("state", True))})

    async def _tell(self, actor: Actor, ticket_id: UUID, told: Json) -> None:
        who = {"kind": "contact", "id": actor.contact_id, "name": actor.name}
        told = {**told, "ticket": ticket_id, "who": who}
        await self._broadcaster.ephemeral(ticket_id, told, to_contact=False, skip=None)
