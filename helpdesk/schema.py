"""Every table of the product in one metadata: for migrations and for the test that compares the two."""

from sqlalchemy import MetaData

from helpdesk.auth import tables as _credentials
from helpdesk.domain import agents as _agents
from helpdesk.domain import availability as _availability
from helpdesk.domain import contacts as _contacts
from helpdesk.domain import inboxes as _inboxes
from helpdesk.domain import knowledge as _knowledge
from helpdesk.domain import limits as _limits
from helpdesk.domain import oncall as _oncall
from helpdesk.domain import pictures as _pictures
from helpdesk.domain import plans as _plans
from helpdesk.domain import saved_replies as _saved_replies
from helpdesk.domain import sla as _sla
from helpdesk.domain import tickets as _tickets
from helpdesk.domain import widgets as _widgets
from helpdesk.storage.tables import Base

_KNOWN = (
    _credentials, _agents, _availability, _contacts, _inboxes, _knowledge, _limits, _oncall, _pictures,
    _plans, _saved_replies, _sla, _tickets, _widgets,
)  # fmt: skip


def metadata() -> MetaData:
    """Importing the features above is what fills it."""
    return Base.metadata
