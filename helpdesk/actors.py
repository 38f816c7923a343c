"""Who is asking: an agent, a contact, an API key, or the system itself."""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID


class ActorKind(StrEnum):
    AGENT = "agent"
    CONTACT = "contact"
    API_KEY = "api_key"
    SYSTEM = "system"


class Role(StrEnum):
    """From least to most; `light` agents read and write notes only."""

    LIGHT = "light"
    AGENT = "agent"
    LEAD = "lead"
    ADMIN = "admin"
    OWNER = "owner"


@dataclass(frozen=True)
class Actor:
    """Who asks, as one credential proved it.

    `inbox_ids` is None where every inbox is granted. `agent_id` is set for agents, and for API keys
    that act for one. `contact_id` is set for contacts (visitors included), with the one inbox their
    token is bound to in `inbox_ids`; `came_as` is the contact it was issued to, where that one was merged
    into `contact_id`.
    """

    kind: ActorKind
    id: UUID | None
    name: str
    role: Role | None = None
    agent_id: UUID | None = None
    contact_id: UUID | None = None
    came_as: UUID | None = None
    inbox_ids: frozenset[UUID] | None = frozenset()
    scopes: frozenset[str] = field(default=frozenset())
    locale: str = "en"
    time_zone: str = "UTC"

    def __hash__(self) -> int:
        """Of the id alone: looked up with each command, and two of one id are mostly the same."""
        return hash(self.id)

    @property
    def is_staff(self) -> bool:
        return self.kind in (ActorKind.AGENT, ActorKind.API_KEY, ActorKind.SYSTEM)


SYSTEM = Actor(kind=ActorKind.SYSTEM, id=None, name="Helpdesk", role=Role.OWNER, inbox_ids=None)
"""Time passing, and work that follows after a commit."""
