"""Language negotiation."""

from __future__ import annotations

import pytest

from service.pages.language import LANGUAGES, preferred_language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("es", "es"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("en-GB,en;q=0.9,es;q=0.8", "en"),
        ("en;q=0.5, es;q=0.7", "es"),
        ("fr, es;q=0.3", "es"),
        ("fr, de", "en"),
        ("*", "en"),
        ("es;q=0, *;q=0.5", "en"),
        ("en;q=0, *", "es"),
        ("ES-es", "es"),
        ("es,en", "es"),
        ("en,es", "en"),
        ("en;q=0", "en"),
        ("es;q=1.5,en;q=0.1", "en"),  # a quality above 1 is invalid
        ("es;q=0.8;level=1", "en"),
        ("es ; q=0.8 , en;q=0.2", "es"),
        (";;;,,q=,*;q=x", "en"),
        ("espresso", "en"),
    ],
)
def test_accept_language_selects_the_preferred_language(header: str, language: str) -> None:
    assert preferred_language(header, LANGUAGES) == language
