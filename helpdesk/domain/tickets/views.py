"""The views that tickets are listed in: which they are, their order, and the statement that reads a page.

A page is the merged heads of short walks, each through one index from where the page begins: the waiting
tickets of one pool, or those of one inbox in one status. What somebody may not see is never walked past.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

_FIRST, _LAST = UUID(int=0), UUID(int=2**128 - 1)


@dataclass(frozen=True)
class View:
    """Tickets in these statuses, ordered by the column `by` and then the id. `is_own`: the asking agent's;
    `is_queue`: those nobody has taken yet."""

    statuses: tuple[str, ...]
    by: str = "rank_at"
    newest_first: bool = False
    is_own: bool = False
    is_queue: bool = False

    @property
    def direction(self) -> str:
        return "DESC" if self.newest_first else "ASC"


VIEWS: Mapping[str, View] = {
    "queue": View(("open",), is_queue=True),
    "mine": View(("open", "pending"), is_own=True),
    "open": View(("open",)),
    "all": View(("open", "pending", "snoozed")),
    "snoozed": View(("snoozed",), by="snoozed_until"),
    "pending": View(("pending",), by="last_message_at", newest_first=True),
    "resolved": View(("resolved", "closed"), by="last_message_at", newest_first=True),
    "any": View(
        ("open", "pending", "snoozed", "resolved", "closed"), by="last_message_at", newest_first=True
    ),
}

_POOLS = """
    FROM pools q JOIN inboxes n ON n.id = q.inbox_id CROSS JOIN LATERAL (
      SELECT w.id, w.{by} AS at FROM tickets w WHERE w.waiting AND w.pool_id = q.id
        AND w.rank_at >= coalesce(q.low_water, '-infinity') AND {beyond}
      ORDER BY w.{by} {direction}, w.id {direction} LIMIT {limit}) AS head
"""

_INBOXES = """
    FROM inboxes n {each_status} CROSS JOIN LATERAL (
      SELECT w.id, w.{by} AS at FROM tickets w WHERE w.inbox_id = n.id AND w.status = {status}
        AND {beyond}
      ORDER BY w.{by} {direction}, w.id {direction} LIMIT {limit}) AS head
"""

_OWN = """
    FROM inboxes n JOIN (
      SELECT w.id, w.inbox_id, w.{by} AS at FROM tickets w
      WHERE w.assignee_id = $2 AND w.status IN ({statuses})
        AND {beyond}) AS head ON head.inbox_id = n.id
"""

_PAGE = """
    WITH picked AS MATERIALIZED (
      SELECT head.id {heads}
      WHERE ($1::uuid[] IS NULL OR n.id = ANY($1)) AND $2::uuid IS NOT DISTINCT FROM $2
        AND ($3::text IS NULL OR n.channel = $3)
      ORDER BY head.at {direction}, head.id {direction} LIMIT {limit}
    ) {row} WHERE t.id IN (SELECT id FROM picked) ORDER BY t.{by} {direction}, t.id {direction}
"""


def _page(view: View) -> str:
    """$1 inboxes or NULL, $2 who asks, $3 the channel or NULL, $4 and $5 where it begins. How many (`limit`)
    stands in the text: not knowing it, PostgreSQL would expect a tenth of all tickets."""
    than = "<" if view.newest_first else ">"
    begin = f"coalesce($4, '{'' if view.newest_first else '-'}infinity'::timestamptz)"
    is_several = len(view.statuses) > 1
    least = _LAST if view.newest_first else _FIRST
    heads = (_POOLS if view.is_queue else _OWN if view.is_own else _INBOXES).format(
        by=view.by,
        direction=view.direction,
        statuses=_quoted(view),
        each_status=f"CROSS JOIN unnest(ARRAY[{_quoted(view)}]) AS wanted(status)" if is_several else "",
        status="wanted.status" if is_several else _quoted(view),  # a constant finds a partial index
        beyond=f"(w.{view.by}, w.id) {than} ({begin}, coalesce($5, '{least}'::uuid))",
        limit="{limit}",
    )
    return _PAGE.format(heads=heads, by=view.by, direction=view.direction, row="{row}", limit="{limit}")


def _quoted(view: View) -> str:
    return ", ".join(f"'{status}'" for status in view.statuses)


PAGES: Mapping[str, str] = {name: _page(view) for name, view in VIEWS.items()}
