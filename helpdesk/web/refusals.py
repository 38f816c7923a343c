"""How a request is turned away before it reaches any handler."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

Refusal = Callable[[Request, int, str, str], Response]
"""Says no in the caller's language: (request, status, code, sentence) → answer."""


def problem(_request: Request, status: int, code: str, detail: str) -> Response:
    """RFC 9457."""
    body = {
        "type": "about:blank",
        "title": code.replace("_", " "),
        "status": status,
        "code": code,
        "detail": detail,
    }
    return JSONResponse(body, status, media_type="application/problem+json")
