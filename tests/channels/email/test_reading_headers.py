"""Header lines as programs and people write them: dates, addresses, lines that are none."""

from base64 import b64encode
from datetime import datetime

import pytest

from helpdesk.channels.email.mail import Address, reachable
from helpdesk.channels.email.reader import read
from helpdesk.channels.email.reading import addresses, dates, parameters


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("Tue, 20 Jun 2017 09:44:58.568 +0000 (UTC)", "2017-06-20 09:44:58"),
        ("Fri , 18 Apr 2025 05:50:01 +0200", "2025-04-18 03:50:01"),
        ("Wed, 14 05 2025 12:34:17 +0000", "2025-05-14 12:34:17"),
        ("29/11/2008 17:15:00 +0100", "2008-11-29 16:15:00"),
        ("11.29.2008 17:15:00 +0100", "2008-11-29 16:15:00"),
        ("Mon, 11 Jun 2012 08:20:45 -07:00", "2012-06-11 15:20:45"),
        ("Thu, 2 Oct 2014 18:45:31 GMT+0200", "2014-10-02 16:45:31"),
        ("Sun, 12 Jan 2003 12:28:43 AM +0000", "2003-01-12 00:28:43"),
        ("Jun 11, 2012 8:20 PM", "2012-06-11 20:20:00"),
        ("Thu, 7 Sept 2017 10:11:12 JST", "2017-09-07 01:11:12"),
        ("Thu, 7 Sep 2017 10:11:12 NDT", "2017-09-07 12:41:12"),
        ("Mon, 1 Dez 2008 10:00:00 CET", "2008-12-01 09:00:00"),
        ("30 Jun 2012 23:59:60 +0000", "2012-07-01 00:00:00"),
        ("7/20/95 1:12PM", "1995-07-20 13:12:00"),
        ("9 May 2016 01:32:00Z", "2016-05-09 01:32:00"),
        ("12 May 50 12:08:24 +0000", "1950-05-12 12:08:24"),
        ("2008-11-29T17:15:00+01:00", "2008-11-29 16:15:00"),
        ("17-6-2008 17:10:08", "2008-06-17 17:10:08"),
        ("2008-11-9 9:5:06 -0600", "2008-11-09 15:05:06"),
        ("Fri, 21 Nov (one (in (another) ) ) 1997 09:55:06 -0600", "1997-11-21 15:55:06"),
        ("Tue Feb 18 10:23:30 2014 (CET)", "2014-02-18 09:23:30"),
        ("Sun, 15 May 2016", "2016-05-15 00:00:00"),
    ],
)
def test_a_date_is_understood_however_it_was_written(written, moment):
    assert dates.parse(written) == datetime.fromisoformat(f"{moment}+00:00")


@pytest.mark.parametrize("written", ["soon", "99/99/2008 17:15:00", "", "31 Feb 2008 10:00 +0000"])
def test_what_is_no_date_is_none(written):
    assert dates.parse(written) is None


@pytest.mark.parametrize(
    ("written", "email"),
    [
        ('"kim"@example.org', "kim@example.org"),
        ('Kim <"kim.berg"@Example.org>', "kim.berg@example.org"),
        ('"kim berg"@example.org', '"kim berg"@example.org'),
        (r'"\k\i\m"@example.org', "kim@example.org"),
        ('<"kim@example.org">', "kim@example.org"),
        ('"kim berg"@example.org>', '"kim berg"@example.org'),
        ("<\u200bkim@example.org>", "kim@example.org"),
        ('"boss@bank.example"@evil.example', '"boss@bank.example"@evil.example'),
        ('Boss "boss@bank.example"@evil.example', '"boss@bank.example"@evil.example'),
        ('<"boss@bank.example"@evil.example>', '"boss@bank.example"@evil.example'),
    ],
)
def test_quotes_around_the_first_half_of_an_address_are_kept_only_where_needed(written, email):
    assert addresses.parse(written.encode())[0].email == email


