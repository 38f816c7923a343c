"""Bytes of a claimed charset become text; no claim, however wrong, makes it fail."""

import codecs
import re
from functools import lru_cache

from charset_normalizer import from_bytes

# Senders name the small set and use the big one.
_SUPERSETS = {
    "gb2312": "gb18030", "gbk": "gb18030", "gb_2312-80": "gb18030", "x-gbk": "gb18030", "cp936": "gb18030",
    "euc-cn": "gb18030", "hz-gb-2312": "hz",
    "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949", "ksc5601": "cp949", "euc-kr": "cp949", "korean": "cp949",
    "ks_c_5601-1989": "cp949", "x-windows-949": "cp949",
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "windows-31j": "cp932",
    "ms_kanji": "cp932", "big5": "cp950", "x-big5": "cp950", "big5-eten": "cp950",
    "iso-8859-9": "cp1254", "latin5": "cp1254", "iso-8859-11": "cp874", "tis-620": "cp874",
    "windows-874": "cp874", "iso-8859-8-i": "iso-8859-8", "iso-8859-8-e": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6", "x-mac-roman": "mac-roman", "macintosh": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic", "unicode-1-1-utf-7": "utf-7", "unicode-1-1-utf-8": "utf-8",
    "x-utf-8": "utf-8", "utf-8-mac": "utf-8", "utf8mb4": "utf-8", "unicode": "utf-8", "cp-850": "cp850",
    "cn-gb": "gb18030", "csgb2312": "gb18030", "gb_2312": "gb18030", "eucgb2312_cn": "gb18030",
    "cn-big5": "cp950", "ksc_5601": "cp949", "koi8r": "koi8-r", "koi8u": "koi8-u", "koi8-ru": "koi8-u",
    "latin-2": "iso-8859-2", "latin-9": "iso-8859-15", "ucs-2": "utf-16", "utf8-mac": "utf-8",
    "x-mac-ce": "mac-latin2", "x-mac-centraleurroman": "mac-latin2", "cseucpkdfmtjapanese": "euc-jp",
    "x-euc-jp": "euc-jp", "x-windows-1252": "cp1252", "cp-1252": "cp1252",
}  # fmt: skip

# Either no claim at all, or one that half the world writes whatever it sends.
_UNTRUSTED = frozenset(
    "ascii us-ascii ansi_x3.4-1968 ansi_x3.110-1983 iso646-us iso-8859-1 iso_8859-1 iso8859-1 latin1 latin-1"
    " l1 cp819 8bit 7bit binary unknown unknown-8bit x-unknown default none user-defined"
    " x-user-defined _charset_ utf-8 utf8".split()
)

# Text codecs of Python that are no charset: slow (punycode is quadratic) or made to run escapes.
_NO_CHARSETS = frozenset("idna punycode undefined unicode_escape raw_unicode_escape mbcs oem".split())

# What people send without saying so; a detector that may name any charset finds UTF-16 in Korean.
_SENT = "cp1251 koi8_r cp949 gb18030 big5 cp932 euc_jp cp1253 cp1255 cp1256 cp874 cp1252".split()

_ISO_8859 = re.compile(r"\A(?:iso[-_]?)?8859[-_]?(\d{1,2})\Z")
_ENOUGH_TO_DETECT = 16
_SURELY = 4
_SINGLE_BYTE = ("cp125", "cp866", "cp85", "cp437", "iso8859", "koi8", "mac")
_HIGH = bytes(range(128, 256))
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufeff]")


def decode(data: bytes, charset: str | None) -> str:
    """Text, with line ends as they were; NUL, other control characters and lone surrogates are gone."""
    if data.isascii() and b"\x1b" not in data and b"~" not in data and not _is_wide(charset):
        return clean(data.decode("ascii"))
    return clean(_decode(data, _name(charset)))


def clean(text: str) -> str:
    """Everything that PostgreSQL or UTF-8 would refuse to store is removed."""
    return _UNWANTED.sub("", text)


def _decode(data: bytes, name: str) -> str:
    if name.startswith("iso-2022-jp") or name == "csiso2022jp":
        return _japanese(data)
    if name in _UNTRUSTED:
        return _guess(data, claimed=name.startswith("utf"))
    codec = _codec(name)
    if codec is None:
        return _guess(data)
    if codec in ("utf-16", "utf-32"):
        codec += _byte_order(data, 2 if codec == "utf-16" else 4)
    if codec.startswith(_SINGLE_BYTE) and (text := _surely_utf_8(data)) is not None:
        return text
    try:
        return data.decode(codec)
    except (UnicodeError, ValueError):
        pass
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(codec, "replace")


