"""Names that come from strangers show harmlessly, and each as what it is."""

from __future__ import annotations

import unicodedata
from html.parser import HTMLParser

import pytest

from service.pages.escaping import plain, visible
from tests.pages.hostile import NAMES


class Shown(HTMLParser):
    """What a browser makes of it: the elements, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: set[str] = set()
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(" ".join([tag, *(name for name, _ in attrs)]))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_name_is_text_and_nothing_else(name: str) -> None:
    shown = Shown(visible(name))
    assert shown.elements <= {"bdi", "span class title"}
    for text in (shown.text, plain(name)):
        unseen = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
        assert not [one for one in text if unicodedata.category(one) in unseen]


@pytest.mark.parametrize("show", [visible, plain])
def test_no_two_names_look_alike(show: object) -> None:
    assert callable(show)
    assert len({show(name) for name in NAMES}) == len(set(NAMES))


@pytest.mark.parametrize("name", ["cron", "php-fpm8.2", "kworker/0:1", "{{7*7}}", "مرحبا", "名"])
def test_an_ordinary_name_stays_as_it_is(name: str) -> None:
    assert Shown(visible(name)).text == plain(name) == name
    assert visible(name).startswith("<bdi>")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("\u202egnp.exe", "U+202Egnp.exe"),
        ("\x1b[31mred", "U+001B[31mred"),
        ("two\nlines", "twoU+000Alines"),
        ("a\u200bb", "aU+200Bb"),
        (" leading", "U+0020leading"),
        ("trailing ", "trailingU+0020"),
        ("in between", "in between"),
        ("no\u00a0break", "noU+00A0break"),
        ("\u3164", "U+3164"),
        ("e\u0301\u0302\u0303\u0304", "e\u0301\u0302U+0303U+0304"),
        ("<b>", "<b>"),
    ],
    ids=ascii,
)
def test_what_would_not_show_shows_as_its_code_point(name: str, text: str) -> None:
    assert Shown(visible(name)).text == text


def test_a_code_point_is_told_apart_from_the_same_text_in_a_name() -> None:
    assert visible("U+202E") != visible("\u202e")
    assert plain("U+202E") != plain("\u202e")
    assert "RIGHT-TO-LEFT OVERRIDE" in visible("\u202e")
