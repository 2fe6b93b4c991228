"""Finds the options of a known program in a word, alone or in a cluster of letters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, List, NamedTuple

if TYPE_CHECKING:
    from agent.collectors.masking.programs import Option, Program, Template

_PORTS = re.compile(r"\d+:\d+|-")  # docker run -p3306:3306; unrar -p-
_LONG_NAMES = frozenset(["password", "passwd", "pass", "token", "secret"])


class Match(NamedTuple):
    """What an option says about secrets.

    templates: of its value, if the value is a secret or has one
    start: where the value starts in the word, or 0: it is the next word
    times: so many of the next words
    takes_value: the value is none, and the next word
    """

    templates: List[Template]
    start: int = 0
    times: int = 1
    takes_value: bool = False


def match_option(program: Program, word: str, seen: set[str]) -> Match | None:
    """What the table of programs knows about an option, or None.

    seen: the operands so far, in small letters: words of a subcommand are among them
    """
    options = [option for option in program.options if _has_words(option, seen)]
    for option in options:
        if _starts_with(word, option.name):
            match = _by_name(word, option, options)
            if match is not None:
                return match
    if program.letters is not None and re.match(r"-[A-Za-z0-9]", word):
        return _by_letters(program.letters, word, options)
    return Match([], takes_value=True) if word in program.longs else None


def _has_words(option: Option, seen: set[str]) -> bool:
    return all(not seen.isdisjoint(word.lower().split("|")) for word in option.words)


def _starts_with(word: str, name: str) -> bool:
    if name[0] == "/":  # Windows
        return word[: len(name)].lower() == name.lower()
    return word.startswith(name)


def _by_name(word: str, option: Option, options: list[Option]) -> Match | None:
    size = len(option.name)
    templates = [other.template for other in options if other.name == option.name]
    if len(word) == size:
        return Match(templates if option.apart else [], times=option.times)
    if option.apart:
        return Match(templates, size + 1) if size > 2 and word[size] in "=:" else None
    if _PORTS.fullmatch(word[size:]):
        return Match([])
    return Match([option.template], size) if option.template.span(word[size:]) else None


def _by_letters(letters: str, word: str, options: list[Option]) -> Match | None:
    """-sSu x as -s -S -u x."""
    if word[1:].lower() in _LONG_NAMES:
        return None  # influx -password x
    for place, letter in enumerate(word[1:], 1):
        if not letter.isalnum():
            return None
        known = [option for option in options if option.name == "-" + letter]
        if known:
            return _by_letter(word, place + 1, known)
        if letter in letters:
            return Match([], takes_value=True) if place + 1 == len(word) else None
    return Match([])


def _by_letter(word: str, rest: int, known: list[Option]) -> Match:
    templates = [option.template for option in known]
    if rest == len(word):
        return Match(templates if any(option.apart for option in known) else [])
    if _PORTS.fullmatch(word[rest:]):
        return Match([])
    return Match(templates, rest + (word[rest] == "=" and len(word) > rest + 1))
