"""What both namespaces share: who is behind a socket, and failures as acknowledgements."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import socketio
import structlog

from helpdesk.actors import SYSTEM, Actor
from helpdesk.auth import passes
from helpdesk.channels.chat import refusal
from helpdesk.errors import HelpdeskError
from helpdesk.storage.database import Database
from helpdesk.storage.giving_way import People
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

log = structlog.get_logger(__name__)

LOOK_EVERY = 3.0
"""Seconds between two looks at the rights of every socket, all of them at once."""

RIGHTS_LAST = timedelta(seconds=4)
"""How long a socket's actor is believed before a command asks the database itself: where a look is late."""

TYPING_EVERY = timedelta(seconds=2)

SENT_AWAY: Json = {"type": "kick", "code": "unauthenticated"}

UNANSWERED = frozenset({"typing", "presence"})
"""Commands for whose answer nobody waits."""

Command = Callable[[Actor, dict[str, Any]], Awaitable[Any]]


@dataclass
class Caller:
    """Who is behind one socket. `subject` is what the pass said; `actor` is looked up from it again."""

    subject: dict[str, Any]
    actor: Actor
    checked_at: datetime
    granted: frozenset[UUID] | None
    """The inboxes that were open to it when it entered its rooms."""
    address: str | None = None
    spoke_at: dict[tuple[str, bool], datetime] = field(default_factory=dict)
    """When it last said that it writes, that it stopped, that it looks, that it left."""


class Namespace(socketio.AsyncNamespace):  # type: ignore[misc]
    """Subclasses name their commands in `commands`; anything else is refused. What `asked_anew` names is done
    with the rights the database tells at that moment; everything else may be as late as RIGHTS_LAST."""

    def __init__(self, name: str, database: Database, people: People) -> None:
        super().__init__(name)
        self.database, self._people = database, people
        self.rights_every = LOOK_EVERY
        self._callers: dict[str, Caller] = {}
        self.commands: dict[str, Command] = {}
        self.asked_anew: frozenset[str] = frozenset()

    async def trigger_event(self, event: str, *args: Any) -> Any:
        if event == "connect":
            sid, environ, auth = (*args, None)[:3]
            return await self._connect(sid, environ, auth)
        if event == "disconnect":
            await self.left(args[0])
            self._callers.pop(args[0], None)
            return None
        sid, data = args
        try:
            return await self._answer(sid, event, data)
        except HelpdeskError as failure:
            return refusal(failure)
        except Exception:
            log.exception("socket_command_failed", command=event)
            return {"ok": False, "error": "internal"}

    async def entered(self, actor: Actor) -> None:
        """Somebody opened a socket; subclasses take note."""

    def everybody(self) -> list[Actor]:
        """Who has a socket of this namespace open in this process."""
        return [caller.actor for caller in self._callers.values()]

    async def left(self, sid: str) -> None:
        """A socket is gone; subclasses tidy up."""

    def caller_of(self, sid: str) -> Actor | None:
        caller = self._callers.get(sid)
        return caller.actor if caller else None

    def address_of(self, sid: str) -> str | None:
        """Where it calls from."""
        return self._callers[sid].address

    def may_speak(self, sid: str, word: str, is_on: bool) -> bool:
        """Typing and presence, begun and ended: each at most once in two seconds per socket; the rest is
        dropped. One must not swallow another: who opens a ticket writes at once."""
        spoke_at, now = self._callers[sid].spoke_at, self.database.clock.now()
        before = spoke_at.get((word, is_on))
        if before is not None and now - before < TYPING_EVERY:
            return False
        spoke_at[word, is_on] = now
        return True

    async def drop_ended(self) -> None:
        """Sockets whose agent was disabled or signed out, or whose visitor's token was revoked, are told and
        closed; agents whose inboxes changed come back with a new pass: they watch under the old rights."""
        callers = list(self._callers.items())
        if not callers:
            return
        async with self.database.transaction(SYSTEM, is_autocommit=True) as tx:
            ended = await self.ended(tx, callers)
        for sid, why in ended:
            await self.emit("control", why, to=sid)
            if why["type"] == "kick":
                await self.server.hang_up(self.namespace, sid)
            else:
                await self.disconnect(sid)

    async def ended(self, tx: Transaction, callers: Sequence[tuple[str, Caller]]) -> list[tuple[str, Json]]:
        """Which of these sockets must close, and why, as its client is told. The others have the rights
        of this moment from now on."""
        actors = await passes.actors_of(tx, [caller.subject for _, caller in callers])
        found = zip(callers, actors, strict=True)
        return [(sid, why) for (sid, caller), actor in found if (why := _ended(tx, caller, actor))]

    async def watch_rights(self) -> None:
        """Looks for such sockets until it is cancelled."""
        while True:
            await asyncio.sleep(self.rights_every)
            try:
                await self.drop_ended()
            except HelpdeskError as failure:
                log.warning("rights_not_checked", error=str(failure))
            except Exception:
                log.exception("rights_check_failed")

    async def _connect(self, sid: str, environ: dict[str, Any], auth: Any) -> None:
        token = auth.get("pass") if isinstance(auth, dict) and auth.get("v") == 1 else None
        try:
            subject, actor = await passes.redeem(self.database, token, self.namespace)
        except HelpdeskError as failure:
            raise socketio.exceptions.ConnectionRefusedError(failure.code) from None
        # The library's own REMOTE_ADDR is always 127.0.0.1 here.
        client = environ.get("asgi.scope", {}).get("client")
        now = self.database.clock.now()
        self._callers[sid] = Caller(subject, actor, now, actor.inbox_ids, client[0] if client else None)
        try:
            await self.entered(actor)
        except BaseException:
            self._callers.pop(sid, None)  # a socket that never got in must not count as present
            raise

    async def _answer(self, sid: str, event: str, data: dict[str, Any]) -> Any:
        command = self.commands.get(event)
        if command is None:
            return {"ok": False, "error": "bad_request", "code": "command_unknown"}
        if event not in UNANSWERED:
            self._people.serve()
        return await command(await self._actor(sid, event), {**data, "sid": sid})

    async def _actor(self, sid: str, event: str) -> Actor:
        """The caller with the rights of this moment, never from room membership."""
        caller, now = self._callers[sid], self.database.clock.now()
        if event in self.asked_anew or now - caller.checked_at > RIGHTS_LAST:
            return await self.looked_up(sid)
        return caller.actor

    async def looked_up(self, sid: str) -> Actor:
        """The caller as the database knows it now."""
        caller = self._callers[sid]
        async with self.database.transaction(SYSTEM, is_autocommit=True) as tx:
            caller.actor = await passes.actor_of(tx, caller.subject)
        caller.checked_at = self.database.clock.now()
        return caller.actor


def _ended(tx: Transaction, caller: Caller, actor: Actor | None) -> Json | None:
    if actor is None:
        return dict(SENT_AWAY)
    caller.actor, caller.checked_at = actor, tx.now
    return {"type": "reauthenticate"} if actor.inbox_ids != caller.granted else None
