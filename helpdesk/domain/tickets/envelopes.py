"""What a channel hands in, already parsed: the typed form of something somebody said."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from helpdesk.domain.contacts import IdentityKind
from helpdesk.domain.inboxes import Channel
from helpdesk.storage.tables import Json


@dataclass(frozen=True)
class Sender:
    """By which address or number the outside knows who wrote.

    Not `proven` where anybody could have typed it: then it opens nobody's history and no company's plan.
    """

    kind: IdentityKind
    value: str
    name: str = ""
    locale: str = "en"
    proven: bool = True


@dataclass(frozen=True)
class InboundMessage:
    """One message from outside. Either `contact_id` is known (chat) or `sender` says who it is.

    `ticket_id` is the thread it belongs to, None for a new one. `source_id` is what the outside calls
    the message; one that was seen before in this inbox is not taken again. `client_id` is the sender's
    own id for the same purpose. `unverified` says why the sender may not speak on the ticket. `mail` is what
    a mail brought besides its words (see Message).
    """

    inbox_id: UUID
    channel: Channel
    body: str
    contact_id: UUID | None = None
    sender: Sender | None = None
    subject: str = ""
    html: str | None = None
    new_html: str | None = None
    quoted: str | None = None
    attachment_ids: tuple[UUID, ...] = ()
    ticket_id: UUID | None = None
    source_id: str | None = None
    client_id: UUID | None = None
    automatic: bool = False
    unverified: str | None = None
    mail: Json | None = None


@dataclass(frozen=True)
class ByMail:
    """How an answer leaves by mail. Without `to` it goes to the contact and to whoever follows the ticket;
    with it to exactly these. `is_markdown`: the body is Markdown, and the mail is laid out as it says."""

    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    is_markdown: bool = False


AS_USUAL = ByMail()


@dataclass(frozen=True)
class LoggedCall:
    """A phone call an agent or a telephone system tells of. `duration` is in seconds.

    `ticket_id` is the one it was about, None for a new one. `began_at` is when they spoke, where that is not
    now; `client_id` the sender's own id, by which it is not logged again.
    """

    caller: str = ""
    name: str = ""
    contact_id: UUID | None = None
    direction: str = "inbound"
    answered: bool = True
    duration: int = 0
    notes: str = ""
    subject: str = ""
    impact: int = 2
    urgency: int = 2
    callback_at: datetime | None = None
    ticket_id: UUID | None = None
    began_at: datetime | None = None
    client_id: UUID | None = None

    @property
    def is_missed(self) -> bool:
        return self.direction == "inbound" and not self.answered


@dataclass(frozen=True)
class Said:
    """What came of saying something: for the acknowledgement."""

    ticket_id: UUID
    number: int
    message_id: UUID
    version: int
    at: datetime
    duplicate: bool = False
