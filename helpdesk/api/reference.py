"""The description served: as JSON for programs, and as a page for people, all from here."""

import gzip
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from helpdesk.auth.requests import session_of
from helpdesk.errors import NotFound
from helpdesk.web.templating import Pages
from helpdesk.wire import encode

_VIEWER = {
    "viewer.js": ("swagger_bundle.js", "text/javascript; charset=utf-8"),
    "viewer.css": ("swagger_style.css", "text/css; charset=utf-8"),
}
"""Name here → file of the package `offapi`, and its type."""

_DAY = "public, max-age=86400"


def routes(base: str, describe: Callable[[], dict[str, Any]]) -> list[BaseRoute]:
    """`describe` makes the document; it is asked once."""

    @cache
    def written() -> bytes:
        return encode(describe())

    async def show_document(request: Request) -> Response:
        """The OpenAPI document."""
        return Response(written(), media_type="application/json")

    return [
        Route(base + "/openapi.json", show_document),
        Route(base + "/docs", show_reference),
        Route(base + "/docs/{name}", show_viewer),
    ]


async def show_reference(request: Request) -> Response:
    """The page for people."""
    pages: Pages = request.app.state.pages
    is_signed_in = await session_of(request) is not None
    return pages.render(request, "api_docs.html", is_signed_in=is_signed_in)


async def show_viewer(request: Request) -> Response:
    """The viewer's script and style, as packaged; nothing comes from elsewhere."""
    name = request.path_params["name"]
    if name not in _VIEWER:
        raise NotFound("file_not_found")
    takes_gzip = "gzip" in request.headers.get("accept-encoding", "")
    headers = {"Cache-Control": _DAY, "Vary": "Accept-Encoding"}
    if takes_gzip:
        headers["Content-Encoding"] = "gzip"
    return Response(_packaged(name, takes_gzip), headers=headers, media_type=_VIEWER[name][1])


@cache
def _packaged(name: str, is_compressed: bool) -> bytes:
    data = (resources.files("offapi") / _VIEWER[name][0]).read_bytes()
    return gzip.compress(data, 9, mtime=0) if is_compressed else data
