"""Oddities of mail programs, each seen in the wild, read as their senders meant them."""

import base64
from datetime import UTC, datetime

import pytest

from helpdesk.channels.email.mail import Address, Mail
from helpdesk.channels.email.reader import read


def mail(*lines: str) -> Mail:
    return read("\r\n".join(("From: kim@example.org", "Subject: Hi", *lines)).encode())


def parts(kind: str, *bodies: str) -> list[str]:
    inner = [line for body in bodies for line in ("--B", *body.split("\n"))]
    return [f"Content-Type: {kind}", "", *inner, "--B--", ""]


def nested(kind: str, *bodies: str) -> str:
    inner = "\n".join(f"--C\n{body}" for body in bodies)
    return f'Content-Type: multipart/{kind}; boundary="C"\n\n{inner}\n--C--'


def test_html_with_files_between_its_pieces_is_one_text():
    html = "Content-Type: text/html\n\n<p>{}</p>"
    file = "Content-Type: image/png\nContent-Disposition: inline; filename=a.png\n\nPNG"
    inner = nested("mixed", html.format("Above"), file, html.format("Below"))

    found = mail(
        *parts('multipart/alternative; boundary="B"', "Content-Type: text/plain\n\nAll of it", inner)
    )

    assert found.text.strip() == "All of it"
    assert "Above" in (found.html or "")
    assert "Below" in (found.html or "")
    assert [part.name for part in found.attachments] == ["a.png"]


def test_words_that_follow_both_forms_of_a_text_are_kept():
    inner = nested(
        "alternative", "Content-Type: text/plain\n\nPlain", "Content-Type: text/html\n\n<b>Rich</b>"
    )

    found = mail(*parts('multipart/related; boundary="B"', inner, "Content-Type: text/plain\n\nFooter"))

    assert "Plain" in found.text
    assert "Footer" in found.text
    assert "Rich" in (found.html or "")


def test_a_text_file_shown_first_is_what_the_mail_says_and_a_file_too():
    file = 'Content-Type: text/plain; name="notes.txt"\nContent-Disposition: inline\n\nThe notes'

    found = mail(*parts('multipart/mixed; boundary="B"', file))

    assert found.text.strip() == "The notes"
    assert [part.name for part in found.attachments] == ["notes.txt"]


@pytest.mark.parametrize(
    "kind",
    ['multipart/*; boundary="B"', 'multipart; boundary="B"', 'multipart/mixed\r\n\tboundary="B"'],
)
def test_a_multipart_of_no_known_kind_still_has_parts(kind):
    file = "Content-Type: text/csv\nContent-Disposition: attachment filename=a.csv\n\n1,2"

    found = mail(*parts(kind, "Content-Type: text/plain\n\nSee the file", file))

    assert found.text.strip() == "See the file"
    assert [part.name for part in found.attachments] == ["a.csv"]


def test_flowing_paragraphs_become_whole_and_the_signature_mark_stays():
    text = ["Since Monday the mill ", "stops. ", "", "> quoted ", "> lines", "-- ", "Kim"]

    found = mail("Content-Type: text/plain; format=flowed", "", *text)

    assert found.text == "Since Monday the mill stops. \n\n> quoted \n> lines\n-- \nKim"


def test_the_space_at_the_end_is_no_words_end_where_the_sender_says_so():
    found = mail(
        "Content-Type: text/plain; format=flowed; delsp=yes", "", "粉挽き機 ", "が止まる", ">> a ", ">> b"
    )

    assert found.text == "粉挽き機が止まる\n>> ab"


def test_an_encoding_that_was_named_and_never_done():
    words = "The mill has stopped again and nobody here knows why it did that."

    found = mail("Content-Type: text/plain", "Content-Transfer-Encoding: base64", "", words)

    assert found.text == words


def test_two_senders_that_nothing_separates_are_two():
    found = read(b'From: "Bo" <bo@example.org>"Eva" <eva@example.org>\r\n\r\nHello')

    assert found.sender == Address("Bo", "bo@example.org")


def test_a_sender_cut_off_in_the_address_has_a_name():
    assert read(b"From: The Moderator <moderator\r\n\r\nHello").sender == Address("The Moderator", "")


def test_a_bracket_in_a_comment_ends_nothing():
    found = read(rb"From: Pete(A wonderful \) chap) <pete(his account)@silly.test>" + b"\r\n\r\nHello")

    assert found.sender == Address("Pete", "pete@silly.test")


def test_a_hidden_list_of_recipients_is_nobody():
    assert mail("To: <Undisclosed-Recipient:@mail.example.org;>", "", "Hello").to == ()


def test_a_space_before_the_first_header_hides_nothing():
    found = read(b" From: kim@example.org\r\nSubject: Hi\r\nTo: a@example.org\r\n\r\nHello")

    assert found.sender == Address("", "kim@example.org")
    assert found.text == "Hello"


