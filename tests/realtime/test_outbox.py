"""The budget of one socket: what waits to be sent is bounded, and nothing is overtaken."""

from helpdesk.realtime.outbox import BYTES, PACKETS, Outbox


def filled(count=PACKETS, frame="x"):
    outbox = Outbox()
    for _ in range(count):
        outbox.offer(frame)
    return outbox


async def drained(outbox, count=None):
    frames = []
    for _ in range(len(outbox) if count is None else count):
        frames.append(await outbox.next())
        outbox.sent()
    return frames


async def test_frames_leave_in_the_order_they_came():
    outbox = Outbox()

    for frame in ("a", "b", "c"):
        assert outbox.offer(frame)

    assert await drained(outbox) == ["a", "b", "c"]
    assert outbox.bytes == 0


async def test_two_hundred_frames_fit_and_the_next_does_not():
    outbox = filled()

    assert len(outbox) == PACKETS
    assert not outbox.offer("one more")


async def test_a_mebibyte_fits_and_no_more_counted_as_it_goes_over_the_wire():
    outbox = Outbox()

    assert outbox.offer("å" * (BYTES // 2 - 1))
    assert not outbox.offer("ååå")
    assert outbox.bytes <= BYTES


async def test_what_may_be_lost_goes_first():
    outbox = filled(PACKETS // 2)

    assert not outbox.whisper("typing")
    assert outbox.offer("event")


async def test_what_the_protocol_needs_always_fits():
    outbox = filled()

    outbox.put("ack")

    assert len(outbox) == PACKETS + 1


async def test_the_newest_reminder_of_each_key_follows_once_half_is_free():
    outbox = filled()
    outbox.offer("refused")
    for key, frame in (("a", "a1"), ("b", "b1"), ("a", "a2")):
        outbox.owe(key, frame)

    before = await drained(outbox, PACKETS // 2)
    after = await drained(outbox, PACKETS // 2 + 2)

    assert set(before) == {"x"}
    assert after[-2:] == ["b1", "a2"]
    assert outbox.offer("again")


async def test_nothing_overtakes_what_is_owed():
    outbox = filled()
    outbox.offer("refused")
    outbox.owe("a", "hint")
    await drained(outbox, 10)

    assert not outbox.offer("newer")


async def test_a_frame_that_is_too_large_alone_is_made_up_for_at_once():
    outbox = Outbox()

    assert not outbox.offer("x" * (BYTES + 1))
    outbox.owe("a", "hint")
    outbox.settle()

    assert await drained(outbox) == ["hint"]


async def test_who_is_owed_more_than_the_budget_is_lost():
    outbox = filled()
    outbox.offer("refused")

    for key in range(PACKETS + 1):
        outbox.owe(key, "row")

    assert outbox.is_lost


async def test_what_was_queued_before_the_end_still_leaves():
    outbox = filled(1, "last")

    outbox.end()
    outbox.put("too late")

    assert await drained(outbox) == ["last"]
    assert await outbox.next() is None
