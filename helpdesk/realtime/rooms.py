"""Names for groups of sockets that hear the same."""

from uuid import UUID


def queue(view: str, inbox_id: UUID | None) -> str:
    """Watchers of a view in one inbox; None for those who see every inbox."""
    return f"queue:{view}:{inbox_id or 'all'}"