def test_remarks_beside_an_address_are_its_name_word_by_word():
    assert addresses.parse(b"(Kim) kim@example.org (Berg)") == [Address("Kim Berg", "kim@example.org")]


def test_an_address_that_stands_in_a_remark_is_one_where_there_is_no_other():
    assert addresses.parse(b"=?utf-8?q?K=C3=ADm?= (kim@example.org)") == [Address("Kím", "kim@example.org")]


def test_a_list_encoded_as_one_word_is_a_list():
    word = b64encode(b"Kim <kim@example.org>, Bo <bo@example.org>").decode()

    found = addresses.parse(f"=?utf-8?B?{word}?=".encode())

    assert found == [Address("Kim", "kim@example.org"), Address("Bo", "bo@example.org")]


def test_who_has_no_address_has_the_name_beside_it():
    assert read(b"From: MAILER (Mail Delivery System)\n\nx").sender == Address(
        "Mail Delivery System", "MAILER"
    )


def test_a_file_keeps_the_spaces_of_its_name():
    raw = b'Content-Disposition: attachment; filename="Mill  3 .csv"\n\n1,2'

    assert [part.name for part in read(raw).attachments] == ["Mill  3 .csv"]


@pytest.mark.parametrize("written", ["Kim < <kim@example.org>", "Kim kim@example.org>"])
def test_a_stray_bracket_is_no_part_of_a_name(written):
    assert addresses.parse(written.encode()) == [Address("Kim", "kim@example.org")]


def test_a_name_in_quotes_without_an_address_is_not_the_next_ones():
    found = addresses.parse(b'"Berg, Bo" (no address), "Kim" <kim@example.org>')

    assert found == [Address("Kim", "kim@example.org")]


@pytest.mark.parametrize("line", ["X-Spam Report/all of it: yes", "*  0.0 NO_RELAYS Informational: none"])
def test_a_last_line_that_is_no_header_hides_no_encoded_text(line):
    body = b64encode(b"The mill stands still.").decode()
    raw = f"From: kim@example.org\nContent-Transfer-Encoding: Base64\n{line}\n\n{body}\n"

    assert read(raw.encode()).text == "The mill stands still."


def test_a_charset_named_once_above_all_parts_is_theirs():
    raw = (
        'Content-Type: multipart/mixed; charset=iso-8859-2; boundary="B"\n\n'
        "--B\nContent-Type: text/plain\n\nGęś\n--B--\n"
    )

    assert read(raw.encode("iso-8859-2")).text == "Gęś"


@pytest.mark.parametrize("charset", ["iso-8859-9", "utf-8"])
def test_a_text_without_a_charset_is_in_that_of_the_subject_unless_it_is_utf_8(charset):
    raw = "Subject: =?iso-8859-9?Q?De=F0irmen?=\n\nDeğirmen çalışmıyor, yağ yok."

    assert read(raw.encode(charset)).text == "Değirmen çalışmıyor, yağ yok."


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-be", "utf-16-le", "utf-32-be", "utf-32-le"])
@pytest.mark.parametrize("words", ["The mill stands", "こんにちは、みなさん"])
def test_wide_letters_are_read_in_the_order_of_their_bytes(charset, words):
    said = charset[:6]
    raw = f"Subject: =?{said}?B?{b64encode(words.encode(charset)).decode()}?=\n\n"

    assert read(raw.encode()).subject == words


def test_broken_utf_8_stays_utf_8_where_that_was_claimed():
    raw = b"Content-Type: text/plain; charset=utf-8\n\n\xc3\xa5\xc3\xa4\xc3\xb6 \xe5ska \xe2\x82 l\xc3\xa4get"

    assert read(raw).text == "åäö åska \ufffd läget"