def test_a_date_with_spaces_and_comments_inside():
    found = mail("Date: Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "", "Hello")

    assert found.date == datetime(1997, 11, 21, 15, 55, 6, tzinfo=UTC)


def test_a_mark_with_words_behind_it_is_still_a_mark_and_what_follows_the_last_one_is_kept():
    found = mail(
        'Content-Type: multipart/mixed; boundary="B"', "",
        "--B and more", "Content-Type: text/plain", "", "Words", "--B--> end", "Between",
        "--B", "Content-Type: text/csv; name=late.csv", "", "1,2", "--B--", "",
    )  # fmt: skip

    assert found.text.strip() == "Words"
    assert [(part.name, part.data) for part in found.attachments] == [("late.csv", b"1,2")]


def test_a_parameter_on_a_line_of_its_own_belongs_to_the_header_above():
    file = 'Content-Type: application/zip; x=1;\nname="a.zip"\nContent-Disposition: attachment\n\nPK'

    found = mail(*parts('multipart/mixed; boundary="B"', "Content-Type: text/plain\n\nHere", file))

    assert [(part.name, part.data) for part in found.attachments] == [("a.zip", b"PK")]


def test_a_header_named_in_8_bit_letters_is_no_body():
    found = mail("Ämne: Hej", "X-Last: 1", "", "The words")

    assert found.text.strip() == "The words"


def test_a_form_of_the_text_with_a_name_is_a_form_and_no_file():
    named = 'Content-Type: text/plain; name="plain.txt"\n\nPlain'

    found = mail(
        *parts('multipart/alternative; boundary="B"', named, "Content-Type: text/html\n\n<b>Rich</b>")
    )

    assert (found.text.strip(), found.attachments) == ("Plain", ())


def test_raw_utf_8_in_a_header_is_utf_8_whatever_the_body_is_in():
    raw = "Subject: Größe\r\nFrom: Jürgen <j@x.example>\r\nContent-Type: text/plain; charset=gb2312\r\n\r\nx"

    found = read(raw.encode())

    assert (found.subject, found.sender) == ("Größe", Address("Jürgen", "j@x.example"))


def test_names_without_addresses_do_not_become_the_name_of_the_next_bare_address():
    found = mail("To: abel, bianchi, carol@example.org", "Cc: Lind, Kim <kim@example.org>")

    assert [one.email for one in found.to] == ["abel", "bianchi", "carol@example.org"]
    assert found.cc == (Address("Lind, Kim", "kim@example.org"),)


def test_an_old_source_route_leads_to_its_last_address():
    assert mail("Cc: <@one.example, @two.example:kim@example.org>").cc == (Address("", "kim@example.org"),)


def test_a_mail_may_be_named_by_a_word_alone():
    assert mail("Message-ID: 102.0200").message_id == "102.0200"
    assert mail("Message-ID: <>").message_id is None
    assert mail("Message-ID: <mill$<>%@example.org>").message_id == "mill$<>%@example.org"


def test_a_file_of_plain_words_that_claims_to_be_base64_keeps_them_all():
    words = "The mill stands still, and nobody knows why; well, the miller does, doesn't he?"
    head = "Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n"

    found = mail(*parts('multipart/mixed; boundary="B"', "\nSee", head + words))

    assert found.attachments[0].data == words.encode()


def test_what_is_no_base64_at_all_is_kept_as_it_stands():
    file = "Content-Type: audio/basic\nContent-Transfer-Encoding: base64\n\n... the sound ..."

    found = mail(*parts('multipart/mixed; boundary="B"', "Content-Type: text/plain\n\nListen", file))

    assert [part.data for part in found.attachments] == [b"... the sound ..."]


def test_a_boundary_that_ends_in_a_space_is_told_from_one_that_does_not():
    found = mail(
        'Content-Type: multipart/mixed; boundary="B "', "", "--B ", "", "One", "--B", "Two", "--B --"
    )

    assert found.text.split() == ["One", "--B", "Two"]


def test_a_first_part_without_a_blank_line_before_it_is_read():
    file = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64"

    found = mail('Content-Type: multipart/mixed; boundary="B"', " ", "--B", file, "", "SGVq", "--B--")

    assert (found.text, found.defects) == ("Hej", ())


def test_a_header_with_a_null_in_its_name_is_no_body():
    assert mail("X-Odd\0: 1", "", "The words").text == "The words"


def test_an_empty_name_in_quotes_is_none():
    file = 'Content-Type: ; name=""\nContent-Disposition: attachment; filename=""\n\nBytes'

    found = mail(*parts('multipart/mixed; boundary="B"', "Content-Type: text/plain\n\nHere", file))

    assert [part.name for part in found.attachments] == ["attachment-1.txt"]


def test_a_file_of_no_kind_that_anybody_knows_is_a_file():
    found = mail('Content-Type: spreadsheet; name="sums"', "", "1,2")

    assert [(part.name, part.content_type) for part in found.attachments] == [
        ("sums", "application/octet-stream")
    ]


def test_a_stray_character_in_short_base64_is_passed_over():
    file = "Content-Type: image/png\nContent-Transfer-Encoding: base64\n\nUE5H*SUhEUg=="

    found = mail(*parts('multipart/mixed; boundary="B"', "Content-Type: text/plain\n\nHere", file))

    assert [part.data for part in found.attachments] == [b"PNGIHDR"]


def test_spaces_around_the_dots_of_an_old_address_mean_nothing():
    assert mail("Cc: kim@desk   . example").cc == (Address("", "kim@desk.example"),)


def test_what_only_decoding_makes_an_address_is_a_name():
    """Filters on the way saw no address in it and so asked nobody whether it is true."""
    raw = b"From: =?utf-8?q?boss=40bank.example?=\r\nReply-To: kim@example.org\r\n\r\nHi"

    assert read(raw).sender == Address("boss@bank.example", "kim@example.org")


def test_rich_text_beside_plain_words_is_a_file_and_alone_is_the_text():
    rich = "Content-Type: text/enriched\n\n<bold>Rich</bold>"

    beside = mail(*parts('multipart/mixed; boundary="B"', "Content-Type: text/plain\n\nPlain", rich))
    alone = mail(*parts('multipart/mixed; boundary="B"', rich))

    assert (beside.text, [part.content_type for part in beside.attachments]) == ("Plain", ["text/enriched"])
    assert (alone.text, alone.attachments) == ("Rich", ())


def test_a_named_page_with_its_pictures_is_the_text():
    page = (
        'Content-Type: text/html; name="p.htm"\nContent-Disposition: inline\n\n<img src="cid:a"><b>Page</b>'
    )
    picture = "Content-Type: image/png\nContent-ID: <a>\n\nPNG"

    found = mail(*parts('multipart/related; boundary="B"', page, picture))

    assert "<b>Page</b>" in (found.html or "")
    assert [(part.content_type, part.inline) for part in found.attachments] == [("image/png", True)]


@pytest.mark.parametrize(
    ("written", "meant"), [("1==2===3", "1==2===3"), ("==C3=A5", "=å"), ("one= \r\n two", "one two")]
)
def test_an_equals_sign_that_escapes_nothing_stands_for_itself(written, meant):
    assert mail("Content-Transfer-Encoding: quoted-printable", "", written).text == meant


def test_a_comment_in_the_content_type_is_no_part_of_it():
    found = mail("Content-Type: text/plain (a; (plain) one); charset=utf-8", "", "Hej")

    assert (found.text, found.attachments) == ("Hej", ())


def test_an_address_in_quotes_is_a_name_where_another_stands_beside_it():
    assert mail('Cc: "boss@bank.example" kim@example.org').cc == (
        Address("boss@bank.example", "kim@example.org"),
    )


def test_utf_8_is_read_as_such_whatever_old_charset_is_claimed():
    raw = "Content-Type: text/plain; charset=windows-1251\r\n\r\nСчет оплачен"

    assert read(raw.encode()).text == "Счет оплачен"
    assert read(raw.encode("cp1251")).text == "Счет оплачен"


def test_japanese_escapes_are_understood_where_no_charset_is_named():
    assert read("Subject: x\r\n\r\nこんにちは".encode("iso2022_jp")).text == "こんにちは"


def test_half_of_a_letter_is_no_space():
    """The last byte of an à in UTF-8 is a no-break space in Latin-1, that of an Å a line end."""
    raw = (
        "From: Voilà <kim@example.org>\r\nTo: kim@рà.example\r\nContent-Type: text/plain; name=voilà\r\n\r\nx"
    )

    found = read(raw.encode())

    assert found.sender == Address("Voilà", "kim@example.org")
    assert found.to == (Address("", "kim@рà.example"),)


def test_nulls_in_base64_are_passed_over():
    file = "Content-Type: image/png\nContent-Transfer-Encoding: base64\n\nUE5H\0\0\0\0\0\0SUhEUg=="

    found = mail(*parts('multipart/mixed; boundary="B"', "Content-Type: text/plain\n\nHere", file))

    assert [part.data for part in found.attachments] == [b"PNGIHDR"]


def test_a_last_mark_on_the_line_of_the_words_is_none_of_them():
    assert (
        mail('Content-Type: multipart/mixed; boundary="B"', "", "--B", "", "Words--B--", "").text == "Words"
    )


@pytest.mark.parametrize(
    ("words", "charset"),
    [
        ("이용약관 및 서비스", "cp949"),
        ("Ваш заказ отправлен", "cp1251"),
        ("簡単なテストのメールです。よろしくお願いいたします。", "cp932"),
    ],
)
def test_bytes_without_a_charset_are_read_as_what_people_send(words, charset):
    assert read(b"Subject: x\r\n\r\n" + words.encode(charset)).text == words


def test_a_picture_inside_the_html_itself_is_a_file_that_the_html_shows():
    picture = base64.b64encode(b"\x89PNG picture").decode()
    shown = f'<p>See</p><img alt="x" src="data:image/png;base64,{picture}"><img src="data:text/html,x">'

    found = read(f"From: a@x.example\nContent-Type: text/html\n\n{shown}".encode())

    (file,) = found.attachments
    assert (file.data, file.name, file.inline) == (b"\x89PNG picture", "picture-1.png", True)
    assert f'src="cid:{file.content_id}"' in (found.html or "")
    assert "data:" not in (found.html or "")
