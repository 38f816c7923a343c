"""What leaves is one well-formed mail that nobody can bend, and that our own reader understands."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk.channels.email.composing import LOOP_HEADER, OutgoingMail, Quote, compose
from helpdesk.channels.email.mail import Address, Part
from helpdesk.channels.email.reader import read
from helpdesk.domain import contacts
from helpdesk.errors import Invalid

MARKER = "ref:r1.7f3.2k9d.abcdefghijklmnop"
MAIL = OutgoingMail(
    message_id="m1.abc.abcdefghijklmnop@acme.example",
    sender=Address("Anna via Acme", "support@acme.example"),
    to=(Address("Kim", "kim@example.org"),),
    subject="Re: Mixer",
    body="Hello Kim,\n\nsee https://acme.example/help?a=1&b=2.\nAnna",
    date=datetime(2026, 11, 18, 12, 0, tzinfo=UTC),
    loop="instance-1",
    reply_to="support+r1.7f3.2k9d.abcdefghijklmnop@acme.example",
    references=("root@acme.example", "theirs@example.org"),
    in_reply_to="theirs@example.org",
    marker=MARKER,
    quote=Quote("On Wednesday Kim wrote:", "It broke.\n<script>"),
    brand="Acme Support",
)


def test_our_own_reader_gets_back_what_was_said():
    found = read(compose(MAIL))

    assert found.sender == MAIL.sender
    assert found.subject == "Re: Mixer"
    assert found.references == MAIL.references
    assert found.in_reply_to == ("theirs@example.org",)
    assert found.new_text.strip() == MAIL.body
    assert MARKER in found.quoted_text
    assert found.header(LOOP_HEADER.lower()) == "instance-1"
    assert found.auto is None
    assert found.may_acknowledge


def test_a_mail_composed_twice_is_the_same_bytes_with_short_lines_of_crlf():
    raw = compose(
        replace(MAIL, body="long " * 1000 + "x" * 3000, references=tuple(f"{n}@x" for n in range(500)))
    )

    assert raw == compose(
        replace(MAIL, body="long " * 1000 + "x" * 3000, references=tuple(f"{n}@x" for n in range(500)))
    )
    assert max(len(line) for line in raw.split(b"\r\n")) < 998
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert raw.isascii()


def test_the_references_keep_the_root_and_the_last_twenty():
    found = read(compose(replace(MAIL, references=tuple(f"{n}@x" for n in range(500)))))

    assert found.references == ("0@x", *(f"{n}@x" for n in range(480, 500)))


def test_a_foreign_id_that_only_looks_like_one_is_not_repeated():
    odd = ("no-at-all", "two@at@x", "sp ace@x", f"{'x' * 200}@x", "a@<x>")

    found = read(compose(replace(MAIL, references=("root@x", *odd), in_reply_to="two@at@x")))

    assert (found.references, found.in_reply_to) == (("root@x",), ())


@pytest.mark.parametrize(
    "evil", ["a\r\nBcc: evil@x.example", "a\nX: y", "a\x00b", "a\u2028Bcc: e@x", "a\r\n\r\nbody"]
)
def test_no_header_can_be_injected(evil):
    mail = replace(
        MAIL, subject=evil, sender=Address(evil, "s@x.example"), to=(Address(evil, "t@x.example"),), loop=evil
    )

    parsed = message_from_bytes(compose(mail), policy=policy.default)

    assert parsed["Bcc"] is None
    assert parsed["X"] is None
    assert [one.addr_spec for one in parsed["To"].addresses] == ["t@x.example"]


@pytest.mark.parametrize(
    "email",
    [
        "a@b\r\nBcc: c@d",
        "a b@c.example",
        "@c.example",
        "a@",
        "a@b@c",
        "a@exa mple",
        "a,b@c.example",
        "<a@b.c>",
        "",
    ],
)
def test_only_one_plain_address_is_an_address(email):
    with pytest.raises(Invalid, match="email_invalid"):
        compose(replace(MAIL, to=(Address("", email),)))


@given(
    st.text("aZ1.,;:<>()[]\\\"' \t\n\x00\x85\u200b\u2028\ud800\uff20İåß+-_=@", max_size=6),
    st.text("aZ1.,<>[] \n-_åß\u200b\ud800", max_size=4),
)
def test_what_is_taken_for_somebodys_address_can_be_written_to(local, domain):
    try:
        address = contacts.normalise(contacts.IdentityKind.EMAIL, f"{local}@{domain}x.example")
    except Invalid:
        return
    lines = compose(replace(MAIL, to=(Address("", address),))).decode().split("\r\n")
    [written] = [line.removeprefix("To: ") for line in lines if line.startswith("To: ")]
    assert written.strip("<>").partition("@")[0] == address.partition("@")[0]


def test_international_names_subjects_and_domains():
    mail = replace(MAIL, sender=Address('Åsa "X", Öst', "support@blåbär.example"), subject="Åäö 🎉 " * 40)

    raw = compose(mail)

    assert b"xn--" in raw
    found = read(raw)
    assert found.sender == Address('Åsa "X", Öst', "support@xn--blbr-noae.example")
    assert found.subject == mail.subject.strip()


def test_the_html_is_escaped_dark_aware_and_has_the_marker_before_the_quote():
    parsed = message_from_bytes(compose(MAIL), policy=policy.default)
    body = parsed.get_body(("html",))
    assert body is not None
    html = body.get_content()

    assert "<script>" not in html
    assert 'href="https://acme.example/help?a=1&amp;b=2"' in html
    assert "prefers-color-scheme: dark" in html
    assert html.index(MARKER) < html.index("<blockquote")
    assert 'class="card" style="' in html


def test_attachments_travel_whole_and_inline_images_stand_in_the_html():
    mail = replace(
        MAIL,
        html='<p>Look <img src="cid:logo@acme.example"></p>',
        attachments=(
            Part("räkning.pdf", "application/pdf", None, False, b"%PDF" * 1000),
            Part("logo.png", "image/png", "logo@acme.example", True, b"png"),
            Part("old.eml", "message/rfc822", None, False, b"Subject: x\n\ny"),
            Part("odd\r\nname", "no type", None, False, b"?"),
        ),
    )

    found = read(compose(mail))

    assert {part.name: part.data for part in found.attachments} == {
        "räkning.pdf": b"%PDF" * 1000, "logo.png": b"png", "old.eml": b"Subject: x\n\ny", "odd name": b"?",
    }  # fmt: skip
    assert [part.name for part in found.attachments if part.inline] == ["logo.png"]


def test_only_automatic_mail_says_it_is_automatic():
    assert read(compose(replace(MAIL, automatic=True))).auto == "auto_replied"
    assert b"Auto-Submitted" not in compose(MAIL)
    assert b"Precedence" not in compose(MAIL)


def test_notifications_can_be_unsubscribed_with_one_click():
    raw = compose(replace(MAIL, unsubscribe_url="https://acme.example/u/1"))

    assert b"List-Unsubscribe: <https://acme.example/u/1>\r\n" in raw
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw


_ANYTHING = st.text(
    st.one_of(st.sampled_from('\r\n\x00\u2028\u0085:,<>@"\\=? '), st.characters()), max_size=60
)


@settings(max_examples=60)
@given(name=_ANYTHING, subject=_ANYTHING, body=_ANYTHING, file=_ANYTHING, id_=_ANYTHING)
def test_whatever_is_put_into_a_mail_adds_no_header(name, subject, body, file, id_):
    mail = replace(
        MAIL, sender=Address(name, "s@x.example"), to=(Address(name, "t@x.example"),), subject=subject,
        body=body, is_markdown=True, signature=name, brand=name, references=(id_,), in_reply_to=id_,
        attachments=(Part(file, file, None, False, b"x"),),
    )  # fmt: skip

    raw = compose(mail)

    head = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    names = [line.partition(b":")[0].decode() for line in head if not line.startswith((b" ", b"\t"))]
    known = "From To Reply-To Subject Date Message-ID In-Reply-To References MIME-Version Content-Type"
    assert set(names) <= {*known.split(), LOOP_HEADER}
    assert len(names) == len(set(names))
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_a_letter_has_a_heading_and_pages_of_ours_alone_become_buttons():
    body = (
        "Priya, this needs you.\n\n#7 Down\nAll of it.\n\nSee it:\nhttps://desk.example/alert/1\n\n"
        "Win:\nhttps://desk.example.evil.example/x"
    )
    letter = replace(MAIL, title="On call: <b>", own_address="https://desk.example", body=body, marker=None)
    mail = message_from_bytes(compose(letter), policy=policy.default)

    html, plain = mail.get_body(("html",)).get_content(), mail.get_body(("plain",)).get_content()
    assert "On call: &lt;b&gt;</h1>" in html
    assert html.count('class="button"') == 1
    assert 'href="https://desk.example/alert/1"' in html
    assert "See it</a>" in html
    assert "See it:\nhttps://desk.example/alert/1" in plain.replace("\r\n", "\n")
