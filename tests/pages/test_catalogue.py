"""Every text of the pages is in the Spanish catalogue, and means the same to the program."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from babel.messages import Message

from service.pages.catalogue import load_translations
from tests.pages.catalogue import extracted, translated

SAID = {message.id: message for message in extracted() if message.id}
KEPT = {message.id: message for message in translated() if message.id}


def forms(text: object) -> list[str]:
    """One text, or its singular and plural."""
    return [str(form) for form in text] if isinstance(text, (tuple, list)) else [str(text)]


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)s", text))


def markup(text: str) -> Counter[str]:
    return Counter(re.findall(r"<[^>]*>", text))


def test_the_catalogue_has_every_text_and_no_other() -> None:
    assert len(SAID) > 100
    assert KEPT.keys() == SAID.keys()


@pytest.mark.parametrize("message", KEPT.values(), ids=lambda message: forms(message.id)[0][:40])
def test_each_text_is_translated_with_the_same_placeholders_and_markup(message: Message) -> None:
    assert not message.fuzzy
    originals, translations = forms(message.id), forms(message.string)
    assert len(translations) == len(originals)
    for original, translation in zip(originals, translations, strict=True):
        assert translation.strip()
        assert placeholders(translation) == placeholders(original)
        assert markup(translation) == markup(original)
        for sign in ".:":
            assert translation.endswith(sign) == original.endswith(sign)


def test_the_compiled_catalogue_speaks_spanish() -> None:
    spanish = load_translations("es")
    assert spanish.gettext("Servers") == "Servidores"
    assert "versiones" in spanish.ngettext("and one other version", "and %(count)s other …", 2)
    assert load_translations("en").gettext("Servers") == "Servers"
