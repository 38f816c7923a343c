"""JSON out, and failures as problem+json (RFC 9457): this entrance's table of errors."""

from typing import Any

from starlette.responses import Response

from helpdesk.domain import tickets
from helpdesk.errors import (
    Conflict,
    Forbidden,
    HelpdeskError,
    Invalid,
    LimitReached,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from helpdesk.wire import encode

STATUS: dict[type[HelpdeskError], tuple[int, str]] = {
    Unauthenticated: (401, "Sign in first"),
    Forbidden: (403, "Not yours to do"),
    NotFound: (404, "Not found"),
    Conflict: (409, "Conflict"),
    Invalid: (422, "Not valid"),
    LimitReached: (429, "Too much, too fast"),
    Unavailable: (503, "Not available right now"),
}


_EXACTLY = {"version": 412, "too_large": 413}
"""Codes that HTTP has a status of its own for."""


def answer(data: Any, status: int = 200, **headers: str) -> Response:
    """None is an answer without a body (204 unless said otherwise)."""
    if data is None:
        return Response(status_code=204 if status == 200 else status, headers=headers)
    return Response(encode(data), status, headers, media_type="application/json")


def told(said: tickets.Said) -> dict[str, Any]:
    """What came of saying something on a ticket."""
    return {
        "id": said.message_id,
        "ticket": said.ticket_id,
        "number": said.number,
        "version": said.version,
        "at": said.at,
        "duplicate": said.duplicate,
    }


def problem(failure: HelpdeskError) -> Response:
    status, title = STATUS.get(type(failure), (500, "Something broke"))
    status = _EXACTLY.get(failure.code, status)
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "code": failure.code}
    if failure.detail:
        body["detail"] = failure.detail
    if failure.field:
        body["field"] = failure.field
    if isinstance(failure, LimitReached) and failure.limit:
        body["limit"] = failure.limit
    headers = {"Cache-Control": "no-store"}
    if status in (429, 503):
        headers["Retry-After"] = str(int(failure.retry_after or 5))
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(encode(body), status, headers, media_type="application/problem+json")
