"""Pictures that stand in the HTML itself as `data:` addresses, taken out: they are files like others."""

import re
from urllib.parse import unquote_to_bytes

from helpdesk.channels.email.mail import Part
from helpdesk.channels.email.reading.headers import from_base64

LIMIT = 50
_PICTURE = re.compile(
    r"(?P<before>\bsrc\s{0,20}=\s{0,20}[\"']\s{0,20})data:image/(?P<kind>png|jpe?g|gif|webp)"
    r"(?:;[\w=.-]{1,60}){0,5};base64,(?P<data>[A-Za-z0-9+/=%\s]+)",
    re.IGNORECASE,
)


def cut_out(html: str, before: int = 0) -> tuple[str, list[Part]]:
    """The same HTML with `cid:` in their place, and the pictures: at most 50, with those `before` it."""
    if "data:image/" not in html:
        return html, []
    found: list[Part] = []

    def placed(match: re.Match[str]) -> str:
        number = before + len(found) + 1
        data = _decoded(match["data"]) if number <= LIMIT else b""
        if not data:
            return match[0]
        kind = match["kind"].lower().replace("jpg", "jpeg")
        content_id = f"picture-{number}@embedded"
        found.append(Part(f"picture-{number}.{kind}", f"image/{kind}", content_id, True, data))
        return f"{match['before']}cid:{content_id}"

    return _PICTURE.sub(placed, html), found


def _decoded(text: str) -> bytes:
    return from_base64(unquote_to_bytes(text))
