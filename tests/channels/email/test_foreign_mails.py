"""Mails that other projects read: each field as their own tests expect it, or known to differ, and why."""

import hashlib

import pytest

from tests.foreign_mails.comparing import COLLECTIONS, FOLDER, KNOWN, compared

RIGHT = 0.9
"""The share of mails whose fields are all right."""


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_nine_of_ten_mails_of_others_are_read_right_in_every_field_and_the_rest_is_known(
    collection: str,
) -> None:
    results = list(compared(collection))

    other = {name: [(one.field, one.found) for one in found] for name, found in results if found}

    assert {name: found for name, found in other.items() if name not in KNOWN.get(collection, {})} == {}
    assert set(KNOWN.get(collection, {})) == set(other)
    assert len(results) - len(other) >= RIGHT * len(results)


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_a_collection_is_the_one_whose_origin_and_licence_are_told(collection: str) -> None:
    content = (FOLDER / f"{collection}.zip").read_bytes()

    assert hashlib.sha256(content).hexdigest() in (FOLDER / "README.md").read_text()
