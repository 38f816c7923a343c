"""What the world sends becomes a `Mail`: one test for each demand on reading."""

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest

from helpdesk.channels.email.mail import Address, Mail, pack, unpack
from helpdesk.channels.email.reader import read

SAMPLES = Path(__file__).parents[1] / "samples"


def sample(name: str) -> Mail:
    return read((SAMPLES / name).read_bytes())


def mail(headers: str = "", body: str | bytes = "Hello\n") -> Mail:
    raw = body if isinstance(body, bytes) else body.encode()
    return read(
        b"From: kim@example.org\nSubject: Hi\n" + headers.encode("utf-8", "surrogateescape") + b"\n" + raw
    )


@pytest.mark.parametrize("name", [path.name for path in sorted(SAMPLES.glob("*.eml"))])
def test_every_sample_survives_the_pipe_and_folding_loses_nothing(name):
    found = sample(name)

    assert unpack(pack(found)) == found
    assert found.new_text + found.signature_text + found.quoted_text == found.text


def test_an_ordinary_answer():
    found = sample("reply_from_gmail.eml")

    assert found.sender == Address("Karin Åberg", "karin@example.se")
    assert found.subject == "Re: Fakturan stämmer inte"
    assert found.date == datetime(2026, 11, 18, 12, 5, tzinfo=UTC)
    assert found.references == ("first@example.se", "m1.abc.abcdefghijklmnop@acme.example")
    assert found.new_text.strip() == "Tack, nu stämmer det!\n\nKarin"
    assert "fakturan är rättad" in found.quoted_text
    assert found.new_html is not None
    assert "rättad" not in found.new_html
    assert found.auto is None
    assert found.may_acknowledge


def test_attachments_inline_images_and_mails_inside_mails():
    found = sample("attachments.eml")

    assert found.sender == Address("Doe, John", "john@example.org")
    assert [(part.name, part.inline) for part in found.attachments] == [
        ("shown.png", True), ("hidden.png", False), ("årsrapport 2026.pdf", False), ("Inside.eml", False),
    ]  # fmt: skip
    assert "A closing word without a type." in found.text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"=?utf-8?B?w6U=?= =?utf-8?Q?=C3?= =?utf-8?q?=A5?=", "åå"),
        (b"=?gb2312?B?1tC5+g==?=", "中国"),
        (b"=?utf-8?b?w6XDpMO2", "åäö"),
        (b"=?utf-8?q?two words here?=", "two words here"),
        (b"=?unknown-99?q?caf=E9?=", "café"),
        (b"=?iso-2022-jp?B?GyRCJDMkcyRLJEEkTxsoQg==?=", "こんにちは"),
        (b"=?iso-2022-jp?B?GyRCLSEbKEI=?=", "①"),
        ("åäö raw".encode(), "åäö raw"),
        ("åäö raw".encode("cp1252"), "åäö raw"),
        (b"=?utf-8*sv?q?hej?=", "hej"),
        (b"a\x00b\x07c", "abc"),
    ],
)
def test_headers_are_decoded_however_they_were_encoded(raw, text):
    found = read(b"From: a@example.org\nSubject: " + raw + b"\n\nx")

    assert found.subject == text


