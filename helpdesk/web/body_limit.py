"""No request is bigger than its address allows."""

from collections.abc import Mapping
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from helpdesk.web.refusals import Refusal, problem

BODY_LIMIT = 1024 * 1024


class BodyLimit:
    """No handler ever holds more than its address allows, whatever Content-Length claims."""

    def __init__(
        self, app: ASGIApp, limits: Mapping[str, int] | None = None, refuse: Refusal = problem
    ) -> None:
        self._app = app
        self._limits = sorted((limits or {}).items(), key=lambda item: -len(item[0]))
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = next((size for start, size in self._limits if scope["path"].startswith(start)), BODY_LIMIT)
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdigit() and int(declared) > limit:
            await self._no(scope, receive, send, limit)
            return
        counted = _Counted(receive, send, limit)
        with suppress(_TooLarge):
            await self._app(scope, counted.receive, counted.send)
        if counted.exceeded and not counted.answered:
            await self._no(scope, receive, send, limit)

    async def _no(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        sentence = f"At most {limit} bytes are taken here."
        await self._refuse(Request(scope), 413, "body_too_large", sentence)(scope, receive, send)


class _TooLarge(HTTPException):
    """Ends the handler that was reading; no failure of ours, so nothing is logged."""

    def __init__(self) -> None:
        super().__init__(413)


class _Counted:
    """A request's body under a limit; once over it, what the handler answers is dropped."""

    def __init__(self, receive: Receive, send: Send, limit: int) -> None:
        self._receive, self._send, self._left = receive, send, limit
        self.exceeded = False
        self.answered = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self.exceeded = True
            raise _TooLarge
        return message

    async def send(self, message: Message) -> None:
        if self.exceeded and not self.answered:
            return
        self.answered = True
        await self._send(message)
