"""What the chat panel's page carries inside itself, so that opening a chat takes few requests."""

import json
from typing import Any

from markupsafe import Markup

from helpdesk import translation
from helpdesk.web.assets import Assets


def panel_values(
    assets: Assets, inbox_key: str, inbox_name: str, locale: str, theme: dict[str, Any] | None = None
) -> dict[str, Any]:
    """For `widget_panel.html`: style, colours and texts of the page, and where other languages' texts are."""
    style = assets.snapshot.get("widget/panel.css")
    if style is None:
        raise LookupError("widget/panel.css")
    languages = translation.languages()
    page = {
        "inbox": inbox_key,
        "name": inbox_name,
        "theme": theme or {},
        "locale": locale,
        "catalog": translation.catalog("widget", locale),
        "catalogs": {language: assets.url(f"locales/widget.{language}.js") for language in languages},
        "more": assets.url("locales/features.en.js").removesuffix("en.js"),
    }
    return {
        "name": inbox_name,
        "style": Markup(style.body.decode()),  # noqa: S704 - our own file
        "page": _inside_script(page),
        "no_script": translation.translator(locale, "widget")("The chat needs JavaScript."),
    }


def _inside_script(value: dict[str, Any]) -> Markup:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    safe = text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return Markup(safe)  # noqa: S704 - no character of markup is left
