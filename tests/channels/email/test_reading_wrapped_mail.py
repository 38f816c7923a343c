"""What other programs wrap a mail in: signatures around it, winmail.dat, invitations, enriched text."""

import base64
import datetime as dt
import struct
import time

import pytest
from compressed_rtf import compress
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID

from helpdesk.channels.email.mail import Invitation, Mail, pack, unpack
from helpdesk.channels.email.reader import read
from helpdesk.channels.email.reading import rtf, sealed
from helpdesk.channels.email.reading.enriched import to_text

INNER = b"Content-Type: text/plain; charset=utf-8\r\n\r\nDer Mischer steht seit Montag.\r\n"


def mail(kind: str, data: bytes) -> Mail:
    head = f"From: kim@example.org\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return read(head.encode() + base64.encodebytes(data))


def signed(data: bytes) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Kim")])
    begins = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    own = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=1,
        not_valid_before=begins,
        not_valid_after=begins + dt.timedelta(days=30),
    ).sign(key, hashes.SHA256())
    builder = pkcs7.PKCS7SignatureBuilder().set_data(data).add_signer(own, key, hashes.SHA256())
    return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary])


def in_pieces(content: bytes) -> bytes:
    """The same structure as a program writes it that does not know the lengths yet."""
    pieces = b"".join(b"\x04" + bytes([len(one)]) + one for one in (content[:20], content[20:]))
    data = bytes.fromhex("06092a864886f70d010701") + b"\xa0\x80\x24\x80" + pieces + b"\0\0" * 2
    inner = b"\x02\x01\x01\x31\x00\x30\x80" + data + b"\0\0"
    return b"\x30\x80" + bytes.fromhex("06092a864886f70d010702") + b"\xa0\x80\x30\x80" + inner + b"\0\0" * 3


@pytest.mark.parametrize("blob", [signed(INNER), in_pieces(INNER)], ids=["whole", "in pieces"])
def test_a_mail_inside_its_own_signature_is_read_and_says_that_it_is_signed(blob):
    found = mail("application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", blob)

    assert found.text.strip() == "Der Mischer steht seit Montag."
    assert found.protection == "signed"
    assert [part.name for part in found.attachments] == ["smime.p7m"]


def test_a_damaged_signature_hides_nothing_and_stops_nobody():
    whole = signed(INNER)

    assert all(sealed.signed_content(whole[:size]) is None for size in range(0, 90, 3))
    assert sealed.signed_content(b"\x30\x80" * 5000) is None
    assert mail("application/pkcs7-mime", b"nonsense").protection == "encrypted"


def attribute(kind: int, value: bytes) -> bytes:
    return b"\x02" + struct.pack("<HHI", kind, 1, len(value)) + value + b"\0\0"


def properties(*held: tuple[int, int, bytes]) -> bytes:
    out = struct.pack("<I", len(held))
    for kind, tag, value in held:
        out += struct.pack("<HHII", kind, tag, 1, len(value)) + value + b"\0" * (-len(value) % 4)
    return out


WINMAIL = (
    struct.pack("<IH", 0x223E9F78, 1)
    + attribute(0x9007, struct.pack("<II", 1252, 0))
    + attribute(0x9003, properties((0x102, 0x1013, b"<p>Siehe <b>Angebot</b></p>")))
    + attribute(0x9002, b"\0" * 14)
    + attribute(0x8010, b"ANGEBO~1.PDF\0")
    + attribute(0x800F, b"%PDF")
    + attribute(
        0x9005,
        properties(
            (0x1F, 0x3707, "Angebot für Kim.pdf\0".encode("utf-16-le")), (0x1E, 0x370E, b"application/pdf\0")
        ),
    )
)


def test_files_in_a_winmail_dat_have_their_long_names_and_its_words_are_read_where_there_are_no_others():
    found = mail("application/ms-tnef; name=winmail.dat", WINMAIL)

    assert [(part.name, part.content_type, part.data) for part in found.attachments[1:]] == [
        ("Angebot für Kim.pdf", "application/pdf", b"%PDF")
    ]
    assert found.text.strip() == "Siehe Angebot"


def test_a_winmail_dat_cut_anywhere_is_a_file_like_any_other():
    for size in range(6, len(WINMAIL), 7):
        assert mail("application/ms-tnef; name=winmail.dat", WINMAIL[:size]).attachments


WRAPPED_HTML = (
    rb"{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0\fswiss Arial;}{\f1\fswiss\fcharset204 Arial;}}"
    rb"\uc1\pard\plain\deftab360 \f0\fs24 {\*\htmltag64 <p class=\'22x\'22>}\htmlrtf {\htmlrtf0 Gr\'fc\'dfe, "
    rb"{\*\mhtmltag84 <i>}{\*\htmltag84 &nbsp;}\htmlrtf \'a0\htmlrtf0 {\f1 \'cf\u1088 ?\'e8}\par "
    rb"{\*\htmltag72 </p>}\htmlrtf }\htmlrtf0 }"
)
WRAPPED_TEXT = (
    rb"{\rtf1\ansi\ansicpg1252\fromtext \deff0{\fonttbl{\f0\fmodern Courier;}{\f1\fnil\fcharset128 Gothic;}}"
    rb"{\*\generator Riched20;}{\pict\bin3 }}}}\f0 Der Mischer \{2\} steht\line\u-10179?\u-8704? "
    rb"{\f1 \'83A\'83\'43} ok\par }"
)


