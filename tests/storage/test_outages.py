"""What is lost and tried again all the time is told when it begins, now and then, and when it is over."""

from helpdesk.storage.outages import Outage


def test_a_loss_is_told_at_once_and_then_once_a_minute():
    outage = Outage()

    told = [tried / 2 for tried in range(300) if outage.lasts(tried / 2)]

    assert told == [0, 60, 120]


def test_that_it_is_back_is_told_once_with_how_long_it_was_gone():
    outage = Outage()
    outage.lasts(10)
    outage.lasts(12)

    assert outage.ends(15) == 5
    assert outage.ends(16) is None


def test_one_after_a_quiet_time_is_told_at_once_again():
    outage = Outage()
    outage.lasts(0)
    outage.ends(1)

    assert outage.lasts(100)
    assert outage.ends(103) == 3


def test_what_comes_and_goes_all_the_time_fills_no_log():
    outage = Outage()

    told = [(outage.lasts(second), outage.ends(second) is not None) for second in range(60)]

    assert told == [(True, True), *[(False, False)] * 59]


def test_how_long_it_has_been_lost_is_known_while_it_lasts():
    outage = Outage()
    before = outage.seconds(5)
    outage.lasts(10)

    assert (before, outage.seconds(14)) == (0, 4)
    outage.ends(15)
    assert outage.seconds(20) == 0
