"""Rows of the queue to whoever watches a view of it: whole rows, never what changed in them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from helpdesk.realtime.server import Server
from helpdesk.storage.tables import Json

PER_PACKET = 50
"""So that a flood of changes (an import, a hundred woken tickets) never makes one packet of megabytes."""

KEPT = 10_000
"""Versions of rows that are remembered."""

WORKING = ("open", "pending", "snoozed")


class QueueRows:
    def __init__(self, server: Server) -> None:
        self._server = server
        self._watchers: dict[str, set[str]] = defaultdict(set)
        """By the name of what is watched: a view, of one inbox or of all."""
        self._versions: dict[UUID, int] = {}

    @property
    def are_watched(self) -> bool:
        return bool(self._watchers)

    def watch(self, sid: str, view: str, inbox_ids: frozenset[UUID] | None) -> None:
        """A socket watches one view at a time."""
        self.leave(sid)
        for inbox_id in inbox_ids if inbox_ids is not None else (None,):
            self._watchers[_room(view, inbox_id)].add(sid)

    def leave(self, sid: str) -> None:
        for room, sids in list(self._watchers.items()):
            sids.discard(sid)
            if not sids:
                del self._watchers[room]

    def lost(self, newest: Mapping[UUID, int]) -> set[UUID]:
        """Of these tickets those whose newest version was never sent from here."""
        if len(self._versions) > KEPT:
            self._versions = dict(list(self._versions.items())[-KEPT // 2 :])
        if not self._watchers:
            return set()
        return {one for one, version in newest.items() if self._versions.get(one, 0) < version}

    def send(self, rows: Sequence[Json]) -> None:
        """For `queue` null once nobody needs to claim it, for `all` once nobody works on it."""
        by_room: dict[str, list[Json]] = defaultdict(list)
        for row in rows:
            inbox_id = row.pop("inbox_id")
            self._versions[row["ticket_id"]] = row["version"]
            shown = {
                "queue": row["status"] == "open" and row["assignee"] is None,
                "all": row["status"] in WORKING,
            }
            for view, is_in in shown.items():
                told = {"ticket": row["ticket_id"], "version": row["version"], "row": row if is_in else None}
                for room in (_room(view, inbox_id), _room(view, None)):
                    if room in self._watchers:
                        by_room[room].append(told)
        for room, told_rows in by_room.items():
            for first in range(0, len(told_rows), PER_PACKET):
                self._tell(self._watchers[room], told_rows[first : first + PER_PACKET])

    def _tell(self, sids: set[str], rows: list[Json]) -> None:
        """Whoever is over its budget gets the newest of each row once it has caught up."""

        def one_by_one() -> dict[object, bytes]:
            return {
                ("row", row["ticket"]): self._server.frame("/agent", "queue_rows", {"rows": [row]})
                for row in rows
            }

        self._server.tell(
            "/agent", sids, self._server.frame("/agent", "queue_rows", {"rows": rows}), one_by_one
        )


def _room(view: str, inbox_id: UUID | None) -> str:
    """Who sees every inbox watches the room of none."""
    return f"{view}:{inbox_id or 'all'}"
