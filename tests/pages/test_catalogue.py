"""The Spanish catalogue is complete and consistent with the texts of the pages."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from babel.messages import Message

from service.pages.catalogue import load_translations
from tests.pages.catalogue import extracted, translated

EXTRACTED = {message.id: message for message in extracted() if message.id}
TRANSLATED = {message.id: message for message in translated() if message.id}


def forms(text: object) -> list[str]:
    """One text, or singular and plural."""
    return [str(form) for form in text] if isinstance(text, (tuple, list)) else [str(text)]


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)s", text))


def markup(text: str) -> Counter[str]:
    return Counter(re.findall(r"<[^>]*>", text))


def test_catalogue_contains_exactly_the_texts_of_the_pages() -> None:
    assert len(EXTRACTED) > 100
    assert TRANSLATED.keys() == EXTRACTED.keys()


@pytest.mark.parametrize(
    "message", TRANSLATED.values(), ids=lambda message: forms(message.id)[0][:40]
)
def test_translation_keeps_placeholders_markup_and_final_punctuation(message: Message) -> None:
    assert not message.fuzzy
    originals, translations = forms(message.id), forms(message.string)
    assert len(translations) == len(originals)
    for original, translation in zip(originals, translations, strict=True):
        assert translation.strip()
        assert placeholders(translation) == placeholders(original)
        assert markup(translation) == markup(original)
        for sign in ".:":
            assert translation.endswith(sign) == original.endswith(sign)


def test_compiled_catalogue_translates_into_spanish() -> None:
    spanish = load_translations("es")
    assert spanish.gettext("Servers") == "Servidores"
    assert "versiones" in spanish.ngettext(
        "and %(count)s more version", "and %(count)s more versions", 2
    )
    assert load_translations("en").gettext("Servers") == "Servers"
