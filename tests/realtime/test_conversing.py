"""Commands and events over real sockets: in order, nothing twice, nothing to whom it does not belong."""

import asyncio
import uuid
from pathlib import Path

import pytest

from helpdesk.clock import FixedClock
from tests.conftest import NOON
from tests.desk import Desk, opened
from tests.factories import a_ticket, an_agent, an_inbox

pytestmark = pytest.mark.commits


def said(ticket, body, **rest):
    return {"ticket": ticket and str(ticket), "client_id": str(uuid.uuid4()), "body": body, **rest}


async def history(socket, ticket, **rest):
    return await socket.ask("sync", {"ticket": str(ticket), "after": 0, **rest})


async def a_chat(live, house, body="Hello?"):
    """A visitor with an open socket, and the ticket of their first message."""
    widget = await live.desk.visitor(house.chat)
    visitor = await live.visitor(widget)
    opened = await visitor.ask("send_message", said(None, body))
    assert opened["ok"], opened
    await history(visitor, opened["ticket"])
    return visitor, opened["ticket"]


def bodies(events):
    return [event["data"]["body"] for event in events if "body" in event["data"]]


async def test_visitor_and_agent_see_each_others_words_at_once(live, house):
    visitor, ticket = await a_chat(live, house)
    agent = await live.agent(house.agent)
    before = await history(agent, ticket)

    answered = await agent.ask("send_message", said(ticket, "Hello!"))
    asked = await visitor.ask("send_message", said(ticket, "It is stuck."))

    assert bodies(before["events"]) == ["Hello?"]
    heard = await visitor.hear("events", lambda told: "Hello!" in bodies(told["events"]))
    assert (heard["ticket"], heard["epoch"]) == (ticket, before["epoch"])
    assert heard["events"][0]["version"] == heard["prev"] + 1
    stuck = await agent.hear("events", lambda told: "It is stuck." in bodies(told["events"]))
    assert stuck["events"][0]["version"] == stuck["prev"] + 1
    assert stuck["events"][-1]["version"] > answered["version"]
    assert asked["version"] < answered["version"] + 3


async def test_a_note_reaches_colleagues_and_never_the_visitor(live, house):
    visitor, ticket = await a_chat(live, house)
    agent, colleague = await live.agent(house.agent), await live.agent(house.agent)
    await history(colleague, ticket)

    await agent.ask("send_message", said(ticket, "A secret", kind="note"))
    await agent.ask("send_message", said(ticket, "An answer"))

    await colleague.hear("events", lambda told: "A secret" in bodies(told["events"]))
    told = await visitor.hear("events", lambda told: "An answer" in bodies(told["events"]))
    synced = await history(visitor, ticket)
    versions = [event["version"] for event in synced["events"]]
    assert versions == list(range(1, synced["head"] + 1))
    for text in (str(told), str(synced), str(visitor.heard)):
        assert "secret" not in text
        assert str(house.agent.id) not in text


async def test_a_visitor_has_no_word_for_what_agents_do(live, house):
    visitor, ticket = await a_chat(live, house)

    refused = {
        event: (await visitor.ask(event, {"ticket": ticket, "set": {"status": "resolved"}}))["error"]
        for event in ("claim_next", "change_ticket", "watch_queue", "acknowledge_alert", "presence")
    }
    note = await visitor.ask("send_message", said(ticket, "Mine", kind="note"))

    assert set(refused.values()) == {"bad_request"}
    assert note["error"] == "forbidden"


async def test_a_foreign_ticket_is_not_found_like_one_that_does_not_exist(live, house):
    _, ticket = await a_chat(live, house)
    other, _ = await a_chat(live, house)
    async with live.desk.system() as tx:
        limited = await an_agent(tx, "Bo", inboxes=[house.mail])
    agent = await live.agent(limited)

    for socket in (other, agent):
        for wanted in (ticket, str(uuid.uuid4())):
            tried = [
                await socket.ask("sync", {"ticket": wanted, "after": 0}),
                await socket.ask("send_message", said(wanted, "Mine?")),
                await socket.ask("mark_read", {"ticket": wanted, "upto": 1}),
            ]
            assert {answer["error"] for answer in tried} == {"not_found"}
    for event, data in (("change_ticket", {"set": {"status": "resolved"}}), ("typing", {"state": True})):
        assert (await agent.ask(event, {"ticket": ticket, **data}))["error"] == "not_found"


