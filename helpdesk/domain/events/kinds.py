"""What every event is: its fields, and who may hear of it."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from helpdesk.storage.tables import Json


@dataclass(frozen=True)
class Event:
    """The default audience is agents only, so nothing new ever leaks into a widget.

    `public` events are also seen by the ticket's contact, who gets only `public_fields`.
    """

    public: ClassVar[bool] = False
    public_fields: ClassVar[tuple[str, ...]] = ()

    @property
    def name(self) -> str:
        return type(self).__name__

    @property
    def message_id(self) -> UUID | None:
        return None

    def data(self) -> Json:
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}


@dataclass(frozen=True)
class MessageEvent(Event):
    message: UUID

    @property
    def message_id(self) -> UUID | None:
        return self.message

    def data(self) -> Json:
        return {key: value for key, value in super().data().items() if key != "message"} | {
            "message_id": str(self.message)
        }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, UUID) else value
