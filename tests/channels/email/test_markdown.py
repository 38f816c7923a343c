"""What agents write as Markdown becomes clean HTML, and text that reads well without it."""

import time

import pytest

from helpdesk.channels.email.markdown import to_html, to_text, uploads_in


def test_the_usual_marks_are_laid_out_and_lines_stay_lines():
    html = to_html("Hello **Kim**\nsecond *line*\n\n- one\n- two\n\n> quoted\n\n`code`")

    assert "<p>Hello <strong>Kim</strong><br>\nsecond <em>line</em></p>" in html
    assert html.count("<li>") == 2
    assert "<blockquote>" in html
    assert "<code>code</code>" in html


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))",
        "[x](data:text/html,x)", "![x](https://tracker.example/p.gif)", "<https://a.example\\\" onclick=x>",
        "![x](upload:not-mine)", "[x]: javascript:alert(1)\n\n[x]",
    ],
)  # fmt: skip
def test_nothing_that_runs_or_reports_gets_through(evil):
    html = to_html(evil)

    for word in ("<script", "<img", 'href="javascript', 'href="data', 'onclick="'):
        assert word not in html


def test_bare_addresses_become_links_but_not_inside_code_or_links():
    html = to_html(
        "see https://a.example/x?y=1&z=2. or kim@a.example, `https://b.example` [c](https://c.example)"
    )

    assert '<a href="https://a.example/x?y=1&amp;z=2">' in html
    assert 'href="mailto:kim@a.example"' in html
    assert "<code>https://b.example</code>" in html
    assert html.count("<a ") == 3


def test_a_blank_indent_and_a_line_of_dashes_are_layout():
    assert "<pre>" not in to_html("Dear Kim,\n\n    four blanks")
    assert "<h2>" not in to_html("Text\n---")


def test_pictures_of_the_message_itself_stand_where_they_were_put():
    text = "Look:\n\n![the lever](upload:one)"

    assert uploads_in(text) == {"one"}
    assert '<img src="cid:one@x" alt="the lever">' in to_html(text, lambda key: f"{key}@x")
    assert to_text(text) == "Look:\n\n[the lever]"


def test_links_are_spelled_out_in_plain_text():
    assert (
        to_text("[manual](https://a.example) [b@c.d](mailto:b@c.d) 1\\. x")
        == "manual (https://a.example) b@c.d 1. x"
    )


@pytest.mark.parametrize("unit", ["[", "![", "*a ", "> ", "[a](", "|a", "https://a.", "`a", "&", "a@"])
def test_no_text_of_the_longest_length_holds_a_worker_up(unit):
    text = (unit * 20_000)[:20_000]
    begins = time.process_time()

    to_html(text)
    to_text(text)

    assert time.process_time() - begins < 10


def test_columns_of_a_table_keep_their_side():
    html = to_html("| a | b |\n|:-:|--:|\n| 1 | 2 |")

    assert '<th align="center">a</th>' in html
    assert '<td align="right">2</td>' in html
    assert "style" not in html