def test_a_file_whose_name_became_question_marks_has_its_other_name():
    file = (
        'Content-Type: text/csv; name="=?utf-8?q?=D0=BC=D0=B5=D0=BB.csv?="\n'
        'Content-Disposition: attachment; filename="???.csv"\n\n1,2'
    )
    old = 'Content-Type: application/octet-stream; file="MILL.EXE"\n\nMZ'
    raw = f'Content-Type: multipart/mixed; boundary="B"\n\n--B\n{file}\n--B\n{old}\n--B--\n'

    assert [part.name for part in read(raw.encode()).attachments] == ["мел.csv", "MILL.EXE"]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Content-ID: <image001.png@01D3BA12.F6C6AEB0>", "image001.png"),
        ("Content-Location: http://mill.example/photos/Mill.jpg?w=3", "Mill.jpg"),
        ("Content-Description: Mill 3.png", "Mill 3.png"),
        ("Content-ID: <part1.06090408@mill.example>", "attachment-1.png"),
    ],
)
def test_a_file_without_a_name_has_the_one_that_stands_beside_it(header, name):
    raw = f"Content-Type: image/png\nContent-Disposition: attachment\n{header}\n\nPNG"

    assert [part.name for part in read(raw.encode()).attachments] == [name]


def test_the_end_of_parts_that_never_began_is_no_text():
    raw = b'Content-Type: multipart/mixed; boundary="B"\n\nThe mill stands still.\n--B--\nAfterwards\n'

    assert read(raw).text.strip() == "The mill stands still."


def test_a_mail_cut_off_right_after_its_first_mark_says_nothing():
    assert read(b'Content-Type: multipart/mixed; boundary="B"\n\n--B\n').text == ""


def test_marks_that_no_header_names_are_found_also_where_they_begin_with_dashes():
    part = "------=_Next\nContent-Type: text/plain\n\nThe mill stands still.\n"
    raw = f"Content-Type: multipart/mixed\n\n----------\n{part}{part}------=_Next--\n"

    assert read(raw.encode()).text == "The mill stands still.\nThe mill stands still."


def test_a_header_without_a_name_is_no_body():
    assert read(b"Subject: Hi\n: what is this?\n\nThe mill stands still.").text == "The mill stands still."


def test_a_mail_in_utf_8_inside_a_mail_is_named_after_its_subject():
    raw = (
        'Content-Type: multipart/mixed; boundary="B"\n\n--B\nContent-Type: message/global\n\n'
        "Subject: Mühle\n\nEs steht.\n--B--\n"
    )

    assert [part.name for part in read(raw.encode()).attachments] == ["Mühle.eml"]


def test_people_of_the_senders_own_house_are_told_and_are_no_addresses_here():
    found = read(b'From: "Kim Berg" <kim>\nTo: Eva <eva@example.org>, <root>, kai\n\nx')

    assert found.sender == Address("Kim Berg", "kim")
    assert found.to == (Address("Eva", "eva@example.org"), Address("", "root"), Address("", "kai"))
    assert reachable(found).sender == Address("Kim Berg", "")
    assert reachable(found).to == (Address("Eva", "eva@example.org"),)


def test_what_only_decoding_makes_an_address_is_a_name():
    hidden = b"=?utf-8?b?" + b64encode(b"kim@example.org") + b"?="

    assert read(b"From: " + hidden + b"\n\nx").sender == Address("kim@example.org", "")


def test_an_address_elsewhere_goes_before_a_name_without_a_domain():
    found = read(b"From: <kim>\nReply-To: kim@example.org\n\nx")

    assert found.sender == Address("kim", "kim@example.org")


def test_parameters_without_a_semicolon_between_them_are_read():
    kind, values = parameters.content_type(
        b'text/x-a; charset="utf-8" name="a=1 b=2.txt" x=y; z="\\"q\\" w=1"'
    )

    assert kind == "text/x-a"
    assert values == {"charset": "utf-8", "name": "a=1 b=2.txt", "x": "y", "z": '"q" w=1'}


def test_a_disposition_in_quotes_counts():
    assert parameters.parse(b'"attachment"; filename=a.txt') == ("attachment", {"filename": "a.txt"})