async def test_a_hundred_messages_sent_at_once_keep_their_order(live, house):
    visitor, ticket = await a_chat(live, house)
    agent, colleague = await live.agent(house.agent), await live.agent(house.agent)
    await history(colleague, ticket)
    words = [f"Message {number}" for number in range(100)]

    begun = [await agent.begin("send_message", said(ticket, word)) for word in words]
    answers = [await agent.asked(number) for number in begun]

    assert [answer for answer in answers if not answer["ok"]] == []
    for listener in (colleague, visitor):
        heard, last = [], 0
        while len(heard) < 100:
            told = await listener.hear("events")
            assert told["prev"] >= last
            last = told["events"][-1]["version"]
            heard += bodies(told["events"])
        assert heard == words
    assert bodies((await history(visitor, ticket))["events"]) == ["Hello?", *words]


async def test_a_visitor_who_writes_too_fast_is_asked_to_wait_and_nothing_is_half_said(live, house):
    visitor, ticket = await a_chat(live, house)

    answers = [await visitor.ask("send_message", said(ticket, f"Message {n}")) for n in range(12)]

    refused = [answer for answer in answers if not answer["ok"]]
    assert {answer["error"] for answer in refused} == {"rate_limited"}
    assert all(answer["retry_ms"] > 0 for answer in refused)
    assert len(bodies((await history(visitor, ticket))["events"])) == 1 + len(answers) - len(refused)


async def test_a_client_id_that_is_repeated_is_one_message(live, house):
    visitor, ticket = await a_chat(live, house)
    message = said(ticket, "Once")

    begun = [await visitor.begin("send_message", message) for _ in range(3)]
    first, *again = [await visitor.asked(number) for number in begun]
    other = await visitor.ask("send_message", message | {"body": "Twice?"})

    assert again == [first | {"duplicate": True}] * 2
    assert other["error"] == "client_id_reused"
    assert bodies((await history(visitor, ticket))["events"]).count("Once") == 1


async def test_a_client_id_repeated_on_two_sockets_at_once_is_one_ticket(live, house):
    widget = await live.desk.visitor(house.chat)
    one, other = await live.visitor(widget), await live.visitor(widget)
    message = said(None, "Hello?")

    first, second = await asyncio.gather(one.ask("send_message", message), other.ask("send_message", message))

    assert first["ticket"] == second["ticket"]
    assert {first["duplicate"], second["duplicate"]} == {True, False}


async def test_a_long_history_comes_in_pages_and_then_live(live, house):
    visitor, ticket = await a_chat(live, house)
    agent = await live.agent(house.agent)
    for number in range(6):
        await agent.ask("send_message", said(ticket, f"Note {number}", kind="note"))

    first = await history(agent, ticket, limit=3)
    last = await agent.ask("sync", {"ticket": ticket, "after": 3, "epoch": first["epoch"]})
    await visitor.ask("send_message", said(ticket, "Still there?"))

    assert (len(first["events"]), first["more"], last["more"]) == (3, True, False)
    versions = [event["version"] for event in first["events"] + last["events"]]
    assert versions == list(range(1, last["head"] + 1))
    told = await agent.hear("events")
    assert (told["prev"], bodies(told["events"])) == (last["head"], ["Still there?"])


@pytest.mark.parametrize("asked", [{"epoch": "another"}, {"after": 10_000}])
async def test_another_epoch_or_a_version_to_come_asks_for_a_fresh_start(live, house, asked):
    visitor, ticket = await a_chat(live, house)

    assert (await history(visitor, ticket, **asked))["error"] == "resync"


