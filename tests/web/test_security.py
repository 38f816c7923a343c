"""What stands before every page: headers, sizes, callers, and orders from other sites."""

from dataclasses import dataclass

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from helpdesk.web.security import Policy, Protection, content_security_policy, protect

TOKENS = {"abc": "token of abc", "other": "token of other"}
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


@dataclass(frozen=True)
class SignIn:
    csrf: str


async def resume(cookie: str) -> SignIn | None:
    return SignIn(TOKENS[cookie]) if cookie in TOKENS else None


async def show(request: Request) -> Response:
    request.state.policy = request.query_params.get("policy", Policy.PAGE)
    request.state.frame_ancestors = ("https://shop.example", "https://evil.example; script-src *")
    return HTMLResponse("<h1>Hello</h1>", headers=dict(request.query_params.multi_items()[1:]))


async def take(request: Request) -> Response:
    size = len(await request.body())
    return JSONResponse({"size": size, "caller": request.client and request.client.host})


async def take_form(request: Request) -> Response:
    form = await request.form()
    return JSONResponse(dict(form))  # type: ignore[arg-type]


def desk(**changes: object) -> httpx2.AsyncClient:
    paths = ("/", "/t/{token}", "/api/v1/tickets", "/api/v1/uploads", "/widget/session", "/sign-in")
    routes = [Route(path, show, methods=["GET"]) for path in paths]
    routes += [Route(path, take, methods=["POST"]) for path in paths]
    routes.append(Route("/form", take_form, methods=["POST"]))
    settings: dict[str, object] = {
        "cookie": "session",
        "resume": resume,
        "origin": "https://help.example.com",
        "trusted_proxies": frozenset({"10.0.0.0/8"}),
        "body_limits": {"/api/v1/uploads": 3_000_000},
    }
    app = protect(Starlette(routes=routes), Protection(**(settings | changes)))  # type: ignore[arg-type]
    transport = httpx2.ASGITransport(app, client=("10.0.0.7", 4711))
    return httpx2.AsyncClient(transport=transport, base_url="https://help.example.com")


async def test_a_page_runs_no_script_of_others_and_stands_in_no_frame():
    answer = await desk().get("/")

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "'unsafe-inline'" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_every_page_has_a_nonce_of_its_own():
    first, second = [(await desk().get("/")).headers["content-security-policy"] for _ in range(2)]

    assert first != second


async def test_without_https_browsers_are_not_told_to_insist_on_it():
    answer = await desk(origin="http://127.0.0.1:8000").get("/")

    assert "strict-transport-security" not in answer.headers


async def test_workspace_and_panel_refuse_strings_as_code():
    for kind in (Policy.WORKSPACE, Policy.WIDGET):
        answer = await desk().get("/", params={"policy": kind})
        assert "require-trusted-types-for 'script'" in answer.headers["content-security-policy"]


async def test_the_panel_stands_only_in_the_sites_of_its_inbox():
    answer = await desk().get("/", params={"policy": Policy.WIDGET})

    policy = answer.headers["content-security-policy"]
    assert policy.endswith("frame-ancestors https://shop.example")
    assert "x-frame-options" not in answer.headers


def test_a_mail_from_a_stranger_can_neither_run_nor_load_anything_from_elsewhere():
    policy = content_security_policy(Policy.MAIL, "nonce")

    assert policy.startswith(
        "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; default-src 'none'"
    )
    assert "script-src" not in policy


async def test_what_a_handler_decided_itself_is_kept():
    answer = await desk().get("/?policy=page&Content-Security-Policy=sandbox")

    assert answer.headers["content-security-policy"] == "sandbox"


@pytest.mark.parametrize(("path", "cookie"), [("/", "session=abc"), ("/t/secret", "")])
async def test_what_is_meant_for_one_person_is_kept_by_no_cache(path, cookie):
    answer = await desk().get(path, headers={"Cookie": cookie})

    assert answer.headers["cache-control"] == "no-store"


async def test_every_request_has_an_id_that_the_caller_can_quote():
    first, second = [(await desk().get("/")).headers["x-request-id"] for _ in range(2)]

    assert first != second


async def test_a_body_over_the_limit_is_refused_before_it_is_read():
    answer = await desk().post("/api/v1/tickets", content=b"x" * 1_100_000)

    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "body_too_large"


async def test_a_body_that_does_not_say_how_long_it_is_is_stopped_at_the_limit():
    async def endless():
        for _ in range(20):
            yield b"x" * 100_000

    answer = await desk().post("/api/v1/tickets", content=endless())

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_uploads_have_more_room():
    answer = await desk().post("/api/v1/uploads", content=b"x" * 2_000_000)

    assert answer.json()["size"] == 2_000_000


async def test_our_own_page_with_its_token_is_heard():
    headers = {"Cookie": "session=abc", "X-CSRF-Token": TOKENS["abc"], **OWN_PAGE}

    assert (await desk().post("/api/v1/tickets", headers=headers)).status_code == 200


async def test_a_form_may_carry_the_token_as_a_field_and_keeps_its_other_fields():
    fields = {"csrf": TOKENS["abc"], "subject": "Hej"}

    answer = await desk().post("/form", data=fields, headers={"Cookie": "session=abc", **OWN_PAGE})

    assert answer.json() == fields


@pytest.mark.parametrize("token", ["", "wrong", TOKENS["other"], "å"])
async def test_without_the_sessions_own_token_nothing_is_done(token):
    answer = await desk().post("/form", data={"csrf": token}, headers={"Cookie": "session=abc", **OWN_PAGE})

    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_token_wrong")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "help.example.com"},
        {},
    ],
)
async def test_another_sites_order_is_refused_even_with_the_token(headers):
    known = {"Cookie": "session=abc", "X-CSRF-Token": TOKENS["abc"]}

    answer = await desk().post("/api/v1/tickets", headers=known | headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")


async def test_who_has_been_signed_out_meets_the_handler_not_the_guard():
    headers = {"Cookie": "session=ended", **OWN_PAGE}

    assert (await desk().post("/sign-in", headers=headers)).status_code == 200


async def test_nobody_is_signed_in_from_another_site():
    answer = await desk().post("/sign-in", headers={"Origin": "https://evil.example"})

    assert answer.status_code == 403


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer pat_1"}, {}])
async def test_a_program_needs_no_browser_headers(headers):
    assert (await desk().post("/api/v1/tickets", headers=headers)).status_code == 200


async def test_the_widget_is_called_from_other_sites_and_never_uses_the_session():
    headers = {"Cookie": "session=abc", "Origin": "https://shop.example", "Sec-Fetch-Site": "cross-site"}

    assert (await desk().post("/widget/session", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    ("forwarded", "caller"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 10.0.0.8", "203.0.113.9"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("<script>", "10.0.0.7"),
        ("", "10.0.0.7"),
    ],
)
async def test_a_proxy_of_ours_says_who_called_and_nobody_further_left_is_believed(forwarded, caller):
    answer = await desk().post("/", headers={"X-Forwarded-For": forwarded})

    assert answer.json()["caller"] == caller


async def test_a_stranger_cannot_pretend_to_be_a_proxy():
    answer = await desk(trusted_proxies=frozenset()).post("/", headers={"X-Forwarded-For": "203.0.113.9"})

    assert answer.json()["caller"] == "10.0.0.7"


async def test_a_made_up_host_gets_no_page():
    strict = desk(hosts=frozenset({"help.example.com"}))

    assert (await strict.get("/")).status_code == 200
    assert (await strict.get("/", headers={"Host": "evil.example"})).status_code == 421
