"""Which ticket a mail joins: a test for each row of the decision table."""

from dataclasses import replace
from uuid import UUID

import pytest

from helpdesk.domain.tickets.mail.threading import (
    Action,
    Facts,
    Match,
    Proof,
    Target,
    decide,
    may_still_acknowledge,
)

TICKET = UUID("01949d3e-7c5a-7b11-9c3f-aa00bb11cc22")
KNOWN = Match(TICKET, participant=True)
STRANGER = Match(TICKET, participant=False)
PERSON = Facts(proof=Proof.PASS)


def test_row_1_our_own_mail_coming_back_is_dropped():
    assert decide(replace(PERSON, own_loop=True, strong=KNOWN)).action is Action.DROP


@pytest.mark.parametrize("known", [True, False])
def test_row_2_a_bounce_is_an_event_on_what_it_is_about(known):
    found = decide(replace(PERSON, bounce=True, bounce_known=known, strong=KNOWN, auto="bounce"))

    assert found.action is Action.BOUNCE
    assert not found.acknowledge
    assert found.flags == (() if known else ("unmatched_bounce",))


def test_row_3_the_same_mail_again_is_a_duplicate():
    assert decide(replace(PERSON, duplicate=True, strong=KNOWN)).action is Action.DUPLICATE


def test_row_4_the_same_mail_in_another_inbox_is_one_ticket():
    found = decide(replace(PERSON, other_inbox=STRANGER))

    assert (found.action, found.ticket_id) == (Action.ALSO_RECEIVED, TICKET)


@pytest.mark.parametrize("proof", [Proof.PASS, Proof.NONE])
def test_row_5_a_participant_with_a_carrier_is_appended_and_reopens(proof):
    found = decide(replace(PERSON, strong=KNOWN, proof=proof))

    assert (found.row, found.action, found.ticket_id, found.reopens) == ("5", Action.APPEND, TICKET, True)
    assert found.may_add_followers is (proof is Proof.PASS)


@pytest.mark.parametrize(
    ("match", "proof", "flag"),
    [
        (STRANGER, Proof.PASS, "other_sender"),
        (STRANGER, Proof.FAIL, "other_sender"),
        (KNOWN, Proof.FAIL, "failed_authentication"),
    ],
)
def test_row_6_anybody_else_with_a_carrier_is_kept_apart(match, proof, flag):
    found = decide(replace(PERSON, strong=match, proof=proof))

    assert (found.row, found.action, found.flags) == ("6", Action.APPEND_UNVERIFIED, (flag,))
    assert not found.reopens
    assert not found.may_add_followers
    assert not found.acknowledge


def test_row_7_staff_answer_the_contact_only_with_their_own_carrier_and_proof():
    own = Match(TICKET, participant=True, issued_to_sender=True)

    assert decide(replace(PERSON, staff=True, strong=own)).action is Action.STAFF_REPLY
    for facts in (
        replace(PERSON, staff=True, strong=KNOWN),
        replace(PERSON, staff=True, strong=own, proof=Proof.NONE),
        replace(PERSON, staff=True, strong=own, proof=Proof.FAIL),
        replace(PERSON, staff=True, strong=own, auto="auto_replied"),
    ):
        found = decide(facts)
        assert (found.row, found.action, found.flags) == ("7", Action.STAFF_NOTE, ("unverified_staff",))
        assert not found.reopens


def test_row_8_a_forged_carrier_helps_nobody_and_is_counted():
    alone = decide(replace(PERSON, strong_forged=True))
    with_weak = decide(replace(PERSON, strong_forged=True, weak=KNOWN))

    assert (alone.row, alone.action, alone.flags) == ("15", Action.NEW, ("forged_carrier",))
    assert (with_weak.row, with_weak.action, with_weak.flags) == ("9", Action.APPEND, ("forged_carrier",))


