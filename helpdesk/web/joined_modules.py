"""Several browser modules as one file, so that a visitor waits for one request where the source has a dozen.

No build step, no parser: it relies on the plain shapes our modules keep to (named imports and exports at the
beginning of a line, no two top-level names alike) and refuses what it does not know.
"""

import re
from collections import Counter
from collections.abc import Mapping
from posixpath import dirname, join, normpath

_IMPORT = re.compile(r'^import (?:\{([^}]*)\} from )?"([^"]+)"\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let)\b)", re.MULTILINE)
_OTHER_EXPORT = re.compile(r"^export\b", re.MULTILINE)
_TOP_LEVEL = re.compile(r"^(?:async )?(?:function|class|const|let)\s+(\w+)", re.MULTILINE)
_COMMENT = re.compile(r"[ \t]*/\*\*.*?\*/[ \t]?(?:\n(?=\s*\n))?|^[ \t]*//[^\n]*\n", re.MULTILINE | re.DOTALL)
_REMARK = re.compile(r""" // [^"'`\n]*$""", re.MULTILINE)
_TEXTS = re.compile(r"""("[^"\n]*"|`[^`]*`)""")
_SPACED = re.compile(r" *([=<>?:|&,{}();!\[\]*/]) *")
_INDENT = re.compile(r"^\s+", re.MULTILINE)
_LAST_EXPORT = re.compile(r"export\s*\{([^{}]*)\};?\s*$")
_NAME = r"[\w$]+"


def joined(entry: str, files: Mapping[str, bytes]) -> bytes:
    """The module `entry` and all it imports, in the order in which a browser would run them."""
    order: list[str] = []
    _visit(entry, files, order, [])
    own = [path for path in order if not path.startswith("vendor/")]
    names = Counter(name for path in own for name in _TOP_LEVEL.findall(_own(path, files)))
    if twice := [name for name, count in names.items() if count > 1]:
        raise ValueError(f"{entry}: top-level names used by two modules: {', '.join(twice)}")
    parts = (_INDENT.sub("", _own(path, files)) if path in own else _vendored(path, files) for path in order)
    return "".join(parts).encode()


def trimmed(source: bytes) -> bytes:
    """A script without comments, indentation and the spaces around its signs; texts are left alone. It may
    have no regular expression with a space in it."""
    parts = _TEXTS.split(_INDENT.sub("", _bare(source.decode())))
    return "".join(part if at % 2 else _SPACED.sub(r"\1", part) for at, part in enumerate(parts)).encode()


def _bare(text: str) -> str:
    return _REMARK.sub("", _COMMENT.sub("", text))


def _visit(path: str, files: Mapping[str, bytes], order: list[str], above: list[str]) -> None:
    if path in above:
        raise ValueError(f"modules import each other in a circle: {' → '.join([*above, path])}")
    if path in order:
        return
    for _, address in _IMPORT.findall(files[path].decode()) if not path.startswith("vendor/") else ():
        _visit(normpath(join(dirname(path), address)), files, order, [*above, path])
    order.append(path)


def _own(path: str, files: Mapping[str, bytes]) -> str:
    """One of our modules without comments, imports and the word `export`: all share one scope now."""
    text = _bare(files[path].decode())
    if any(" as " in names for names, _ in _IMPORT.findall(text)):
        raise ValueError(f"{path}: imports under another name cannot be joined")
    text = _EXPORT.sub("", _IMPORT.sub("", text))
    if _OTHER_EXPORT.search(text):
        raise ValueError(f"{path}: only declarations may be exported")
    return text


def _vendored(path: str, files: Mapping[str, bytes]) -> str:
    """A minified module in a scope of its own: its short names meet nobody else's."""
    text = files[path].decode()
    last = _LAST_EXPORT.search(text)
    if last is None or _IMPORT.search(text):
        raise ValueError(f"{path}: expected no import and one list of exports at the end")
    pairs = re.findall(rf"({_NAME})(?:\s+as\s+({_NAME}))?", last[1])
    exports = [(outside or inside, inside) for inside, outside in pairs]
    names = ",".join(outside for outside, _ in exports)
    values = ",".join(f"{outside}:{inside}" for outside, inside in exports)
    return f"const {{{names}}}=(()=>{{{text[: last.start()]}\nreturn{{{values}}}}})()\n"
