"""Answers by mail over HTTP: proposed, held, called back, passed on, tried again only where one failed."""

import pytest

from helpdesk.api import answering

pytestmark = pytest.mark.commits

V1 = "/api/v1/tickets"


async def a_mail_ticket(program):
    wanted = {"email": "kim@customer.example", "name": "Kim", "subject": "Mill", "body": "It squeaks."}
    return (await program.post(V1, json=wanted)).json()["id"]


async def test_an_answer_is_proposed_held_seen_and_called_back_with_all_that_was_written(desk, house):
    browser = await desk.signed_in(house.agent)
    ticket = await a_mail_ticket(browser)
    file = (await browser.post("/api/v1/uploads", files={"file": ("a.txt", b"hello")})).json()

    proposed = (await browser.get(f"{V1}/{ticket}/answering")).json()
    wanted = {"body": "**Oil** it", "to": proposed["to"], "format": "markdown", "uploads": [file["id"]]}
    wanted |= {"tags": ["Oil"], "then": "resolved"}
    held = (await browser.post(f"{V1}/{ticket}/held_replies", json=wanted)).json()
    shown = (await browser.get(f"{V1}/{ticket}")).json()["held_replies"]
    back = (await browser.post(f"{V1}/{ticket}/held_replies/{held['id']}/call_back")).json()

    answering.Answering.model_validate(proposed)
    assert proposed["to"] == ["kim@customer.example"]
    assert [(one["id"], one["files"]) for one in shown] == [(held["id"], 1)]
    assert (back["body"], back["tags"], back["then"]) == ("**Oil** it", ["Oil"], "resolved")
    assert [one["id"] for one in back["uploads"]] == [file["id"]]
    assert (await browser.get(f"{V1}/{ticket}")).json()["held_replies"] == []


async def test_a_moment_that_has_passed_and_people_who_are_none_are_refused_by_field(desk, house):
    browser = await desk.signed_in(house.agent)
    ticket = await a_mail_ticket(browser)

    past = {"body": "Hi", "send_at": "2020-01-01T00:00:00Z"}
    late = await browser.post(f"{V1}/{ticket}/held_replies", json=past)
    nobody = await browser.post(f"{V1}/{ticket}/forwards", json={"body": "Hi", "to": ["kim"]})
    unfailed = await browser.post(f"{V1}/{ticket}/messages/{ticket}/retry")

    assert (late.status_code, late.json()["field"]) == (422, "send_at")
    assert (nobody.status_code, nobody.json()["field"]) == (422, "to")
    assert unfailed.status_code == 404


async def test_an_agent_chooses_by_whose_clock_they_are_told_the_time(desk, house):
    browser = await desk.signed_in(house.agent)
    before = (await browser.get("/api/v1/me")).json()

    tokyo = await browser.patch("/api/v1/me", json={"time_zone": "Asia/Tokyo"})
    nowhere = await browser.patch("/api/v1/me", json={"time_zone": "Mars/Olympus"})
    back = await browser.patch("/api/v1/me", json={"time_zone": before["time_zone"]})

    assert (tokyo.json()["time_zone"], tokyo.json()["signature"]) == ("Asia/Tokyo", before["signature"])
    assert nowhere.status_code == 422
    assert back.json() == before


async def test_an_agent_chooses_the_language_they_read(desk, house):
    browser = await desk.signed_in(house.agent)
    before = (await browser.get("/api/v1/me")).json()

    swedish = await browser.patch("/api/v1/me", json={"locale": "sv"})
    klingon = await browser.patch("/api/v1/me", json={"locale": "tlh"})
    back = await browser.patch("/api/v1/me", json={"locale": "en"})

    assert swedish.json() == {**before, "locale": "sv"}
    assert (klingon.status_code, klingon.json()["field"]) == (422, "locale")
    assert back.json() == {**before, "locale": "en"}


async def test_an_agents_signature_is_theirs_to_change_and_stands_below_their_answers(desk, house):
    browser = await desk.signed_in(house.agent)
    ticket = await a_mail_ticket(browser)

    changed = (await browser.patch("/api/v1/me", json={"signature": "Aoife\r\nMill doctor"})).json()
    proposed = (await browser.get(f"{V1}/{ticket}/answering")).json()

    assert changed["signature"] == "Aoife\nMill doctor"
    assert proposed["signature"].startswith("Aoife\nMill doctor")
