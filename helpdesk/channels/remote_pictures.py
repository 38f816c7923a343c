"""Fetches a picture that a stranger's mail links to."""

from helpdesk.channels import fetching, uploads
from helpdesk.errors import Invalid

SECONDS = 5.0
LARGEST = 5 * 1024 * 1024


async def fetch_picture(url: str) -> tuple[bytes, str]:
    """(bytes, media type). Errors: Invalid for what must not or cannot be shown, Unavailable."""
    data = await fetching.fetch(url, accept="image/*", seconds=SECONDS, largest=LARGEST)
    kind = uploads.sniffed(data)
    if kind not in uploads.SHOWN:
        raise Invalid("not_a_picture")
    return data, kind
