"""The script that websites embed, with the launcher's colours in it: no flash on a first visit."""

import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import SYSTEM
from helpdesk.domain import inboxes
from helpdesk.errors import HelpdeskError
from helpdesk.storage.database import Database
from helpdesk.web.assets import LOADER_CACHE, Asset, Assets, answer_with

log = structlog.get_logger(__name__)

LOOKS_LAST = timedelta(seconds=30)
_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3."""

_COLOUR = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)


class ChatLoader:
    """`GET /widget.js`. Inboxes stand in it by a hash of their key, so that it lists nobody's brands."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets
        self._looks: dict[str, Any] = {}
        self._read_at: datetime | None = None

    async def serve(self, request: Request) -> Response:
        """Its address stands in other people's pages and never changes, so it is only kept for minutes."""
        script = self._assets.snapshot.get("widget/loader.js")
        if script is None:
            raise LookupError("widget/loader.js")
        looks = orjson.dumps(await self._known(request.app.state.database))
        return answer_with(request, _with_looks(script.body, looks), LOADER_CACHE)

    async def _known(self, database: Database) -> dict[str, Any]:
        now = database.clock.now()
        if self._read_at is not None and now - self._read_at < LOOKS_LAST:
            return self._looks
        try:
            async with database.transaction(SYSTEM) as tx:
                found = await inboxes.all_of(tx)
        except HelpdeskError as failure:  # a site's page must not wait for our database
            log.warning("launcher_colours_unknown", error=str(failure))
            return self._looks
        themes = {one.key: one.settings.get("theme") or {} for one in found if one.channel == "chat"}
        self._looks = {hashed(key): look for key, theme in themes.items() if (look := launcher_look(theme))}
        self._read_at = now
        return self._looks


def launcher_look(theme: dict[str, Any]) -> dict[str, str]:
    """What the launcher needs of an inbox's theme, and nothing that is not what it should be."""
    look: dict[str, str] = {}
    if isinstance(accent := theme.get("accent"), str) and _COLOUR.fullmatch(accent):
        look |= {"accent": accent.lower(), "on": _readable_on(accent)}
    if theme.get("side") in ("left", "right"):
        look["side"] = theme["side"]
    return look


def _readable_on(colour: str) -> str:
    """White or near-black, as widget/theme.js chooses for the panel."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#ffffff" if 1.05 / (luminance + 0.05) >= _CONTRAST else "#14161c"


def hashed(key: str) -> str:
    """FNV-1a over UTF-16 units, as widget/loader.js computes it."""
    units = key.encode("utf-16-le")
    found = 0x811C9DC5
    for at in range(0, len(units), 2):
        found = (found ^ int.from_bytes(units[at : at + 2], "little")) * 0x01000193 & 0xFFFFFFFF
    return str(found)


@lru_cache(maxsize=4)
def _with_looks(script: bytes, looks: bytes) -> Asset:
    """The script is a function that is called at its very end; its argument goes in there."""
    body = script.rstrip()
    if not body.endswith(b"})()"):
        raise ValueError("widget/loader.js does not end with its call")
    return Asset.of("widget/loader.js", body.removesuffix(b"()") + b"(" + looks + b")\n")
