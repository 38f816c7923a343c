"""The description of the JSON interface for programs (OpenAPI 3.1) and people, made from the route table."""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic.json_schema import JsonSchemaMode, models_json_schema

from helpdesk import __doc__ as purpose
from helpdesk.api import shapes
from helpdesk.api.answers import STATUS

Schema = dict[str, Any]
Handler = Callable[..., Awaitable[Any]]

VERSION = "1"
_REF = "#/components/schemas/{model}"

QUERY: dict[str, Schema] = {
    "after": {"type": "string", "description": "`next` of the page before."},
    "limit": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
    "view": {
        "type": "string",
        "enum": ["queue", "mine", "open", "all", "snoozed", "pending", "resolved", "any"],
    },
    "channel": {"type": "string", "enum": ["chat", "email", "phone", "api"]},
    "q": {"type": "string", "maxLength": 100, "description": "What to look for."},
    "contact_id": {"type": "string", "format": "uuid", "description": "The contact's last tickets alone."},
    "after_version": {"type": "integer", "minimum": 0, "default": 0, "description": "The version you have."},
    "before": {"type": "string", "description": "A version, or `latest`: read backwards."},
    "wait": {"type": "integer", "minimum": 0, "maximum": 25, "default": 0, "description": "Seconds."},
    "message": {"type": "string", "format": "uuid", "description": "Another than the contact's last one."},
    "ticket": {"type": "string", "format": "uuid"},
    "state": {"type": "string", "enum": ["open", "acknowledged", "exhausted", "closed"]},
    "swap_state": {"type": "string", "enum": ["open"]},
    "from_contact": {"type": "string", "format": "uuid", "description": "Who would be merged."},
    "from": {"type": "string", "format": "date-time", "description": "Now unless told otherwise."},
    "to": {"type": "string", "format": "date-time", "description": "A week later unless told otherwise."},
    "at": {"type": "string", "format": "date-time", "description": "Now unless told otherwise."},
}
"""Every query parameter; a row of the table names the ones it takes."""

_NAMES = {"after_version": "after", "swap_state": "state", "from_contact": "from"}
_REQUIRED = {"ticket", "from_contact"}


@dataclass(frozen=True)
class Address:
    """One row of the route table: `handler` answers it; the rest is what its description needs.

    `takes` is the body. `creates` is a body too, of a handler that makes something once per
    Idempotency-Key (requests.creating). `gives` is the answer; None says it has no body. `needs` is the
    least scope of an API token here; unless said, `write` for everything but GET.
    """

    method: str
    path: str
    handler: Handler
    gives: Any = None
    status: int = 200
    takes: Any = None
    creates: Any = None
    query: str = ""
    may_be_empty: bool = False
    is_versioned: bool = False
    is_upload: bool = False
    needs: Literal["write", "acknowledge", "read", ""] = ""


def document(staff: Sequence[Address], visitors: Sequence[Address], base: str) -> Schema:
    """The OpenAPI document of agents' addresses under `base` and of the widget's under /widget."""
    definitions, schemas = _schemas([*staff, *visitors])
    paths: dict[str, Schema] = {}
    for prefix, addresses in ((base, staff), ("/widget", visitors)):
        for address in addresses:
            described = _operation(address, definitions, is_visitors=prefix == "/widget")
            paths.setdefault(prefix + address.path, {})[address.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": "Helpdesk", "version": VERSION, "description": (purpose or "").strip()},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {
                kind.__name__: _problem(kind.__doc__ or title) for kind, (_, title) in STATUS.items()
            },
            "securitySchemes": _SECURITY,
        },
    }


_SECURITY: Schema = {
    "token": {"type": "http", "scheme": "bearer", "description": "An API token, `pat_…`."},
    "session": {"type": "apiKey", "in": "cookie", "name": "helpdesk", "description": "An agent's sign-in."},
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRF-Token",
        "description": "Beside the session cookie on everything but GET; `GET /api/v1/me` tells its value.",
    },
    "visitor": {"type": "http", "scheme": "bearer", "description": "A visitor's token, `vt_…`."},
}


