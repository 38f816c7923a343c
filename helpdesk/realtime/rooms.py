"""Names of the rooms that events go to."""

from uuid import UUID


def agents_of(ticket_id: UUID) -> str:
    return f"ticket:{ticket_id}:agents"


def contact_of(ticket_id: UUID) -> str:
    return f"ticket:{ticket_id}:contact"


def queue(view: str, inbox_id: UUID | None) -> str:
    """Watchers of a view in one inbox; None for those who see every inbox."""
    return f"queue:{view}:{inbox_id or 'all'}"
