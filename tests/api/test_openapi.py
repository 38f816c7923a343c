"""The description of the API: whole, true to what is answered, and read without anything from elsewhere."""

import re
import uuid

import pytest

from helpdesk.actors import Role
from helpdesk.api import openapi, routes, shapes
from helpdesk.api.routes import STAFF, V1, VISITORS
from helpdesk.domain import oncall, tickets
from tests.factories import PICTURE, a_plan, an_agent

pytestmark = pytest.mark.commits

DOCUMENT = openapi.document(STAFF, VISITORS, V1)
OPERATIONS = [
    (method, path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


def every(node, key):
    """All values of a key anywhere in a document."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key:
                yield value
            yield from every(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from every(value, key)


def test_every_route_of_the_api_is_described():
    served = {
        (method.lower(), route.path)
        for route in routes.routes()
        if route.path.startswith((V1, "/widget"))
        for method in route.methods - {"HEAD"}
    } - {("get", V1 + own) for own in ("/openapi.json", "/docs", "/docs/{name}")}

    assert {(method, path) for method, path, _ in OPERATIONS} == served


def test_every_reference_leads_somewhere_and_every_operation_has_its_own_id():
    for reference in set(every(DOCUMENT, "$ref")):
        node = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        assert node
    ids = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("method", "path", "operation"), OPERATIONS, ids=[f"{m} {p}" for m, p, _ in OPERATIONS]
)
def test_an_operation_says_what_it_does_takes_and_may_answer(method, path, operation):
    summary = operation["summary"]
    assert summary[0].isupper()
    assert 10 <= len(summary) <= 160
    assert not summary.endswith(".")
    named = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
    assert named == set(re.findall(r"{(\w+)}", path))
    success, *refusals = operation["responses"]
    assert success in ("200", "201", "204")
    assert "503" in refusals
    for status in refusals:
        answer = operation["responses"][status]
        if "$ref" in answer:
            answer = DOCUMENT["components"]["responses"][answer["$ref"].rpartition("/")[2]]
        assert status in ("204", "304") or list(answer["content"]) == ["application/problem+json"]
    if path != "/widget/session":
        assert operation["security"]
    if method != "get" and path.startswith(V1):
        assert {"session": [], "csrf": []} in operation["security"]


async def test_the_document_and_its_page_need_nothing_from_elsewhere(desk):
    reader = desk.client(Accept="text/html")

    document = await reader.get(f"{V1}/openapi.json")
    page = await reader.get(f"{V1}/docs")

    assert document.json() == DOCUMENT
    assert document.json()["openapi"] == "3.1.0"
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    sources = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(sources) >= 5
    for source in sources:
        assert source.startswith("/")
        assert (await reader.get(source)).status_code == 200, source
    nonce = re.search(r"'(nonce-[^']+)'", policy)[1].removeprefix("nonce-")
    scripts = re.findall(r"<script[^>]*>", page.text)
    assert all(f'nonce="{nonce}"' in script for script in scripts)
    assert (await reader.get(f"{V1}/docs/redoc.js")).status_code == 404


async def test_the_viewer_travels_compressed(desk):
    small = await desk.client(**{"Accept-Encoding": "gzip"}).get(f"{V1}/docs/viewer.js")

    assert int(small.headers["content-length"]) < 600_000
    assert small.headers["content-type"].startswith("text/javascript")


def matches(shape, data):
    """The same keys all the way down, and values that fit."""
    shown = shape.model_validate(data).model_dump(mode="json", by_alias=True, exclude_unset=True)
    return _keys(shown) == _keys(data)


def _keys(node):
    if isinstance(node, dict):
        return {key: _keys(value) for key, value in node.items()}
    return [_keys(one) for one in node] if isinstance(node, list) else None


async def test_the_reference_asks_who_reads_it_only_where_somebody_is_signed_in(desk, house):
    stranger, agent = desk.client(), await desk.signed_in(house.agent)

    pages = [(await reader.get(f"{V1}/docs")).text for reader in (stranger, agent)]

    assert ["data-signed-in" in page for page in pages] == [False, True]


async def test_what_is_answered_is_what_is_described(desk, house):
    async with desk.system() as tx:
        await a_plan(tx)
        lead = await an_agent(tx, role=Role.LEAD)
        policy = {"steps": [{"targets": [], "delay_minutes": 5}]}
        tx.session.add(
            oncall.EscalationPolicyRow(id=tx.new_id(), name="Night", policy=policy, created_at=tx.now)
        )
        ticket = await tickets.lock(tx, house.ticket.id)
        alert = await oncall.raise_alert(tx, ticket, "test", "Test")
    program, browser = await desk.with_token(lead), await desk.signed_in(lead)
    contact = (await program.post(f"{V1}/contacts", json={"name": "Kim", "phone": "+46701740612"})).json()
    bodies = {
        "/queue/claim": {},
        "/tickets": {"body": "Hello", "email": "kim@customer.example"},
        "/tickets/{id}": {"subject": "Mill stopped"},
        "/tickets/{id}/messages": {"body": "Hello", "client_id": str(uuid.uuid4())},
        "/tickets/{id}/notes": {"body": "Hello"},
        "/calls": {"caller": "+46701740613", "notes": "Stuck", "callback_at": "2026-11-19T08:00:00Z"},
        "/telephony/events": {"event": "new_call", "call_id": "4711"},
        "/contacts": {"name": "Bo", "email": "bo@customer.example"},
        "/contacts/{id}": {"name": "Kim Berg"},
        "/availability": {"state": "away"},
        "/saved_replies": {"name": "Thanks", "body": "Thank you, {{contact.first_name|friend}}!"},
        "/articles": {"title": "Descaling", "body": "Once a month.", "published": True},
    }
    ids = {"/tickets": house.ticket.id, "/alerts": alert.id, "/contacts": contact["id"]}

    for address in STAFF:
        first = "/" + address.path.split("/")[1]
        if address.gives is None or ("{" in address.path and first not in ids):
            continue
        if "{message}" in address.path:  # needs an unverified sender: tests/jobs/test_unverified_senders.py
            continue
        if "{reply}" in address.path:  # needs one that is held: tests/api/test_answering.py
            continue
        if (address.creates or address.takes) and address.path not in bodies:
            continue
        path = V1 + address.path.replace("{id}", str(ids.get(first)))
        picked = PICTURE if address.path == "/me/picture" else b"hello"
        file = {"files": {"file": ("a.txt", picked)}} if address.is_upload else {}
        client = browser if first == "/me" else program
        sent = file or {"json": bodies.get(address.path)}
        asked = {"from": str(house.ticket.contact_id)} if address.query == "from_contact" else None
        answer = await client.request(address.method, path, params=asked, **sent)
        assert answer.status_code == address.status, f"{address.method} {path}: {answer.text}"
        assert matches(address.gives, answer.json()), f"{address.method} {path}: {answer.text}"


async def test_what_the_widget_is_answered_is_what_is_described(desk, house):
    session = (await desk.client().post("/widget/session", json={"inbox": house.chat.key})).json()
    assert matches(shapes.WidgetSession, session)
    widget = desk.client(Authorization=f"Bearer {session['visitor_token']}")
    said = {"client_id": str(uuid.uuid4()), "body": "Hello?"}
    ticket = (await widget.post("/widget/send_message", json=said)).json()["ticket"]
    bodies = {
        "/sync": {"ticket": ticket},
        "/send_message": said | {"ticket": ticket},
        "/mark_read": {"ticket": ticket, "upto": 1},
        "/contact": {"email": "kim@customer.example"},
        "/introduction": {},
        "/visit": {"url": "https://shop.example/mills"},
        "/end": {"ticket": ticket},
        "/rating": {"ticket": ticket, "score": 5},
        "/wake": {"ticket": ticket, "reason": "All down", "confirmed": False},
        "/form": {"client_id": str(uuid.uuid4()), "body": "Hello?", "email": "kim@customer.example"},
    }
    elsewhere = {"/challenge", "/proof", "/callback", "/transcript"}  # tests/api/test_widget_extras.py

    for address in VISITORS[1:]:
        if address.path in elsewhere:
            continue
        picked = PICTURE if address.path == "/me/picture" else b"hello"
        file = {"files": {"file": ("a.txt", picked)}} if address.is_upload else {}
        sent = file or {"json": bodies.get(address.path)}
        query = f"?ticket={ticket}" if address.path == "/events" else ""
        answer = await widget.request(address.method, "/widget" + address.path + query, **sent)
        assert answer.status_code == address.status, answer.text
        assert matches(address.gives, answer.json()), f"{address.path}: {answer.text}"
