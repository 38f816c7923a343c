"""A secret at rest opens under its own key and for what it was stored for, and never anywhere else."""

from uuid import uuid4

import pytest

from helpdesk.errors import Unavailable
from helpdesk.storage.sealing import Sealer

OURS = Sealer(b"a key that only these tests know")


def test_what_is_sealed_opens_for_its_row_and_nothing_of_it_can_be_read_before() -> None:
    row = uuid4()
    sealed = OURS.seal("hemligt", row)

    assert b"hemligt" not in sealed
    assert OURS.open(sealed, row) == "hemligt"
    assert OURS.seal("hemligt", row) != sealed


def test_copied_to_another_row_or_purpose_it_stays_shut() -> None:
    with pytest.raises(Unavailable, match="secret_unreadable"):
        OURS.open(OURS.seal("hemligt", uuid4()), uuid4())
    with pytest.raises(Unavailable, match="secret_unreadable"):
        OURS.open_text(OURS.seal_text("hemligt", "contact-method"), "absence-feed")


@pytest.mark.parametrize("text", ["", "?", "bm90IG91cnM=", "gAAAAA"])
def test_under_another_key_or_without_any_sense_it_stays_shut(text: str) -> None:
    with pytest.raises(Unavailable, match="secret_unreadable"):
        OURS.open_text(text, "contact-method")
    with pytest.raises(Unavailable, match="secret_unreadable"):
        Sealer(b"another key").open_text(OURS.seal_text("hemligt", "contact-method"), "contact-method")
