"""The rota as an application on a phone: its manifest, and the worker that shows what is pushed."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from helpdesk import translation
from helpdesk.auth.requests import session_of
from helpdesk.web.assets import source_root
from helpdesk.web.templating import language_of

_WORKER = Path("helpdesk/web/static/oncall_worker.js")


async def show_manifest(request: Request) -> Response:
    """GET /oncall.webmanifest"""
    session = await session_of(request)
    language = session.actor.locale if session is not None else language_of(request)
    assets, t = request.app.state.assets, translation.translator(language)
    manifest = {
        "id": "/oncall",
        "lang": language,
        "name": t("On call"),
        "short_name": t("On call"),
        "start_url": "/oncall/alerts",
        "scope": "/",
        "display": "standalone",
        "background_color": "#0c0e13",
        "theme_color": "#0c0e13",
        "icons": [{"src": assets.url("static/mark.svg"), "sizes": "any", "type": "image/svg+xml"}],
    }
    headers = {"Cache-Control": "no-store"}  # the reader's own
    return JSONResponse(manifest, media_type="application/manifest+json", headers=headers)


async def show_worker(request: Request) -> Response:
    """GET /oncall/worker.js: under one address of its own, since a worker is known by it."""
    text = (source_root() / _WORKER).read_text(encoding="utf-8")
    return Response(text, media_type="text/javascript", headers={"Service-Worker-Allowed": "/"})
