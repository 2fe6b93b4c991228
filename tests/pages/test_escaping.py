"""Untrusted names render harmlessly and distinctly."""

from __future__ import annotations

import unicodedata
from html.parser import HTMLParser

import pytest

from service.pages.escaping import html_name, plain_name
from tests.pages.hostile import NAMES


class Rendered(HTMLParser):
    """Elements and text of a piece of HTML."""

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
def test_name_renders_without_markup_or_invisible_characters(name: str) -> None:
    rendered = Rendered(html_name(name))
    assert rendered.elements <= {"bdi", "span class title"}
    for text in (rendered.text, plain_name(name)):
        invisible = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
        assert not [one for one in text if unicodedata.category(one) in invisible]


@pytest.mark.parametrize("render", [html_name, plain_name])
def test_distinct_names_render_distinctly(render: object) -> None:
    assert callable(render)
    assert len({render(name) for name in NAMES}) == len(set(NAMES))


@pytest.mark.parametrize("name", ["cron", "php-fpm8.2", "kworker/0:1", "{{7*7}}", "مرحبا", "名"])
def test_ordinary_name_renders_unchanged(name: str) -> None:
    assert Rendered(html_name(name)).text == plain_name(name) == name
    assert html_name(name).startswith("<bdi>")


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
def test_invisible_character_renders_as_its_code_point(name: str, text: str) -> None:
    assert Rendered(html_name(name)).text == text


def test_code_point_differs_from_the_same_text_in_a_name() -> None:
    assert html_name("U+202E") != html_name("\u202e")
    assert plain_name("U+202E") != plain_name("\u202e")
    assert "RIGHT-TO-LEFT OVERRIDE" in html_name("\u202e")
