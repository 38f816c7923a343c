"""Placeholders are filled in once, from a fixed list, and what strangers chose stays plain text."""

import pytest

from helpdesk.domain.saved_replies import fill, filling, missing_in, text_of

KIM = {"contact.first_name": "Kim", "contact.name": "Kim Berg", "ticket.number": "1042"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("Hi {{contact.first_name}}!", "Hi Kim!"),
        ("Hi {{ contact.first_name | there }}!", "Hi Kim!"),
        ("{{company.name|your company}}, #{{ticket.number}}", "your company, #1042"),
        ("No {braces} {{}} and {{ open", "No {braces} {{}} and {{ open"),
    ],
)
def test_a_placeholder_becomes_its_value_or_what_stands_behind_the_bar(body, said):
    assert text_of(fill(body, KIM)) == said


def test_without_a_value_it_stays_and_is_told():
    pieces = fill("Hi {{contact.first_name}} of {{company.name}},", KIM)

    assert text_of(pieces) == "Hi Kim of {{company.name}},"
    assert missing_in(pieces) == ["{{company.name}}"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("{{ticket.number}}", "ticket.number"),
        ("[Win](https://evil.example)", "Win(https://evil.example)"),
        ("**Kim**\n\n# <b>", "Kim b"),
        ("x" * 5000, "x" * 120),
    ],
)
def test_a_name_brings_no_placeholder_no_link_and_no_lines_of_its_own(name, said):
    assert text_of(fill("{{contact.name}}", {"contact.name": name})) == said


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Beth Hargreaves", "Beth"),
        ("Hargreaves, Beth", "Beth"),
        ("Kim", "Kim"),
        ("kim@x.example", ""),
        ("", ""),
    ],
)
def test_the_first_of_somebodys_names(name, first):
    assert filling.first_name(name) == first


def test_a_mark_nobody_can_fill_in_is_found_before_it_is_saved():
    assert filling.unknown_in("{{7*7}} {{contact.frist_name}} {{ ticket.number }} {{agent.name|us}}") == [
        "{{7*7}}",
        "{{contact.frist_name}}",
    ]


def test_ten_thousand_signs_of_any_kind_are_read_at_once():
    for signs in ("{" * 10_000, "{{" + " " * 9_998, "{{a|" * 2_500, "{{}}" * 2_500):
        assert text_of(fill(signs, KIM)) == signs