def test_row_9_a_weak_match_counts_for_participants_only_without_failed_proof():
    assert decide(replace(PERSON, weak=KNOWN)).action is Action.APPEND
    failed = decide(replace(PERSON, weak=KNOWN, proof=Proof.FAIL))
    assert (failed.row, failed.action, failed.related) == ("9", Action.NEW, TICKET)
    assert "possibly_related" in failed.flags
    assert decide(replace(PERSON, weak=KNOWN, staff=True)).action is Action.STAFF_NOTE


def test_row_9b_an_answer_read_before_its_parent_pulls_the_parent_in():
    found = decide(replace(PERSON, cited=KNOWN))

    assert (found.row, found.action, found.ticket_id) == ("9b", Action.APPEND, TICKET)
    assert decide(replace(PERSON, cited=STRANGER)).row == "15"


def test_row_10_a_stranger_who_knows_a_number_gets_a_ticket_of_their_own():
    found = decide(replace(PERSON, weak=STRANGER))

    assert (found.row, found.action, found.related) == ("10", Action.NEW, TICKET)
    assert found.ticket_id is None
    assert not found.acknowledge
    assert not found.may_add_followers


@pytest.mark.parametrize("how", ["strong", "weak", "cited"])
def test_row_11_an_answering_machine_wakes_nobody(how):
    found = decide(replace(PERSON, auto="auto_replied", may_acknowledge=False, **{how: KNOWN}))

    assert (found.row, found.action, found.collapsed) == ("11", Action.APPEND, True)
    assert not found.reopens
    assert not found.acknowledge


@pytest.mark.parametrize("auto", ["auto_generated", "list", "bulk"])
def test_row_12_automatic_mail_opens_a_ticket_without_an_acknowledgement(auto):
    assert decide(replace(PERSON, auto=auto)).action is Action.NEW
    assert not decide(replace(PERSON, auto=auto)).acknowledge
    assert decide(replace(PERSON, auto=auto, automatic_opens_ticket=False)).action is Action.DROP


def test_row_12_an_unmatched_answering_machine_opens_nothing():
    assert decide(replace(PERSON, auto="auto_replied")).action is Action.DROP
    assert decide(replace(PERSON, auto="auto_replied", weak=STRANGER)).action is Action.DROP


def test_staff_who_ask_for_themselves_are_contacts_on_what_they_asked():
    own = replace(KNOWN, is_own=True)

    for matched in ({"strong": own}, {"weak": own}, {"cited": own}):
        assert decide(replace(PERSON, staff=True, **matched)).action is Action.APPEND
    assert decide(replace(PERSON, staff=True, strong=own, proof=Proof.FAIL)).action is not Action.APPEND


def test_row_13_a_forward_by_proven_staff_is_for_the_first_sender():
    facts = replace(PERSON, staff=True, looks_forwarded=True)

    assert decide(facts).action is Action.NEW_FOR_OTHER
    assert decide(replace(facts, proof=Proof.NONE)).action is Action.NEW
    assert decide(replace(facts, staff=False)).action is Action.NEW


def test_row_14_what_is_gone_is_new_and_what_is_long_closed_is_linked():
    gone = decide(replace(PERSON, strong=replace(KNOWN, target=Target.GONE)))
    closed = decide(replace(PERSON, strong=replace(KNOWN, target=Target.LONG_CLOSED)))

    assert (gone.row, gone.action, gone.related) == ("15", Action.NEW, None)
    assert (closed.row, closed.action, closed.related) == ("14", Action.NEW, TICKET)


def test_row_15_anything_else_is_new_and_people_are_acknowledged():
    assert decide(PERSON).acknowledge
    assert not decide(replace(PERSON, may_acknowledge=False)).acknowledge
    assert not decide(replace(PERSON, staff=True)).acknowledge


def test_two_helpdesks_that_acknowledge_each_other_stop_at_three():
    sent = 0
    while may_still_acknowledge(last_hour=sent, last_day=sent):
        sent += 1

    assert sent == 3
    assert not may_still_acknowledge(last_hour=0, last_day=10)
    assert not may_still_acknowledge(last_hour=0, last_day=0, on_ticket_in_ten_minutes=20)