REFUSED = [
    ("sync", {}, "ticket"),
    ("sync", {"ticket": "1001"}, "ticket"),
    ("sync", {"ticket": "{ticket}", "after": -1}, "after"),
    ("sync", {"ticket": "{ticket}", "limit": 201}, "limit"),
    ("send_message", {"ticket": "{ticket}", "body": "x"}, "client_id"),
    ("send_message", {"ticket": "{ticket}", "client_id": "{id}", "body": " "}, "body"),
    ("send_message", {"ticket": "{ticket}", "client_id": "{id}", "body": "x" * 20_001}, "body"),
    ("send_message", {"ticket": "{ticket}", "client_id": "{id}", "uploads": ["{id}"] * 11}, "uploads"),
    ("send_message", {"ticket": None, "client_id": "{id}", "body": "x"}, "ticket"),
    ("mark_read", {"ticket": "{ticket}", "upto": "all"}, "upto"),
    ("change_ticket", {"ticket": "{ticket}", "set": {"status": "done"}}, "set.status"),
    (
        "change_ticket",
        {"ticket": "{ticket}", "set": {"snooze_until": "2030-01-01T00:00:00"}},
        "set.snooze_until",
    ),
    ("change_ticket", {"ticket": "{ticket}"}, "set"),
    ("watch_queue", {"view": "nonsense"}, "view"),
]


@pytest.mark.parametrize(("event", "data", "field"), REFUSED, ids=[f"{r[0]} {r[2]}" for r in REFUSED])
async def test_what_cannot_be_meant_is_refused_by_the_name_of_its_field(live, house, event, data, field):
    agent = await live.agent(house.agent)
    ids = {"{ticket}": str(house.ticket.id), "{id}": str(uuid.uuid4())}

    def filled(value):
        if isinstance(value, list):
            return [filled(one) for one in value]
        return ids.get(value, value) if isinstance(value, str) else value

    answer = await agent.ask(event, {key: filled(value) for key, value in data.items()})

    assert (answer["ok"], answer["error"], answer["field"]) == (False, "bad_request", field)


async def test_a_change_from_an_old_version_is_a_conflict_that_tells_the_version(live, house):
    agent = await live.agent(house.agent)
    ticket = {"ticket": str(house.ticket.id)}
    head = (await history(agent, house.ticket.id))["head"]

    changed = await agent.ask("change_ticket", {**ticket, "if_version": head, "set": {"tags": ["mill"]}})
    late = await agent.ask("change_ticket", {**ticket, "if_version": head, "set": {"tags": []}})

    assert changed["version"] == head + 1
    assert (late["error"], late["version"]) == ("conflict", head + 1)


async def test_a_token_that_may_read_listens_and_says_nothing(live, house):
    listener = await live.agent(house.agent, "read")

    assert (await history(listener, house.ticket.id))["ok"]
    for event, data in (
        ("send_message", said(house.ticket.id, "Hello")),
        ("send_message", said(house.ticket.id, "Hello", kind="note")),
        ("claim_next", {}),
        ("change_ticket", {"ticket": str(house.ticket.id), "set": {"status": "resolved"}}),
        ("mark_read", {"ticket": str(house.ticket.id), "upto": 1}),
    ):
        assert (await listener.ask(event, data))["error"] == "forbidden"


async def test_watchers_of_the_queue_see_a_row_come_and_go(live, house):
    async with live.desk.system() as tx:
        inbox = await an_inbox(tx)
        watching = await an_agent(tx, "Ada", inboxes=[inbox])
        working = await an_agent(tx, "Bo", inboxes=[inbox])
        elsewhere = await an_agent(tx, "Cy", inboxes=[house.chat])
    watcher, worker, stranger = [await live.agent(one) for one in (watching, working, elsewhere)]
    empty = await watcher.ask("watch_queue", {})
    await stranger.ask("watch_queue", {"view": "all"})

    async with live.desk.system() as tx:
        ticket = await a_ticket(tx, inbox=inbox)
    came = await watcher.hear("queue_rows")
    claimed = await worker.ask("claim_next", {"client_id": str(uuid.uuid4())})
    went = await watcher.hear("queue_rows", lambda told: told["rows"][0]["row"] is None)

    assert empty["rows"] == []
    assert [row["ticket"] for row in came["rows"]] == [str(ticket.id)]
    assert came["rows"][0]["row"]["why"]
    assert claimed["ticket"] == str(ticket.id)
    assert went["rows"][0]["version"] > came["rows"][0]["version"]
    assert stranger.heard == []


