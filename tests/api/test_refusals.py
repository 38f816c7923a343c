"""Bad requests are refused in one form, problem+json, and change nothing."""

import pytest
from starlette.requests import Request

from helpdesk import errors
from helpdesk.api.answers import problem
from helpdesk.channels.chat import refusal
from tests.factories import a_ticket

pytestmark = pytest.mark.commits

NOBODY = "0198f0a0-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("raised", "status", "word"),
    [
        (errors.Unauthenticated("x"), 401, "unauthenticated"),
        (errors.Forbidden("x"), 403, "forbidden"),
        (errors.NotFound("x"), 404, "not_found"),
        (errors.Conflict("x"), 409, "conflict"),
        (errors.Conflict("version"), 412, "conflict"),
        (errors.Conflict("client_id_reused"), 409, "client_id_reused"),
        (errors.Conflict("resync"), 409, "resync"),
        (errors.Invalid("x"), 422, "bad_request"),
        (errors.Invalid("too_large"), 413, "too_large"),
        (errors.LimitReached("x", retry_after=7), 429, "rate_limited"),
        (errors.Unavailable("x"), 503, "unavailable"),
        (errors.HelpdeskError("internal"), 500, "internal"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_error_has_its_status_and_its_word(raised, status, word):
    answer, acknowledgement = problem(raised), refusal(raised)

    assert answer.status_code == status
    assert answer.media_type == "application/problem+json"
    assert (acknowledgement["ok"], acknowledgement["error"]) == (False, word)
    assert ("retry-after" in answer.headers) == (status in (429, 503))
    assert ("retry_ms" in acknowledgement) == (status in (429, 503))


async def test_what_nobody_foresaw_is_a_500_that_tells_nothing(desk):
    async def broken(request: Request) -> None:
        raise RuntimeError("the secret of the house")

    desk.web.starlette.router.add_route("/api/v1/broken", broken)
    client = desk.client()
    client._transport.raise_app_exceptions = False

    answer = await client.get("/api/v1/broken")

    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text


MALFORMED = [b"{", b"[]", b'"words"', b"\xff\xfe", b"{'body': 1}", b"[" * 100_000, b"NaN", b'{"a":1}}']


@pytest.mark.parametrize("body", MALFORMED, ids=[repr(body[:12]) for body in MALFORMED])
async def test_json_that_is_none_is_refused(desk, house, body):
    program = await desk.with_token(house.agent)

    answers = [
        await program.post("/api/v1/tickets", content=body),
        await program.patch(f"/api/v1/tickets/{house.ticket.id}", content=body),
        await program.post(f"/api/v1/tickets/{house.ticket.id}/messages", content=body),
        await desk.client().post("/widget/session", content=body),
    ]

    assert [answer.status_code for answer in answers] == [422] * 4
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}


REFUSED = [
    ("GET", "/queue?limit=0", None, "limit"),
    ("GET", "/queue?limit=²", None, "limit"),
    ("GET", "/queue?limit=201", None, "limit"),
    ("GET", "/queue?view=nonsense", None, "view"),
    ("GET", "/queue?after=nonsense", None, "after"),
    ("GET", "/queue?after=8J-Ygg==", None, "after"),
    ("GET", "/tickets?q=%00", None, "q"),
    ("GET", "/tickets/{id}/events?after=-1", None, "after"),
    ("GET", "/tickets/{id}/events?before=99999999999999999999", None, "before"),
    ("GET", "/tickets/{id}/events?wait=soon", None, "wait"),
    ("GET", "/alerts?state=nonsense", None, "state"),
    ("POST", "/tickets", {"body": "Hello"}, "email"),
    ("POST", "/tickets", {"body": "", "email": "kim@customer.example"}, "body"),
    ("POST", "/tickets", {"body": "Hello", "email": "kim"}, "email"),
    ("POST", "/tickets", {"body": "Hello", "email": "kim\u0000@customer.example"}, "email"),
    ("POST", "/tickets", {"body": "Hello", "email": "k@c.example", "priority": 9}, "priority"),
    ("POST", "/tickets", {"body": "x" * 20_001, "email": "k@c.example"}, "body"),
    ("POST", "/tickets/{id}/messages", {"body": "  "}, "body"),
    ("POST", "/tickets/{id}/messages", {"body": "Hello", "client_id": "mine"}, "client_id"),
    ("POST", "/tickets/{id}/notes", {"body": "x", "uploads": ["mine"]}, "uploads.0"),
    ("PATCH", "/tickets/{id}", {"status": "done"}, "status"),
    ("PATCH", "/tickets/{id}", {"status": "merged"}, "status"),
    ("PATCH", "/tickets/{id}", {"status": "snoozed"}, "snooze_until"),
    ("PATCH", "/tickets/{id}", {"snooze_until": "2020-01-01T00:00:00Z"}, "snooze_until"),
    ("PATCH", "/tickets/{id}", {"snooze_until": "2030-01-01T00:00:00"}, "snooze_until"),
    ("PATCH", "/tickets/{id}", {"impact": 4}, "impact"),
    ("PATCH", "/tickets/{id}", {"tags": ["x"] * 21}, "tags"),
    ("POST", "/calls", {"caller": "nobody"}, "caller"),
    ("POST", "/calls", {"caller": "+46701740612", "duration": -1}, "duration"),
    ("POST", "/contacts", {}, "name"),
    ("POST", "/contacts", {"name": "Kim", "time_zone": "Europe/Atlantis"}, "time_zone"),
    ("POST", "/telephony/events", {"event": "sneeze", "call_id": "1"}, "event"),
    ("POST", "/uploads", {}, "file"),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "field"), REFUSED, ids=[f"{r[0]} {r[1]} {r[3]}" for r in REFUSED]
)
async def test_what_cannot_be_meant_is_refused_by_the_name_of_its_field(
    desk, house, method, path, body, field
):
    program = await desk.with_token(house.agent)
    before = (await program.get("/api/v1/tickets")).json()

    answer = await program.request(method, "/api/v1" + path.format(id=house.ticket.id), json=body)

    assert answer.status_code == 422, answer.text
    assert answer.json().get("field") == field
    assert answer.json()["code"]
    assert (await program.get("/api/v1/tickets")).json() == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/tickets/{ticket}", {"assignee_id": NOBODY}),
        ("PATCH", "/tickets/{ticket}", {"team_id": NOBODY}),
        ("POST", "/tickets/{ticket}/messages", {"body": "Hello", "uploads": [NOBODY]}),
        ("POST", "/tickets", {"body": "Hello", "contact_id": NOBODY}),
        ("POST", "/tickets", {"body": "Hello", "email": "k@c.example", "inbox": "nowhere"}),
        (
            "POST",
            "/tickets",
            {"body": "Hello", "email": "k@c.example", "inbox": "{chat}", "channel": "email"},
        ),
        ("POST", "/calls", {"caller": "+46701740612", "contact_id": NOBODY}),
        ("POST", "/contacts", {"name": "Kim", "company_id": NOBODY}),
        ("POST", "/telephony/events", {"event": "new_call", "call_id": "1", "line": "nowhere"}),
        ("POST", f"/alerts/{NOBODY}/acknowledge", {}),
        ("GET", f"/companies/{NOBODY}", None),
        ("GET", f"/contacts/{NOBODY}", None),
        ("PATCH", f"/contacts/{NOBODY}", {"name": "Kim"}),
        ("GET", "/tickets/1001", None),
        ("GET", "/nowhere", None),
    ],
)
async def test_what_does_not_exist_is_not_found_and_nothing_changes(desk, house, method, path, body):
    program = await desk.with_token(house.agent)
    body = body and {key: house.chat.key if value == "{chat}" else value for key, value in body.items()}
    before = (await program.get("/api/v1/tickets")).json()

    answer = await program.request(method, "/api/v1" + path.format(ticket=house.ticket.id), json=body)

    assert answer.status_code == 404, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await program.get("/api/v1/tickets")).json() == before


