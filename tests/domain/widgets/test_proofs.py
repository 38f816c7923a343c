"""Whoever is over a limit may go on by letting their device work a little: once for each answer."""

from datetime import timedelta

import pytest

from helpdesk.domain import limits
from helpdesk.domain.widgets import proofs
from helpdesk.errors import Invalid, LimitReached
from helpdesk.storage.transaction import Transaction

KEY = b"a key of the tests"
HOME, ELSEWHERE = "203.0.113.9", "203.0.113.10"
LIMIT = limits.NEW_VISITORS


def solved(text: str, bits: int = proofs.EASIEST) -> str:
    return next(str(number) for number in range(2_000_000) if proofs.is_solved(text, str(number), bits))


async def use_up(tx: Transaction, who: str = HOME) -> None:
    for _ in range(LIMIT.most):
        await limits.spend(tx, LIMIT, who)


async def test_a_right_answer_makes_room_for_a_few_more_and_counts_once(tx: Transaction) -> None:
    await use_up(tx)
    text = proofs.challenge_for(KEY, LIMIT.name, HOME, tx.now)
    number = solved(text)

    await proofs.redeem(tx, KEY, text, number, HOME)

    for _ in range(proofs.WORTH):
        await limits.spend(tx, LIMIT, HOME)
    with pytest.raises(LimitReached):
        await limits.spend(tx, LIMIT, HOME)
    with pytest.raises(Invalid, match="proof_used"):
        await proofs.redeem(tx, KEY, text, number, HOME)


async def test_an_answer_is_worth_nothing_when_it_is_wrong_old_altered_or_somebody_elses(
    tx: Transaction,
) -> None:
    text = proofs.challenge_for(KEY, LIMIT.name, HOME, tx.now)
    number = solved(text)
    letter, until, bits, salt, signature = text.split(".")
    easier = f"{letter}.{until}.1.{salt}.{signature}"
    later = ".".join([letter, str(int(until) + 3600), bits, salt, signature])

    for given, answer, who, cause in (
        (text, str(int(number) + 1), HOME, "proof_wrong"),
        (text, "-1", HOME, "proof_wrong"),
        (easier, number, HOME, "proof_foreign"),
        (later, number, HOME, "proof_foreign"),
        (text, number, ELSEWHERE, "proof_foreign"),
        ("nonsense", number, HOME, "proof_foreign"),
    ):
        with pytest.raises(Invalid, match=cause):
            await proofs.redeem(tx, KEY, given, answer, who)
    tx.now += proofs.LIFE + timedelta(seconds=1)
    with pytest.raises(Invalid, match="proof_old"):
        await proofs.redeem(tx, KEY, text, number, HOME)


async def test_no_work_helps_where_a_limit_is_the_last_word(tx: Transaction) -> None:
    with pytest.raises(Invalid, match="no_proof_helps"):
        proofs.challenge_for(KEY, limits.MESSAGES.name, HOME, tx.now)
    for _ in range(proofs.SOLVED.most):
        await limits.spend(tx, proofs.SOLVED, HOME)
    text = proofs.challenge_for(KEY, LIMIT.name, HOME, tx.now)

    with pytest.raises(LimitReached):
        await proofs.redeem(tx, KEY, text, solved(text), HOME)
