"""What the chat panel's page carries inside itself, so that opening a chat takes few requests."""

import json
import re
from functools import lru_cache
from typing import Any

from markupsafe import Markup

from helpdesk import translation
from helpdesk.web.assets import Assets

_BUNDLES = ("widget", "features")


def panel_values(
    assets: Assets, inbox_key: str, inbox_name: str, locale: str, theme: dict[str, Any] | None = None
) -> dict[str, Any]:
    """For `widget_panel.html`: style, colours and texts of the page, and where other languages' texts are."""
    style, panel = (assets.snapshot.get(path) for path in ("widget/panel.css", "widget/panel.js"))
    if style is None or panel is None:
        raise LookupError("widget/panel.css, widget/panel.js")
    languages = translation.languages()
    page = {
        "inbox": inbox_key,
        "name": inbox_name,
        "theme": theme or {},
        "locale": locale,
        "catalog": _texts_in(panel.body.decode(), locale),
        "catalogs": {
            language: [assets.url(f"locales/{one}.{language}.js") for one in _BUNDLES]
            for language in languages
        },
    }
    return {
        "name": inbox_name,
        "style": Markup(_bare(style.body.decode())),  # noqa: S704 - our own file
        "page": _inside_script(page),
        "no_script": translation.translator(locale, "widget")("The chat needs JavaScript."),
    }


@lru_cache(maxsize=2)
def _bare(style: str) -> str:
    """Without comments, indents and the spaces that only people need: it travels with every chat."""
    style = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    return re.sub(r"\s*([{};,])\s*|(:)\s+", r"\1\2", re.sub(r"\s+", " ", style)).strip()


@lru_cache(maxsize=16)
def _texts_in(panel: str, locale: str) -> dict[str, str | list[str]]:
    """Those that the panel can show; its forms bring their own when they are loaded."""
    known = (pair for one in _BUNDLES for pair in translation.catalog(one, locale).items())
    return {text: words for text, words in known if json.dumps(text, ensure_ascii=False) in panel}


def _inside_script(value: dict[str, Any]) -> Markup:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    safe = text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return Markup(safe)  # noqa: S704 - no character of markup is left
