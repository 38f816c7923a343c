"""Which ticket a mail belongs to: the decision table of mail threading, as a pure function over facts.

The caller looks the facts up; the first row that matches decides. A match alone is never authority: whoever
is not known on that ticket is kept apart as an unverified sender, or starts a ticket of their own.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

UNVERIFIED_STAFF = "unverified_staff"
"""Flags an agent's mail that did not leave as an answer."""

ACKNOWLEDGEMENTS_PER_HOUR = 3
UNPROVEN_PER_HOUR = 1
"""Whoever can write a stranger's name into From must not fill that stranger's mailbox through us."""

ACKNOWLEDGEMENTS_PER_DAY = 10
MESSAGES_PER_TEN_MINUTES = 20


class Action(StrEnum):
    DROP = "drop"  # recorded, shown nowhere
    BOUNCE = "bounce"  # a delivery event on the message it is about
    DUPLICATE = "duplicate"  # linked to the mail that came first
    ALSO_RECEIVED = "also_received"  # same mail in another inbox: noted on its ticket
    APPEND = "append"  # said by a participant
    APPEND_UNVERIFIED = "append_unverified"  # kept apart until an agent accepts it
    STAFF_REPLY = "staff_reply"  # goes to the contact
    STAFF_NOTE = "staff_note"  # private and flagged: staff by name, not by proof
    NEW = "new"
    NEW_FOR_OTHER = "new_for_other"  # forwarded by staff: the original sender is the contact


class Target(StrEnum):
    """How the ticket of a match stands; merged ones have been followed to their target before."""

    OPEN = "open"
    GONE = "gone"  # deleted or spam
    LONG_CLOSED = "long_closed"


class Proof(StrEnum):
    """Aligned DKIM or DMARC as judged by our own edge."""

    PASS = "pass"  # noqa: S105
    NONE = "none"
    FAIL = "fail"


class HeldBack(StrEnum):
    NO_ANSWER = "no_answer"  # to our mail: the mark could have come there from elsewhere
    NOT_APART = "not_apart"  # from what the agent was told
    TOO_LARGE = "too_large"
    TOO_OLD = "too_old"  # it may have left before, or been written about something else


@dataclass(frozen=True, slots=True)
class Match:
    """`participant`: the sender is contact, CC or staff there. `issued_to_sender`: a carrier names them, and
    they may answer there now. `is_own`: the sender is one of staff, and the ticket's contact."""

    ticket_id: UUID
    participant: bool
    issued_to_sender: bool = False
    target: Target = Target.OPEN
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """`held_back`: why a mail of an agent who holds a mark is no answer that may leave."""

    own_loop: bool = False
    bounce: bool = False
    bounce_known: bool = False
    duplicate: bool = False
    other_inbox: Match | None = None
    strong: Match | None = None
    strong_forged: bool = False
    weak: Match | None = None
    cited: Match | None = None
    staff: bool = False
    proof: Proof = Proof.NONE
    auto: str | None = None
    may_acknowledge: bool = True
    looks_forwarded: bool = False
    held_back: HeldBack | None = None
    automatic_opens_ticket: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """`row` is the line of the table; `related` a ticket to link or suggest; `flags` are shown to agents."""

    row: str
    action: Action
    ticket_id: UUID | None = None
    related: UUID | None = None
    reopens: bool = False
    acknowledge: bool = False
    collapsed: bool = False
    may_add_followers: bool = False
    flags: tuple[str, ...] = ()


def decide(facts: Facts) -> Decision:
    if facts.own_loop:
        return Decision("1", Action.DROP, flags=("loop",))
    if facts.bounce:
        return Decision("2", Action.BOUNCE, flags=() if facts.bounce_known else ("unmatched_bounce",))
    if facts.duplicate:
        return Decision("3", Action.DUPLICATE)
    if facts.other_inbox:
        return Decision("4", Action.ALSO_RECEIVED, facts.other_inbox.ticket_id)
    forged = ("forged_carrier",) if facts.strong_forged else ()
    for match, decision in (
        (facts.strong, _strong), (facts.weak, _weak), (facts.cited, _cited),
    ):  # fmt: skip
        if match is None or match.target is Target.GONE:
            continue
        found = decision(facts, match)
        if found is not None:
            return _with(found, forged)
    return _with(_unmatched(facts), forged)


