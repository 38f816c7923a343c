"""The budget of one socket: what waits to be sent is bounded, and nothing is overtaken."""

from helpdesk.realtime.outbox import BYTES, PACKETS, Outbox


def ready():
    pass


def filled(count=PACKETS, frame=b"x"):
    outbox = Outbox(ready)
    for _ in range(count):
        outbox.offer(frame)
    return outbox


def drained(outbox, count=None):
    return [outbox.take(0)[0] for _ in range(len(outbox) if count is None else count)]


def test_frames_leave_in_the_order_they_came():
    outbox = Outbox(ready)

    for frame in (b"a", b"b", b"c"):
        assert outbox.offer(frame)

    assert drained(outbox) == [b"a", b"b", b"c"]
    assert outbox.bytes == 0


def test_two_hundred_frames_fit_and_the_next_does_not():
    outbox = filled()

    assert len(outbox) == PACKETS
    assert not outbox.offer(b"one more")


def test_a_mebibyte_fits_and_no_more_counted_as_it_goes_over_the_wire():
    outbox = Outbox(ready)

    assert outbox.offer("å".encode() * (BYTES // 2 - 1))
    assert not outbox.offer("ååå".encode())
    assert outbox.bytes <= BYTES


def test_what_may_be_lost_goes_first():
    outbox = filled(PACKETS // 2)

    assert not outbox.whisper(b"typing")
    assert outbox.offer(b"event")


def test_what_the_protocol_needs_always_fits():
    outbox = filled()

    outbox.put(b"ack")

    assert len(outbox) == PACKETS + 1


def test_the_newest_reminder_of_each_key_follows_once_half_is_free():
    outbox = filled()
    outbox.offer(b"refused")
    for key, frame in (("a", b"a1"), ("b", b"b1"), ("a", b"a2")):
        outbox.owe(key, frame)

    before = drained(outbox, PACKETS // 2)
    after = drained(outbox, PACKETS // 2 + 2)

    assert set(before) == {b"x"}
    assert after[-2:] == [b"b1", b"a2"]
    assert outbox.offer(b"again")


def test_nothing_overtakes_what_is_owed():
    outbox = filled()
    outbox.offer(b"refused")
    outbox.owe("a", b"hint")
    drained(outbox, 10)

    assert not outbox.offer(b"newer")


def test_a_frame_that_is_too_large_alone_is_made_up_for_at_once():
    outbox = Outbox(ready)

    assert not outbox.offer(b"x" * (BYTES + 1))
    outbox.owe("a", b"hint")
    outbox.settle()

    assert drained(outbox) == [b"hint"]


def test_who_is_owed_more_than_the_budget_is_lost():
    outbox = filled()
    outbox.offer(b"refused")

    for key in range(PACKETS + 1):
        outbox.owe(key, b"row")

    assert outbox.is_lost


def test_what_was_queued_before_the_end_still_leaves():
    outbox = filled(1, b"last")

    outbox.end()
    outbox.put(b"too late")

    assert drained(outbox) == [b"last"]
    assert outbox.is_done