def _operation(address: Address, definitions: dict[Any, Schema], *, is_visitors: bool) -> Schema:
    summary, rest = _said(address.handler)
    found: Schema = {
        "operationId": ("widget_" if is_visitors else "") + address.handler.__name__,
        "tags": ["widget" if is_visitors else address.path.split("/")[1]],
        "summary": summary,
        "parameters": [*_path_parameters(address), *_query_parameters(address), *_headers(address)],
        "responses": _responses(address, definitions),
        "security": _security(address, is_visitors=is_visitors),
    }
    if rest:
        found["description"] = rest
    if (body := address.creates or address.takes) is not None:
        content = {"application/json": {"schema": definitions[body, "validation"]}}
        found["requestBody"] = {"required": True, "content": content}
    elif address.is_upload:
        file = {"type": "string", "contentMediaType": "application/octet-stream"}
        schema = {"type": "object", "required": ["file"], "properties": {"file": file}}
        found["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    return {key: value for key, value in found.items() if value != []} | {"security": found["security"]}


def _responses(address: Address, definitions: dict[Any, Schema]) -> Schema:
    """The good answers, and every refusal this address can give."""
    responses: Schema = {str(address.status): {"description": "Done."}}
    if address.gives is not None:
        schema = definitions[address.gives, "serialization"]
        responses[str(address.status)]["content"] = {"application/json": {"schema": schema}}
    if address.may_be_empty:
        responses["204"] = {"description": "There is none."}
    if address.is_versioned and address.method == "GET":
        responses["304"] = {"description": "Still the version of `If-None-Match`."}
    for name, status in _refusals(address):
        responses[str(status)] = {"$ref": f"#/components/responses/{name}"}
    if address.is_versioned and address.method != "GET":
        responses["412"] = _problem("The ticket is no longer at the version of `If-Match`.")
    if address.is_upload:
        responses["413"] = _problem("The file is too large.")
    return responses


def _refusals(address: Address) -> Iterable[tuple[str, int]]:
    for kind, (status, _) in STATUS.items():
        is_write = address.method != "GET"
        if status == 404 and "{" not in address.path and not (is_write or "ticket" in address.query):
            continue
        if status == 409 and not is_write:
            continue
        if status == 422 and not (is_write or address.query):
            continue
        yield kind.__name__, status


def _path_parameters(address: Address) -> list[Schema]:
    schema = {"type": "string", "format": "uuid"}
    names = re.findall(r"{(\w+)}", address.path)
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name in names]


def _query_parameters(address: Address) -> list[Schema]:
    found = []
    for name in address.query.split():
        schema = {key: value for key, value in QUERY[name].items() if key != "description"}
        one = {"name": _NAMES.get(name, name), "in": "query", "required": name in _REQUIRED, "schema": schema}
        found.append(one | ({"description": text} if (text := QUERY[name].get("description")) else {}))
    return found


def _headers(address: Address) -> list[Schema]:
    wanted = []
    if address.creates is not None:
        wanted.append(
            ("Idempotency-Key", "The same key and body give the same answer, and make nothing twice.")
        )
    if address.is_versioned:
        name = "If-None-Match" if address.method == "GET" else "If-Match"
        wanted.append((name, 'A ticket\'s version in quotes, e.g. "7".'))
    return [{"name": n, "in": "header", "schema": {"type": "string"}, "description": d} for n, d in wanted]


def _security(address: Address, *, is_visitors: bool) -> list[Schema]:
    if is_visitors:
        return [] if address.path == "/session" else [{"visitor": []}]
    session: Schema = {"session": []} if address.method == "GET" else {"session": [], "csrf": []}
    return [{"token": []}, session]


def _schemas(addresses: Sequence[Address]) -> tuple[dict[Any, Schema], Schema]:
    """Per model a reference to it, and all of them by name."""
    modes: dict[tuple[Any, JsonSchemaMode], None] = {(shapes.Problem, "serialization"): None}
    for address in addresses:
        if address.gives is not None:
            modes[address.gives, "serialization"] = None
        if (body := address.creates or address.takes) is not None:
            modes[body, "validation"] = None
    found, whole = models_json_schema(list(modes), ref_template=_REF)
    return dict(found), whole["$defs"]


def _problem(description: str) -> Schema:
    content = {"application/problem+json": {"schema": {"$ref": _REF.format(model="Problem")}}}
    return {"description": description.splitlines()[0], "content": content}


def _said(handler: Handler) -> tuple[str, str]:
    """The first sentence of a docstring, and what follows it."""
    text = inspect.getdoc(handler) or handler.__name__
    first, _, rest = text.partition("\n\n")
    sentence, stop, more = " ".join(first.split()).partition(". ")
    return sentence.rstrip("."), "\n\n".join(part for part in (more if stop else "", rest) if part)
