"""Fetches a picture that a stranger's mail links to, and passes on only what is one."""

from helpdesk.channels import dimensions, fetching
from helpdesk.errors import Invalid

SECONDS = 5.0
LARGEST = 5 * 1024 * 1024
LONGEST_SIDE = 10_000
MOST_PIXELS = 40_000_000
"""More than any camera's; a few bytes may claim a billion, which a browser would make room for."""

MOST_OF_A_MAIL = 100
"""Pictures of one mail that are offered at all: nobody sends us to knock a thousand times at a third one."""


async def fetch_picture(url: str) -> tuple[bytes, str]:
    """(bytes, media type). Errors: Invalid for what must not or cannot be shown, Unavailable."""
    data = await fetching.fetch(url, accept="image/*", seconds=SECONDS, largest=LARGEST)
    return data, kind_of(data)


def kind_of(data: bytes) -> str:
    """By its bytes, whatever its server called it. Errors: Invalid."""
    found = dimensions.of(data)
    if found is None:
        raise Invalid("not_a_picture")
    kind, width, height = found
    if not (0 < width <= LONGEST_SIDE and 0 < height <= LONGEST_SIDE and width * height <= MOST_PIXELS):
        raise Invalid("picture_size")
    return kind