def _strong(facts: Facts, match: Match) -> Decision | None:
    """Rows 5 to 7. Staff first: their word goes to the contact, so an address alone is not enough. On what
    they asked us themselves they are a contact as any other."""
    if facts.staff and not match.is_own:
        proven = match.issued_to_sender and facts.proof is Proof.PASS
        if proven and facts.held_back is None and not facts.auto:
            return _onto(facts, match, "7", Action.STAFF_REPLY)
        return Decision(
            "7", Action.STAFF_NOTE, match.ticket_id, collapsed=bool(facts.auto), flags=(UNVERIFIED_STAFF,)
        )
    if match.participant and facts.proof is not Proof.FAIL:
        return _onto(facts, match, "5", Action.APPEND)
    flag = "failed_authentication" if match.participant else "other_sender"
    row = "11" if _auto_replied(facts) else "6"
    return Decision(
        row, Action.APPEND_UNVERIFIED, match.ticket_id, collapsed=_auto_replied(facts), flags=(flag,)
    )


def _weak(facts: Facts, match: Match) -> Decision | None:
    """Rows 9 and 10: an id or number that anybody may have seen."""
    if not match.participant:
        return _new(facts, "10", related=match.ticket_id, flags=("possibly_related",))
    if facts.proof is Proof.FAIL:
        return _new(facts, "9", related=match.ticket_id, flags=("possibly_related", "failed_authentication"))
    if facts.staff and not match.is_own:
        return Decision("9", Action.STAFF_NOTE, match.ticket_id, flags=(UNVERIFIED_STAFF,))
    return _onto(facts, match, "9", Action.APPEND)


def _cited(facts: Facts, match: Match) -> Decision | None:
    """Row 9b: the parent arrives after its answer."""
    if not match.participant or facts.proof is Proof.FAIL or (facts.staff and not match.is_own):
        return None
    return _onto(facts, match, "9b", Action.APPEND)


def _onto(facts: Facts, match: Match, row: str, action: Action) -> Decision:
    """On that ticket, unless it was closed long ago (row 14); an answering machine wakes nobody (row 11)."""
    if _auto_replied(facts):
        return Decision("11", action, match.ticket_id, collapsed=True)
    if match.target is Target.LONG_CLOSED:
        return _new(facts, "14", related=match.ticket_id, flags=("follow_up",))
    trusted = row in ("5", "7")
    return Decision(
        row, action, match.ticket_id, reopens=True, may_add_followers=trusted and facts.proof is Proof.PASS
    )


def _unmatched(facts: Facts) -> Decision:
    """Rows 12, 13 and 15."""
    if _auto_replied(facts):
        return Decision("12", Action.DROP, flags=("auto_replied",))
    if facts.auto:
        if not facts.automatic_opens_ticket:
            return Decision("12", Action.DROP, flags=("automatic",))
        return Decision("12", Action.NEW, flags=("automatic",))
    if facts.staff and facts.looks_forwarded and facts.proof is Proof.PASS:
        return Decision("13", Action.NEW_FOR_OTHER, flags=("claimed_by_forward",))
    return _new(facts, "15")


def _new(facts: Facts, row: str, *, related: UUID | None = None, flags: tuple[str, ...] = ()) -> Decision:
    if _auto_replied(facts):
        return Decision("12", Action.DROP, related=related, flags=("auto_replied",))
    return Decision(
        row, Action.NEW, related=related, flags=flags,
        acknowledge=facts.may_acknowledge and not facts.auto and not facts.staff and related is None,
        may_add_followers=row == "15" and facts.proof is Proof.PASS,
    )  # fmt: skip


def _auto_replied(facts: Facts) -> bool:
    return facts.auto == "auto_replied"


def _with(decision: Decision, flags: tuple[str, ...]) -> Decision:
    if not flags:
        return decision
    return Decision(
        decision.row, decision.action, decision.ticket_id, decision.related, decision.reopens,
        decision.acknowledge, decision.collapsed, decision.may_add_followers, (*decision.flags, *flags),
    )  # fmt: skip


def may_still_acknowledge(
    *, last_hour: int, last_day: int, is_proven: bool = True, on_ticket_in_ten_minutes: int = 0
) -> bool:
    """The counter that needs no header: two helpdesks that answer each other stop at three."""
    return (
        last_hour < (ACKNOWLEDGEMENTS_PER_HOUR if is_proven else UNPROVEN_PER_HOUR)
        and last_day < ACKNOWLEDGEMENTS_PER_DAY
        and on_ticket_in_ten_minutes < MESSAGES_PER_TEN_MINUTES
    )