@pytest.mark.parametrize(
    ("charset", "data", "text"),
    [
        ("gb2312", "镕基".encode("gb18030"), "镕基"),
        ("ks_c_5601-1987", "똠방".encode("cp949"), "똠방"),
        ("shift_jis", "①髙".encode("cp932"), "①髙"),
        ("iso-8859-1", "naïve “quotes”".encode("cp1252"), "naïve “quotes”"),
        ("us-ascii", "blåbär".encode(), "blåbär"),
        ("charset=utf-8", "blåbär".encode(), "blåbär"),
        ("win-1251", "Привет".encode("cp1251"), "Привет"),
        ("iso88592", "łąka".encode("iso-8859-2"), "łąka"),
        ("koi8r", "Привет".encode("koi8-r"), "Привет"),
        ("cn-gb", "镕基".encode("gb18030"), "镕基"),
        ("iso-8859-2 (Plain text)", "łąka".encode("iso-8859-2"), "łąka"),
        ('"utf-8"', "blåbär".encode(), "blåbär"),
        ("x-nobody-knows", "blåbär".encode("cp1252"), "blåbär"),
        ("punycode", b"abc-\xe5", "abc-å"),
        ("iso-2022-jp", "日本".encode("cp932"), "日本"),
        ("windows-1251", "Привет".encode("cp1251"), "Привет"),
        ("", "Привет, как ваши дела сегодня, друзья мои".encode("koi8-r"), None),
    ],
)
def test_a_charset_is_what_senders_mean_by_its_name(charset, data, text):
    found = mail(f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: 8bit\n", data)

    assert found.text == text if text is not None else "\ufffd" not in found.text


@pytest.mark.parametrize(
    ("value", "people"),
    [
        (
            '"Doe, Jane" <jane@x.example>, bo@y.example',
            [("Doe, Jane", "jane@x.example"), ("", "bo@y.example")],
        ),
        ("=?utf-8?q?Doe,_J=C3=B6rg?= <j@x.example>", [("Doe, Jörg", "j@x.example")]),
        ("Doe, Jane <jane@x.example>", [("Doe, Jane", "jane@x.example")]),
        ("jane@x.example (Jane)", [("Jane", "jane@x.example")]),
        ("undisclosed-recipients:;", []),
        ("Team: a@x.example, b@x.example;", [("", "a@x.example"), ("", "b@x.example")]),
        ('"never closed <a@x.example>, b@x.example', [("never closed", "a@x.example"), ("", "b@x.example")]),
        ("<mailto:a@X.example>", [("", "a@x.example")]),
        ("a@x.example; b@x.example", [("", "a@x.example"), ("", "b@x.example")]),
    ],
)
def test_addresses_are_split_before_they_are_decoded(value, people):
    assert [(one.name, one.email) for one in mail(f"To: {value}\n").to] == people


def test_at_most_a_hundred_recipients_are_kept():
    found = mail("To: " + ", ".join(f"a{n}@x.example" for n in range(600)) + "\n")

    assert len(found.to) == 100


@pytest.mark.parametrize(
    ("headers", "email"),
    [
        ("From: <>\nReply-To: b@x.example\n", "b@x.example"),
        ("From: nonsense\nSender: c@x.example\n", "c@x.example"),
        ("From:\nFrom: second@x.example\n", "second@x.example"),
        ("Return-Path: <d@x.example>\n", "d@x.example"),
        ("Subject: nobody at all\n", None),
    ],
)
def test_a_sender_is_sought_where_from_says_nothing(headers, email):
    found = read(headers.encode() + b"\nbody")

    assert (found.sender.email if found.sender else None) == email
    assert found.text == "body"


def test_rubbish_before_and_between_the_headers_is_skipped():
    found = read(
        b"From nobody Mon Jan  1 00:00:00 2026\nSubject: first\nthis is no header\n"
        b"From: a@x.example\nTo: b@x.example\n\nbody"
    )

    assert found.subject == "first"
    assert found.sender is not None
    assert found.text == "body"


@pytest.mark.parametrize(
    ("encoding", "body", "text"),
    [
        ("base64", base64.b64encode("åäö".encode()).rstrip(b"="), "åäö"),
        ("base64", base64.b64encode(b"Hello") + b"\n--\nlist footer, no base64\n", "Hello"),
        ("base64", b"SGVsbG8=\n--\nYou get this from the list of the mill at X\n", "Hello"),
        ("quoted-printable", b"=C3=A5 =E5=XY", None),
        ("x-unknown", b"plain", "plain"),
        ("x-uuencode", b"begin 644 a.txt\n%2&5L;&\\\n`\nend\n", "Hello"),
    ],
)
def test_a_transfer_encoding_may_be_broken_or_unknown(encoding, body, text):
    found = mail(f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {encoding}\n", body)

    assert text is None or found.text == text


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\docs\\a.txt", "a.txt"),
        ("inv\u202efdp.exe", "invfdp.exe"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
    ],
)
def test_a_file_name_is_a_bare_name(given, kept):
    found = mail(
        f'Content-Type: application/pdf\nContent-Disposition: attachment; filename="{given}"\n', b"%PDF"
    )

    assert found.attachments[0].name == kept


def test_nothing_unstorable_remains():
    found = mail(
        "X: \x00\nTo: \udcff\x00 <a@x.example>\nDate: Mon, 1 Jan 9999 00:00:00 +2359\n", b"a\x00b\x0bc\xff"
    )

    assert pack(found)
    assert found.date is None
    assert "\x00" not in found.text


def test_html_is_made_safe_and_remote_images_wait():
    found = mail(
        "Content-Type: text/html; charset=utf-8\n",
        '<p onclick="x()" style="a">Hi<script>x()</script><img src="https://t.example/p.gif">'
        '<img src="cid:a"><a href="javascript:x()">j</a><svg><a href="x">y</a></svg><form><input></form></p>',
    )

    assert found.html is not None
    assert 'src="remote:https://t.example/p.gif"' in found.html
    assert 'src="cid:a"' in found.html
    for bad in ("script", "onclick", "style", "svg", "form", "input", "href="):
        assert bad not in found.html
    assert found.text.startswith("Hi")


@pytest.mark.parametrize(
    ("headers", "auto", "acknowledged"),
    [
        ("", None, True),
        ("Auto-Submitted: no\n", None, True),
        ("Auto-Submitted: auto-replied\n", "auto_replied", False),
        ("Auto-Submitted: auto-generated\n", "auto_generated", False),
        ("Precedence: bulk\n", "bulk", False),
        ("Precedence: auto_reply\n", "auto_replied", False),
        ("X-Auto-Response-Suppress: All\n", "auto_generated", False),
        ("X-Auto-Response-Suppress: DR, RN\n", None, True),
        ("X-Autoreply: yes\n", "auto_replied", False),
        ("X-Apple-Action: VACATION\n", "auto_replied", False),
        ("X-Apple-Action: MOVE_TO_FOLDER/Junk\n", None, True),
        ("List-Id: <list.example>\n", "list", False),
        ("List-Unsubscribe: <mailto:x@y>\n", "list", False),
        ("Return-Path: <>\n", "auto_generated", False),
        ("X-Loop: desk\n", "auto_generated", False),
        ("X-MS-Exchange-Inbox-Rules-Loop: a@b\n", "auto_replied", False),
    ],
)
def test_machines_are_told_from_people(headers, auto, acknowledged):
    found = mail(headers)

    assert found.auto == auto
    assert found.may_acknowledge is acknowledged


@pytest.mark.parametrize(
    "local", ["noreply", "no-reply", "donotreply", "bounces+1", "postmaster", "MAILER-DAEMON"]
)
def test_nobody_acknowledges_to_a_robot(local):
    assert not read(f"From: {local}@x.example\nSubject: x\n\ny".encode()).may_acknowledge


def test_a_bounce_names_whom_it_could_not_reach_and_which_mail_it_was():
    bounce = sample("bounce.eml").bounce

    assert bounce is not None
    assert bounce.permanent
    assert bounce.recipients[0].address == "gone@example.net"
    assert bounce.recipients[0].status == "5.1.1"
    assert bounce.message_ids == ("m1.xyz.abcdefghijklmnop@acme.example",)


def test_a_null_return_path_alone_is_no_bounce():
    assert mail("Return-Path: <>\n").bounce is None


def test_the_first_sender_of_a_forwarded_mail():
    forwarded = sample("forward_from_outlook.eml").forwarded

    assert forwarded is not None
    assert forwarded.sender == Address("Olle Öst", "olle@kund.example")
    assert forwarded.subject == "Trasig mixer"
    assert forwarded.comment == "Kan ni ta den här?"
    assert forwarded.body == "Hej, mixern startar inte längre."


def test_a_mail_attached_without_words_is_a_forward_too():
    found = mail(
        "Content-Type: multipart/mixed; boundary=b\n",
        "--b\nContent-Type: message/rfc822\n\nFrom: Olle <olle@kund.example>\nSubject: Hi\n\nPlease\n--b--\n",
    )

    assert found.forwarded is not None
    assert found.forwarded.attached
    assert found.forwarded.sender == Address("Olle", "olle@kund.example")


@pytest.mark.parametrize(
    ("kind", "protection"),
    [
        ("multipart/encrypted; boundary=b", "encrypted"),
        ("multipart/signed; boundary=b", "signed"),
        ("application/pkcs7-mime; smime-type=enveloped-data", "encrypted"),
    ],
)
def test_protected_mail_says_so(kind, protection):
    found = mail(f"Content-Type: {kind}\n", "--b\nContent-Type: text/plain\n\nx\n--b--\n")

    assert found.protection == protection


def test_a_winmail_dat_shows_the_files_inside():
    def attribute(kind: int, value: bytes) -> bytes:
        return (
            b"\x02"
            + kind.to_bytes(2, "little")
            + b"\x01\x00"
            + len(value).to_bytes(4, "little")
            + value
            + b"\0\0"
        )

    tnef = (0x223E9F78).to_bytes(4, "little") + b"\x01\x00"
    tnef += attribute(0x9002, b"\0" * 14) + attribute(0x8010, b"offer.txt\0") + attribute(0x800F, b"42 EUR")
    found = mail(
        "Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n",
        base64.b64encode(tnef),
    )

    assert [(part.name, part.data) for part in found.attachments[1:]] == [("offer.txt", b"42 EUR")]


def test_ids_are_read_folded_bare_and_encoded():
    found = mail("Message-ID: <a\n b@x>\nIn-Reply-To: bare@x\nReferences: =?utf-8?q?<c@x>?= <d@x><c@x>\n")

    assert found.message_id == "ab@x"
    assert found.in_reply_to == ("bare@x",)
    assert found.references == ("c@x", "d@x")


def test_a_meeting_invitation_stays_a_file():
    found = mail(
        "Content-Type: multipart/alternative; boundary=b\n",
        "--b\nContent-Type: text/plain\n\nMeet\n--b\nContent-Type: text/calendar\n\nBEGIN:VCALENDAR\n--b--\n",
    )

    assert found.text == "Meet"
    assert [part.name for part in found.attachments] == ["invitation.ics"]


def test_two_copies_of_a_mail_hash_alike():
    assert mail(body="Hello  you\n").body_hash == mail("X-Hop: 2\n", "Hello\r\nyou").body_hash


def test_an_equals_sign_near_the_end_of_base64_is_no_padding_of_the_whole():
    raw = (
        b"From: a@x.example\nContent-Type: application/pdf; name=a.pdf\n"
        b"Content-Transfer-Encoding: base64\n\nxoundary=b\n"
    )

    (part,) = read(raw).attachments

    assert part.name == "a.pdf"
