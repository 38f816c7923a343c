"""Plain words from `text/enriched` (RFC 1896) and `text/richtext` (RFC 1341)."""

import re

_TOKEN = re.compile(r"<<|<(/?)([A-Za-z0-9-]{1,60})>|\n+")
_UNSEEN = ("param", "comment")


def to_text(text: str, *, breaks: bool) -> str:
    """`breaks`: two line ends are one and a single one is a space; else only `<nl>` is one."""
    out: list[str] = []
    position = unseen = unfilled = 0
    for found in _TOKEN.finditer(text):
        if not unseen:
            out.append(text[position : found.start()])
        position = found.end()
        name = (found[2] or "").lower()
        step = -1 if found[1] else 1
        if name in _UNSEEN:
            unseen = max(0, unseen + step)
        elif name == "nofill":
            unfilled = max(0, unfilled + step)
        elif not unseen:
            out.append(_shown(found[0], name, breaks=breaks, is_filled=not unfilled))
    if not unseen:
        out.append(text[position:])
    return "".join(out)


def _shown(mark: str, name: str, *, breaks: bool, is_filled: bool) -> str:
    if mark == "<<" or name == "lt":
        return "<"
    if name in ("nl", "np", "paragraph"):
        return "\n"
    if name:
        return ""
    if not breaks or not is_filled:
        return mark if not is_filled else " "
    return mark[1:] or " "
