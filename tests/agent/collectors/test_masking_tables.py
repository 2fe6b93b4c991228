"""A case for each program and each secret in the tables of the masking rule.

A line of the tables is a command line itself, so the cases are made of the lines and not of what
the rule reads from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from agent.collectors.masking import MASK, masked, programs

_SECRET = "S3cret"
_HEAD = re.compile(r"([^\s(]+)(\([^)]*\))?\s*")


def _cases() -> Iterator[tuple[str, str]]:
    """Each program of each line, with each choice of its words."""
    for line in programs.lines():
        head = _HEAD.match(line)
        assert head is not None
        names, rest = head[1].split("|"), line[head.end() :]
        for name in names:
            yield name, _with_choice(rest, 0)
        choices = max(len(token.split("|")) for token in rest.split())
        for choice in range(1, choices):
            yield names[0], _with_choice(rest, choice)


def _with_choice(rest: str, choice: int) -> str:
    return " ".join(
        options[min(choice, len(options) - 1)]
        for options in (token.split("|") for token in rest.split())
    )


def _word(token: str, number: int) -> str:
    """A token with samples in place of its placeholders."""
    word = token.replace("SECRET", _SECRET).replace("PROTOCOL", "proto")
    return re.sub(r"(?<![A-Za-z0-9])[A-Z]{2,}(?![A-Za-z0-9])", f"w{number}", word)


@pytest.mark.parametrize(("name", "rest"), list(_cases()))
def test_secret_of_every_line_of_the_tables_is_masked(name: str, rest: str) -> None:
    words = [name, *(_word(token, number) for number, token in enumerate(rest.split()))]
    assert _SECRET in " ".join(words)
    assert masked(words) == " ".join(words).replace(_SECRET, MASK)
    exe = rf"C:\tools\{name}.exe"
    assert masked([exe, *words[1:]]) == " ".join([exe, *words[1:]]).replace(_SECRET, MASK)


def _glued() -> Iterator[tuple[str, str, str]]:
    for name, program in programs.table().items():
        for option in program.options:
            if program.letters is not None and re.fullmatch(r"-\w", option.name):
                words = " ".join(word.split("|")[0] for word in option.words)
                if not (option.template.before or option.template.literal):
                    yield name, words, option.name


@pytest.mark.parametrize(("name", "words", "option"), list(_glued()))
def test_secret_glued_to_its_letter_is_masked(name: str, words: str, option: str) -> None:
    before = [name, *words.split()]
    shown = " ".join(before)
    assert masked([*before, f"{option}{_SECRET}", "end"]) == f"{shown} {option}{MASK} end"


def test_every_line_of_the_tables_names_a_secret() -> None:
    lines = list(programs.lines())
    assert len(lines) > 300
    assert [line for line in lines if "SECRET" not in line] == []
    assert len(lines) == len(set(lines))