async def test_a_watcher_is_told_which_pools_next_passes_over_and_a_live_row_which_is_its(live, house):
    async with live.desk.system() as tx:
        inbox = await an_inbox(tx, skills=["vpn"])
        watching = await an_agent(tx, "Ada", inboxes=[inbox])
        await a_ticket(tx, inbox=inbox)
    watcher = await live.agent(watching)

    watched = await watcher.ask("watch_queue", {})
    async with live.desk.system() as tx:
        await a_ticket(tx, inbox=inbox)
    came = await watcher.hear("queue_rows")

    assert watched["rows"][0]["out_of_reach"] == {"reason": "skill", "skills": ["vpn"]}
    assert watched["out_of_reach"][came["rows"][0]["row"]["pool_id"]]["skills"] == ["vpn"]


async def test_a_socket_watches_one_view_at_a_time(live, house):
    agent = await live.agent(house.agent)
    await agent.ask("watch_queue", {"view": "queue"})
    await agent.ask("watch_queue", {"view": "all"})

    await agent.ask(
        "change_ticket", {"ticket": str(house.ticket.id), "set": {"assignee_id": str(house.agent.id)}}
    )

    told = await agent.hear("queue_rows")
    assert told["rows"][0]["row"]["assignee"]["id"] == str(house.agent.id)
    await agent.ask("mark_read", {"ticket": str(house.ticket.id), "upto": 1})
    assert [name for name, _ in agent.heard if name == "queue_rows"] == []


async def test_two_agents_claiming_at_once_get_two_tickets_and_a_third_none(live, house):
    async with live.desk.system() as tx:
        inbox = await an_inbox(tx)
        people = [await an_agent(tx, name, inboxes=[inbox]) for name in ("Ada", "Bo", "Cy")]
        waiting = {str((await a_ticket(tx, inbox=inbox)).id) for _ in range(2)}
    sockets = [await live.agent(one) for one in people]

    answers = await asyncio.gather(
        *(one.ask("claim_next", {"client_id": str(uuid.uuid4())}) for one in sockets)
    )

    assert {answer["ticket"] for answer in answers} == waiting | {None}
    assert all(answer["ok"] for answer in answers)


async def test_a_claim_repeated_after_a_lost_answer_is_the_same_ticket(live, house):
    agent = await live.agent(house.agent)
    claim = {"client_id": str(uuid.uuid4())}

    first, again = await agent.ask("claim_next", claim), await agent.ask("claim_next", claim)

    assert first["ticket"] == again["ticket"]


async def test_typing_and_seen_are_told_and_not_kept(live, house):
    visitor, ticket = await a_chat(live, house)
    agent = await live.agent(house.agent)
    head = (await history(agent, ticket))["head"]

    await agent.tell("presence", {"ticket": ticket, "state": "viewing"})
    await agent.tell("typing", {"ticket": ticket, "state": True})
    await visitor.ask("mark_read", {"ticket": ticket, "upto": 1})

    typing = await visitor.hear("ephemeral", lambda told: told["type"] == "typing")
    assert typing["who"] == {"kind": "agent", "id": None, "name": house.agent.name}
    seen = await agent.hear("ephemeral", lambda told: told["type"] == "seen")
    assert (seen["upto"], seen["who"]["kind"]) == (1, "contact")
    assert (await history(agent, ticket))["head"] == head


async def test_what_another_process_commits_is_heard_by_a_wake_up(
    live, house, served: Desk, shared_database_url: str, tmp_path: Path
):
    visitor, ticket = await a_chat(live, house)
    agent = await live.agent(house.agent)
    await history(agent, ticket)
    await agent.ask("watch_queue", {"view": "all"})

    async with opened(shared_database_url, FixedClock(NOON), tmp_path) as other:
        program = await other.with_token(house.agent)
        sent = await program.post(f"/api/v1/tickets/{ticket}/messages", json={"body": "From elsewhere"})

        assert sent.status_code == 201
        await visitor.hear("events", lambda told: "From elsewhere" in bodies(told["events"]))
        await agent.hear("events", lambda told: "From elsewhere" in bodies(told["events"]))
        await agent.hear("queue_rows", lambda told: told["rows"][0]["ticket"] == ticket)
