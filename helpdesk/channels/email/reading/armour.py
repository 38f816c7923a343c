"""Words signed in the text itself (OpenPGP's clear signatures), read without their armour."""

import re

_BLOCKS = 20
_BEGIN = re.compile(
    r"^-----BEGIN PGP SIGNED MESSAGE-----[ \t]*\n"
    r"(?:(?:Hash|Charset|Version|Comment|MessageID|NotDashEscaped):[^\n]{0,200}\n){0,10}(?:[ \t]*\n)?",
    re.MULTILINE,
)
_SIGNATURE = re.compile(r"^-----BEGIN PGP SIGNATURE-----[ \t]*$", re.MULTILINE)
_END = re.compile(r"^-----END PGP SIGNATURE-----[ \t]*\n?", re.MULTILINE)
_ESCAPED = re.compile(r"^- ", re.MULTILINE)


def unwrapped(text: str) -> tuple[str, bool]:
    """The text as it reads, and whether all of it was signed; an armour cut short stays as it is."""
    kept: list[str] = []
    loose: list[str] = []
    position = 0
    for _ in range(_BLOCKS):
        begin = _BEGIN.search(text, position)
        signature = _SIGNATURE.search(text, begin.end()) if begin else None
        end = _END.search(text, signature.end()) if signature else None
        if begin is None or signature is None or end is None:
            break
        loose.append(text[position : begin.start()])
        kept += [loose[-1], _ESCAPED.sub("", text[begin.end() : signature.start()])]
        position = end.end()
    rest = text[position:]
    return "".join((*kept, rest)), bool(kept) and not any(one.strip() for one in (*loose, rest))
