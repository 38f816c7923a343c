"""A link in a mail says where a browser would really go, however its writer hid that."""

import html

import pytest

from helpdesk.channels.email import framing, links
from helpdesk.channels.email.reading.sanitising import sanitise

HIDDEN = {
    "other words": '<a href="https://evil.example/">https://bank.example</a>',
    "the true host somewhere in false words": '<a href="https://evil.example/">bank.example/evil.example</a>',
    "a backslash before an at sign": r'<a href="https://evil.example\@bank.example/">https://bank.example</a>',
    "one slash": '<a href="https:/evil.example/">https://bank.example</a>',
    "backslashes": r'<a href="https:\\evil.example/">https://bank.example</a>',
    "no slash": '<a href="https:evil.example/">https://bank.example</a>',
    "very long words": f'<a href="https://evil.example/">bank.example{"<i>.</i>" * 9000}</a>',
    "a name before an at sign": '<a href="https://bank.example@evil.example/">https://bank.example</a>',
    "the same at sign in the words": '<a href="https://b.example@evil.example">https://b.example@evil.example</a>',
    "a bracket in another attribute": '<a title="<" href="https://evil.example/">https://bank.example</a>',
}


@pytest.mark.parametrize("how", HIDDEN)
def test_the_true_host_stands_beside_words_that_name_another(how: str) -> None:
    shown = shown_as(HIDDEN[how])

    assert '<span class="hd-where">(evil.example)</span>' in shown
    assert 'href="https://evil.example/' in shown or 'href="https://b' in shown
    assert framing.is_rich(sanitise(HIDDEN[how]))


@pytest.mark.parametrize(
    "link",
    [
        '<a href="https://www.mill.example/a?b=c">https://mill.example/a?b=c</a>',
        '<a href="http://mill.example/report.pdf">mill.example/report.pdf</a>',
        '<a href="https://mill.example/">see mill.example for more</a>',
        '<a href="mailto:kim@mill.example?subject=x">kim@mill.example</a>',
        '<a href="mailto:kim@mill.example">Write to us</a>',
        '<a href="https://mühle.example/">mühle.example</a>',
        '<a href="tel:+46812345">08-123 45</a>',
    ],
)
def test_a_link_that_says_where_it_goes_is_left_as_it_is(link: str) -> None:
    assert "hd-where" not in shown_as(link)
    assert not framing.is_rich(sanitise(link))


def test_letters_that_only_look_like_others_are_spelled_out() -> None:
    assert "(xn--bnk-6cd.example)" in shown_as('<a href="https://b\u0430nk.example/">b\u0430nk.example</a>')


def test_a_mail_address_that_is_not_the_one_it_names_is_told() -> None:
    shown = shown_as('<a href="mailto:eve@evil.example">help@bank.example</a>')

    assert "(eve@evil.example)" in shown


@pytest.mark.parametrize("href", ["javascript:x()", "https://", "https://[::1", "data:text/html,x"])
def test_what_no_browser_should_follow_is_no_link(href: str) -> None:
    assert links.dressed(f'<a href="{html.escape(href)}" rel="x">words</a>') == '<a rel="x">words</a>'


def test_many_links_are_dressed_in_good_time() -> None:
    some = "<a>" * 50_000 + '<a href="https://mill.example">x' * 20_000

    assert links.dressed(some).count("<a") == 70_000


def shown_as(mail: str) -> str:
    return framing.dressed(sanitise(mail) or "", lambda _: None, None, "held")
