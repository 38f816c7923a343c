"""What one socket still has to be sent: bounded, so that a client that does not read costs no more."""

import asyncio
from collections import deque
from collections.abc import Callable

PACKETS = 200
BYTES = 1024 * 1024
"""The budget of one socket."""


class Outbox:
    """Frames in order. `put` always takes one; `offer` and `whisper` only where the budget allows it.

    What was refused is owed: the newest frame for each key, sent once half of the budget is free again.
    """

    __slots__ = ("_ended", "_frames", "_on_frame", "_owed", "_room", "bytes", "is_behind")

    def __init__(self, on_frame: Callable[[], None]) -> None:
        """`on_frame` is called when there is something to take, or the end."""
        self._frames: deque[bytes] = deque()
        self._owed: dict[object, bytes] = {}
        self._on_frame = on_frame
        self._room: asyncio.Future[None] | None = None
        self._ended = False
        self.bytes = 0
        self.is_behind = False
        """From the first refusal until half of the budget is free."""

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def is_full(self) -> bool:
        return len(self._frames) >= PACKETS or self.bytes >= BYTES

    @property
    def is_done(self) -> bool:
        """It has ended, and everything has left."""
        return self._ended and not self._frames

    @property
    def is_lost(self) -> bool:
        """So much is owed that starting afresh is cheaper."""
        return len(self._owed) > PACKETS

    def put(self, frame: bytes) -> None:
        """What the protocol cannot do without: answers, heartbeats, control."""
        if not self._ended:
            self._frames.append(frame)
            self.bytes += len(frame)
            self._on_frame()

    def offer(self, frame: bytes) -> bool:
        """Whether there was room. While something is owed, nothing fits: it would overtake."""
        if self.is_behind or len(self._frames) >= PACKETS or self.bytes + len(frame) > BYTES:
            self.is_behind = True
            return False
        self.put(frame)
        return True

    def whisper(self, frame: bytes) -> bool:
        """What may be lost goes first: it only uses half of the budget."""
        if self.is_behind or not self._has_half():
            return False
        self.put(frame)
        return True

    def owe(self, key: object, frame: bytes) -> None:
        self._owed.pop(key, None)
        self._owed[key] = frame

    def end(self) -> None:
        """What is queued may still go out."""
        self._ended = True
        self._on_frame()
        _resolve(self._room)

    def take(self, most: int) -> list[bytes]:
        """The next frames, together no more than so many bytes unless the first is; they have left."""
        taken: list[bytes] = []
        size = 0
        while self._frames and (not taken or size + len(self._frames[0]) <= most):
            taken.append(self._frames.popleft())
            size += len(taken[-1])
        self.bytes -= size
        self.settle()
        if self._room is not None and not self.is_full:
            _resolve(self._room)
        return taken

    def settle(self) -> None:
        """Pays what is owed, where half of the budget is free."""
        if self.is_behind and self._has_half():
            self.is_behind = False
            owed, self._owed = self._owed, {}
            for frame in owed.values():
                self.put(frame)

    async def room(self) -> None:
        """Waits until the budget is not used up: who does not read is not listened to either."""
        while self.is_full and not self._ended:
            if self._room is None or self._room.done():
                self._room = asyncio.get_running_loop().create_future()
            await self._room

    def _has_half(self) -> bool:
        return len(self._frames) < PACKETS // 2 and self.bytes < BYTES // 2


def _resolve(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)