def _byte_order(data: bytes, width: int) -> str:
    """Where no mark tells it, the byte that hardly changes is the high one; RFC 2781 says: the first."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")):
        return ""
    return "-be" if len(set(data[0::width])) <= len(set(data[width - 1 :: width])) else "-le"


def _surely_utf_8(data: bytes) -> str | None:
    """Letters of one byte each hardly ever line up so that all of them make UTF-8."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if len(text) - len(text.encode("ascii", "ignore")) >= _SURELY else None


def _guess(data: bytes, *, claimed: bool = False) -> str:
    """UTF-8 if it is; else Western, since detectors err on short Latin text; else what a detector says.

    Broken UTF-8 stays UTF-8 where nearly all of it is; where that was `claimed`, half is enough. A byte
    alone in it is a Western letter that somebody pasted.
    """
    if b"\x1b$" in data and data.isascii():
        return _japanese(data)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        cut_short = error.start >= len(data) - 3 and not data[: error.start].isascii()
    if b"\x1b$" in data:
        return _japanese(data)
    replaced = data.decode("utf-8", "replace")
    wrong = replaced.count("\ufffd")
    letters = len(replaced) - len(replaced.encode("ascii", "ignore"))
    if cut_short:
        return replaced
    if wrong * (2 if claimed else 10) < letters:
        return data.decode("utf-8", "western_if_alone")
    high = len(data) - len(data.translate(None, _HIGH))
    if high >= _ENOUGH_TO_DETECT and high > 0.45 * len(data.translate(None, b" \r\n\t")):
        best = from_bytes(data[:8192], cp_isolation=_SENT).best()
        if best is not None:
            return data.decode(best.encoding, "replace")
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _western_if_alone(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    stray = error.object[error.start : error.end]
    return stray.decode("latin-1") if len(stray) == 1 and stray >= b"\xa0" else "\ufffd", error.end


codecs.register_error("western_if_alone", _western_if_alone)


def _japanese(data: bytes) -> str:
    """Plain first; then with rows that only vendors had, by naming the wider set; then without escapes."""
    if b"\x1b" not in data:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return data.decode("cp932", "replace")
    wider = data.replace(b"\x1b$B", b"\x1b$(Q").replace(b"\x1b$@", b"\x1b$(Q")
    for codec, candidate in (
        ("iso2022_jp", data), ("iso2022_jp_ext", data), ("iso2022_jp_2004", wider), ("iso2022_jp_2", data)
    ):  # fmt: skip
        try:
            return candidate.decode(codec)
        except UnicodeDecodeError:
            continue
    return wider.decode("iso2022_jp_2004", "replace")


@lru_cache(maxsize=512)
def _name(charset: str | None) -> str:
    name = (charset or "").lower().strip(" \t\r\n\"'<>;,")
    while name.startswith("charset="):
        name = name[len("charset=") :].strip(" \"'")
    name = name.partition("*")[0].partition(";")[0].partition("(")[0].strip(" \"'")[:60]
    name = _ISO_8859.sub(r"iso-8859-\1", name)
    return _SUPERSETS.get(name.replace(" ", "-"), name) or "unknown"


@lru_cache(maxsize=512)
def _codec(name: str) -> str | None:
    """None for what Python does not know or what must not run on a stranger's bytes."""
    for spelling in (name, name.removeprefix("x-"), re.sub(r"^(?:windows|win|dos|cp|ibm)[-_]?", "cp", name)):
        try:
            found = codecs.lookup(spelling)
            b"text".decode(found.name, "replace")
        except (LookupError, ValueError, TypeError):
            continue
        if found.name.replace("-", "_") not in _NO_CHARSETS:
            return found.name
    return None


@lru_cache(maxsize=512)
def _is_wide(charset: str | None) -> bool:
    """Charsets in which ASCII bytes are not ASCII text."""
    return _name(charset).startswith(("utf-16", "utf-7", "utf-32", "utf16", "hz", "cp037", "cp500", "ibm"))
