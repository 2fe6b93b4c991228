"""The texts of the pages, as extracted from the code and as translated in the catalogue.

`python -m tests.pages.catalogue` updates service/pages/locale/es.po and lists the texts without a
translation.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from tests.support.live import PROJECT

FILE = PROJECT / "service" / "pages" / "locale" / "es.po"
_HEADER = rb"""msgid ""
msgstr ""
"Language: es\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

"""
_FOLDERS = [PROJECT / "service" / "pages", PROJECT / "service" / "templates"]
_METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
_OPTIONS = {
    "**.html": {
        "trimmed": "true",
        "silent": "false",
        "extensions": "jinja2.ext.i18n,jinja2.ext.loopcontrols",
    }
}


def extracted() -> Catalog:
    """All texts of templates and code, as msgids."""
    catalogue = Catalog()
    for folder in _FOLDERS:
        found = extract_from_dir(folder, _METHODS, _OPTIONS)
        for file, _line, message, _comments, context in found:
            catalogue.add(message, locations=[(file, None)], context=context)  # type: ignore[list-item]
    return catalogue


def translated() -> Catalog:
    with FILE.open("rb") as file:
        return read_po(file, locale="es", abort_invalid=True)


def _update() -> Iterator[str]:
    catalogue = translated()
    catalogue.update(extracted(), no_fuzzy_matching=True)
    texts = io.BytesIO()
    write_po(texts, catalogue, width=100, sort_output=True, ignore_obsolete=True, omit_header=True)
    FILE.write_bytes(_HEADER + texts.getvalue().strip() + b"\n")
    for message in catalogue:
        if message.id and not all(
            message.string if isinstance(message.string, tuple) else [message.string]
        ):
            yield str(message.id)


if __name__ == "__main__":
    for missing in _update():
        print(missing)  # noqa: T201 — a command
