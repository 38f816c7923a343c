"""Every text a reader can see exists in every language we offer."""

import re

import pytest

from helpdesk import translation
from helpdesk.web.assets import source_root

ROOT = source_root()
PLACES = {
    "pages": [ROOT / "helpdesk/web", ROOT / "helpdesk/jobs"],
    "workspace": [ROOT / "agents_ui", ROOT / "helpdesk/domain/tickets"],
    "widget": [ROOT / "widget"],
    "features": [ROOT / "widget/features"],
}
TEXT = r"""(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')"""
SINGLE = re.compile(rf"(?<![\w.$])(?:t|_)\(\s*{TEXT}")
PLURAL = re.compile(rf"(?<![\w$])(?:t\.)?plural\(\s*{TEXT}\s*,\s*{TEXT}")
PLACEHOLDER = re.compile(r"\{(\w+)\}")
OTHERS = [language for language in translation.languages() if language != translation.SOURCE_LANGUAGE]


def texts_in(source: str) -> list[str]:
    matches = [*SINGLE.finditer(source), *PLURAL.finditer(source)]
    texts = [next(part for part in match.groups() if part is not None) for match in matches]
    return [re.sub(r"\\(.)", r"\1", text) for text in texts]


def used_texts(bundle: str) -> dict[str, str]:
    """Each text with the file that shows it."""
    inner = [folder for other, folders in PLACES.items() if other != bundle for folder in folders]
    own = PLACES[bundle]
    apart = [folder for folder in inner if any(folder.is_relative_to(one) for one in own)]
    paths = sorted(path for folder in own for path in folder.rglob("*") if not set(path.parents) & set(apart))
    shown = [path for path in paths if path.suffix in (".js", ".html", ".py")]
    return {text: str(path.relative_to(ROOT)) for path in shown for text in texts_in(path.read_text())}


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("bundle", translation.BUNDLES)
def test_every_text_is_translated(bundle, language):
    known = translation.catalog(bundle, language)

    missing = {text: where for text, where in used_texts(bundle).items() if text not in known}

    assert missing == {}


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("bundle", translation.BUNDLES)
def test_a_translation_fills_in_the_same_values(bundle, language):
    for text, translated in translation.catalog(bundle, language).items():
        for form in [translated] if isinstance(translated, str) else translated:
            assert set(PLACEHOLDER.findall(form)) <= set(PLACEHOLDER.findall(text)) | {"n"}, text


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_outlives_its_text(language):
    """Names of things are texts too, wherever they stand in the code."""
    folders = ("helpdesk", "agents_ui", "widget")
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*"))]
    code = "\n".join(path.read_text() for path in paths if path.suffix in (".py", ".js", ".html"))
    code = re.sub(r'"\s*\n\s*"', "", code)  # a long text of Python stands in several pieces

    known = {text for bundle in translation.BUNDLES for text in translation.catalog(bundle, language)}
    written = {text: {text, text.replace("\n", "\\n"), text.replace('"', '\\"')} for text in known}

    assert {text for text, forms in written.items() if not any(form in code for form in forms)} == set()


def test_the_search_sees_texts_in_templates_and_in_modules():
    template = """{{ t("Sign in") }} {{ t.plural("{n} mail", "{n} mails", 2) }} {{ format("no") }}"""
    module = """t("Send", {}) + t('Don\\'t') + plural("one", "many", n) + at("no") + list.t("no")"""

    assert texts_in(template) == ["Sign in", "{n} mail"]
    assert texts_in(module) == ["Send", "Don't", "one"]


@pytest.mark.parametrize(
    ("wishes", "language"),
    [
        ("sv-SE,sv;q=0.9,en;q=0.8", "sv"),
        ("de, sv;q=0.5", "sv"),
        ("sv;q=0, en", "en"),
        ("en-US,en;q=0.9,sv;q=0.8", "en"),
        ("sv;q=nonsense", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_the_reader_gets_the_language_they_like_best_among_ours(wishes, language):
    assert translation.best_locale(wishes) == language


def test_a_text_nobody_has_translated_is_shown_in_english_with_its_values():
    t = translation.translator("sv", "pages")

    assert t("{n} of {all} things", n=3, all="{n}") == "3 of {n} things"
    assert t.plural("{n} thing", "{n} things", 2) == "2 things"
    assert translation.translator("xx", "pages")("Send") == "Send"
