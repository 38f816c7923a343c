"""What counts as somebody being served: whoever waits for an answer, and no machine that looks on."""

import pytest

from tests.realtime.conftest import Live

pytestmark = pytest.mark.commits


@pytest.fixture
def served_now(live: Live, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    counted: list[bool] = []
    monkeypatch.setattr(live.desk.web.people, "serve", lambda: counted.append(True))
    return counted


async def test_a_page_and_a_message_do(live, house, served_now):
    await live.desk.client().get("/sign-in")
    assert len(served_now) == 1

    agent = await live.agent(house.agent)
    served_now.clear()
    await agent.ask("watch_queue", {"view": "queue"})
    assert len(served_now) == 1


async def test_typing_and_being_there_do_not(live, house, served_now):
    agent = await live.agent(house.agent)
    served_now.clear()

    await agent.ask("presence", {"ticket": str(house.ticket.id), "state": "viewing"})
    await agent.ask("typing", {"ticket": str(house.ticket.id)})

    assert served_now == []


async def test_nor_does_who_watches_us_or_brings_mail(live, served_now):
    client = live.desk.client()

    for path in ("/health/live", "/health/ready", "/metrics", "/inbound/postmark/x"):
        await client.get(path)

    assert served_now == []
