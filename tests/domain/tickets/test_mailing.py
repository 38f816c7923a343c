"""What a mail that answers a ticket is called."""

import pytest

from helpdesk.domain.tickets.mail.mailing import reply_subject


@pytest.mark.parametrize(
    "subject", ["Mixer", "Re: Mixer", "RE: re: Mixer", "Re[2]: Mixer", "SV: Mixer", "Sv: Re: Mixer"]
)
def test_an_answer_has_one_prefix_whatever_the_contacts_program_wrote(subject: str) -> None:
    assert reply_subject(subject) == "Re: Mixer"


def test_a_word_that_begins_alike_is_no_prefix() -> None:
    assert reply_subject("Reparation av kvarnen") == "Re: Reparation av kvarnen"