def with_rich_text_only(rich: bytes) -> bytes:
    return struct.pack("<IH", 0x223E9F78, 1) + attribute(0x9003, properties((0x102, 0x1009, rich)))


@pytest.mark.parametrize(
    ("rich", "text"),
    [
        (WRAPPED_HTML, "Grüße, При"),
        (WRAPPED_TEXT, "Der Mischer {2} steht\n😀 アイ ok"),
        (WRAPPED_TEXT.replace(rb"\fromtext", b""), "Der Mischer {2} steht\n😀 アイ ok"),
    ],
    ids=["HTML", "text", "of its own"],
)
def test_a_winmail_dat_whose_words_are_only_in_compressed_rich_text_is_read(rich, text):
    for compressed in (True, False):
        found = mail("application/ms-tnef", with_rich_text_only(compress(rich, compressed=compressed)))

        assert found.text.strip() == text


def test_html_out_of_rich_text_is_the_html_that_was_put_in():
    assert rtf.read(WRAPPED_HTML) == ("", '<p class="x">Grüße, &nbsp;При\n</p>')


def test_damaged_rich_text_leaves_the_file_and_stops_nobody():
    whole = compress(WRAPPED_TEXT)

    for size in range(0, len(whole), 7):
        found = mail("application/ms-tnef", with_rich_text_only(whole[:size]))
        assert (found.text, len(found.attachments)) == ("", 1)
    assert rtf.unwrap(compress(b"no rich text")) == rtf.unwrap(b"\xff" * 600_000) == ("", "")


@pytest.mark.parametrize("unit", [b"{", b"{}", rb"\f1a"])
def test_repeated_rich_text_is_read_in_good_time(unit):
    quarter, started = rtf.LIMIT // 4, time.process_time()

    rtf.read((rb"{\rtf1 " + unit * quarter)[:quarter])

    assert time.process_time() - started < 10


CALENDAR = """BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VEVENT
UID:1
DTSTART:20261201T090000Z
DURATION:PT45M
SUMMARY:Genomgång av\\, mixern
LOCATION:Rum 4
ORGANIZER;CN=Kim Lind:mailto:kim@example.org
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


def test_an_invitation_says_what_when_where_and_who_calls_it():
    found = unpack(pack(mail("text/calendar; method=REQUEST; charset=utf-8", CALENDAR.encode())))

    assert found.invitation == Invitation(
        method="request",
        summary="Genomgång av, mixern",
        place="Rum 4",
        organiser="Kim Lind",
        starts="2026-12-01T09:00:00+00:00",
        ends="2026-12-01T09:45:00+00:00",
        repeats=False,
    )
    assert [part.content_type for part in found.attachments] == ["text/calendar"]


@pytest.mark.parametrize(
    "broken",
    [
        CALENDAR.replace("20261201T090000Z", "soon"),
        CALENDAR.replace("PT45M", "P"),
        CALENDAR.replace("END:VEVENT\r\n", ""),
        CALENDAR.replace("UID:1", "\x01=;:"),
        "BEGIN:VEVENT\r\n" * 200,
    ],
)
def test_a_broken_invitation_is_a_file(broken):
    assert mail("text/calendar", broken.encode()).attachments


def test_enriched_text_is_shown_as_its_words():
    assert to_text("<bold>Hej</bold>\n\ndär << <param>x</param>\nsnart", breaks=True) == "Hej\ndär <  snart"
    assert to_text("Ett<nl>två\ntre <lt>", breaks=False) == "Ett\ntvå tre <"


CLEAR = (
    "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nThe mill stands still.\n- -- \nKim\n"
    "-----BEGIN PGP SIGNATURE-----\n\niQEzBAEBCAAdFiEE\n-----END PGP SIGNATURE-----\n"
)


def test_words_signed_in_the_text_are_read_without_their_armour():
    found = read(f"Subject: Hi\n\n{CLEAR}".encode())

    assert (found.new_text, found.signature_text) == ("The mill stands still.\n", "-- \nKim\n")
    assert found.protection == "signed"


def test_who_adds_words_to_signed_ones_has_not_signed_them():
    found = read(f"Subject: Hi\n\nLook at this:\n\n{CLEAR}".encode())

    assert found.text.startswith("Look at this:\n\nThe mill stands still.")
    assert found.protection is None


@pytest.mark.parametrize("torn", [CLEAR[: CLEAR.index("-----END")], "> " + CLEAR.replace("\n", "\n> ")])
def test_an_armour_cut_short_or_quoted_stays_as_it_is(torn):
    found = read(f"Subject: Hi\n\n{torn}".encode())

    assert "BEGIN PGP SIGNED MESSAGE" in found.text
    assert found.protection is None


def test_the_title_of_a_page_is_no_word_of_the_mail():
    page = "<html><head><title>Untitled Document</title></head><body><p>The mill stands</p></body></html>"

    found = read(f"Subject: Hi\nContent-Type: text/html\n\n{page}".encode())

    assert (found.html, found.text) == ("<p>The mill stands</p>", "The mill stands")