async def test_a_body_over_its_limit_is_refused_whatever_length_it_claims(desk, house):
    program = await desk.with_token(house.agent)

    async def trickle():
        for _ in range(40):
            yield b" " * 32_768

    declared = await program.post("/api/v1/tickets", content=b" " * 1_100_000)
    streamed = await program.post("/api/v1/tickets", content=trickle())

    for answer in (declared, streamed):
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_a_method_an_address_does_not_know_is_405(desk):
    answer = await desk.client().put("/api/v1/queue", headers={"Authorization": "Bearer x"})

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


async def test_the_numbers_of_the_house_are_for_its_watchers_only(desk):
    loopback, elsewhere = desk.client(), desk.client(Authorization="Bearer é".encode())
    elsewhere._transport.client = ("203.0.113.9", 4711)

    assert (await loopback.get("/metrics")).status_code == 200
    assert (await elsewhere.get("/metrics")).status_code == 404


async def test_two_contacts_never_share_an_address(desk, house):
    program = await desk.with_token(house.agent)
    async with desk.system() as tx:
        await a_ticket(tx, inbox=house.mail)
    kim = {"name": "Kim", "email": "Kim@Customer.example", "phone": "+46 70 174 06 12"}

    first = await program.post("/api/v1/contacts", json=kim)
    second = await program.post("/api/v1/contacts", json={"email": "kim@customer.EXAMPLE"})

    assert first.status_code == 201
    assert {one["value"] for one in first.json()["identities"]} == {"kim@customer.example", "+46701740612"}
    assert (second.status_code, second.json()["code"], second.json()["field"]) == (
        409, "contact_exists", "email",
    )  # fmt: skip
