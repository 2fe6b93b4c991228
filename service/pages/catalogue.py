"""Message catalogues: the templates hold the English texts, locale/ the translations."""

from __future__ import annotations

import io
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE_FOLDER = Path(__file__).resolve().parent / "locale"


def load_translations(language: str) -> NullTranslations:
    """Compiles the .po file of a language in memory; English has no file."""
    if language == "en":
        return NullTranslations()
    with (LOCALE_FOLDER / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
