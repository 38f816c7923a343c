"""Texts in the reader's language: one set of gettext catalogues for pages and browser modules."""

import gettext
import io
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

SOURCE_LANGUAGE = "en"  # the English text is the message id, so English needs no catalogue
BUNDLES = ("pages", "workspace", "widget", "features")
_LOCALES = Path(__file__).parent / "locales"
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Translator:
    """Call it with an English text and the values of its `{placeholders}`."""

    locale: str
    _messages: gettext.NullTranslations

    def __call__(self, message: str, **values: object) -> str:
        return _filled(self._messages.gettext(message), values)

    def plural(self, one: str, many: str, n: int, **values: object) -> str:
        """`t.plural("{n} ticket", "{n} tickets", 3)`"""
        return _filled(self._messages.ngettext(one, many, n), {"n": n, **values})


@cache
def translator(locale: str, bundle: str = "pages") -> Translator:
    """An unknown language, or a text nobody has translated yet, is answered in English."""
    known = read_catalog(bundle, locale)
    return Translator(locale, gettext.NullTranslations() if known is None else _compiled(known))


def catalog(bundle: str, locale: str) -> dict[str, str | list[str]]:
    """What the browser needs: English → translation, or → the list of its plural forms under the singular."""
    found: dict[str, str | list[str]] = {}
    for message in read_catalog(bundle, locale) or ():
        if message.id and message.string and not message.fuzzy:
            forms = [message.string] if isinstance(message.string, str) else list(message.string)
            key = message.id if isinstance(message.id, str) else message.id[0]
            if all(forms):
                found[key] = forms[0] if isinstance(message.id, str) else forms
    return found


@cache
def read_catalog(bundle: str, locale: str) -> Catalog | None:
    """The catalogue as translators wrote it, or nothing when there is none."""
    if locale not in languages():
        return None
    path = _LOCALES / locale / "LC_MESSAGES" / f"{bundle}.po"
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return read_po(file, locale=locale)


@cache
def languages() -> tuple[str, ...]:
    """Every language a reader may choose, English first."""
    translated = sorted(path.name for path in _LOCALES.glob("*") if (path / "LC_MESSAGES").is_dir())
    return (SOURCE_LANGUAGE, *(name for name in translated if name != SOURCE_LANGUAGE))


def best_locale(accept_language: str | None) -> str:
    """The first language we speak, in the order the reader's browser prefers them (RFC 9110, 12.5.4)."""
    wishes: list[tuple[float, str]] = []
    for part in (accept_language or "")[:500].split(","):
        name, _, weight = part.partition(";")
        wishes.append((_quality(weight), name.strip().lower().partition("-")[0]))
    for quality, language in sorted(wishes, key=lambda wish: -wish[0]):
        if quality > 0 and language in languages():
            return language
    return SOURCE_LANGUAGE


def forget() -> None:
    """For development: read the catalogues again."""
    for reader in (translator, read_catalog, languages):
        reader.cache_clear()


def _compiled(known: Catalog) -> gettext.GNUTranslations:
    binary = io.BytesIO()
    write_mo(binary, known)
    binary.seek(0)
    return gettext.GNUTranslations(binary)


def _filled(text: str, values: dict[str, object]) -> str:
    """Not str.format: a value is never read as a template, and a missing one stays visible."""
    if not values:
        return text
    parts = list(_parts(text))
    parts[1::2] = [str(values.get(name, f"{{{name}}}")) for name in parts[1::2]]
    return "".join(parts)


@cache
def _parts(text: str) -> tuple[str, ...]:
    """The words around placeholders, and between them the placeholders' names."""
    return tuple(_PLACEHOLDER.split(text))


def _quality(weight: str) -> float:
    if not weight.strip():
        return 1.0
    try:
        return float(weight.strip().removeprefix("q="))
    except ValueError:
        return 0.0
