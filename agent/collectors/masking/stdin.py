"""Secrets that one command writes to the standard input of another: echo SECRET | sudo -S x."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.collectors.masking.programs import program_name
from agent.collectors.masking.values import is_reference
from agent.collectors.masking.wrappers import READERS, SHELLS, WRAPPERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.collectors.masking.spans import Span

_LONGEST = 64  # words of the receiver that are looked at
_STDIN_OPTION = re.compile(
    r"(?i)-{1,2}[\w-]*(?:pass\w*|token|secret|key|pw)[\w-]*-?stdin|-{1,2}stdin-\w*pass\w*"
    r"|-{1,2}passwd?-on-stdin|pass(?:in|out)?:?stdin"
)
_HEREDOC = re.compile(r"\bch(?:g?passwd)\b[^\n<]{0,80}<<-?\s*['\"]?(\w+)['\"]?[^\n]*\n")
_ACCOUNT = re.compile(r"[ \t]*(?:[\w.-]+:([^\n]+)|[^\n]+)\n?")
_FORMAT = re.compile(r"(?:%[sbq]|\\n|\\r|\s|[:%])*")


def echoed_spans(words: Sequence[str], receiver: Sequence[str]) -> list[tuple[int, Span]]:
    """What echo or printf writes for a command that reads a password."""
    if not words or program_name(words[0]) not in {"echo", "printf", "print", "yes"}:
        return []
    reader = _reader(receiver)
    if reader is None:
        return []
    found = []
    for index, word in enumerate(words[1:], 1):
        if re.fullmatch(r"-[neE]+|--", word) or not word or _FORMAT.fullmatch(word):
            continue
        found.append((index, _secret_of(word, reader)))
    return [(index, span) for index, span in found if not is_reference(words[index], expands=True)]


def here_spans(words: Sequence[str], here: Sequence[bool]) -> list[tuple[int, Span]]:
    """What <<< gives to a command that reads a password."""
    if not any(here):
        return []
    reader = _reader([word for word, given in zip(words, here) if not given])  # noqa: B905
    if reader is None:
        return []
    return [
        (index, _secret_of(word, reader))
        for index, word in enumerate(words)
        if here[index] and word and not is_reference(word, expands=True)
    ]


def heredoc_spans(text: str) -> list[Span]:
    """What a here-document gives to chpasswd: a line of user:password per account."""
    found = []
    document = _HEREDOC.search(text)
    while document is not None:
        end = document.end()
        for line in _ACCOUNT.finditer(text, document.end()):
            end = line.end()
            if line[0].strip() == document[1]:
                break
            if line[1] is not None:
                found.append(line.span(1))
        document = _HEREDOC.search(text, end)
    return found


def _secret_of(word: str, reader: str) -> Span:
    if reader in {"chpasswd", "chgpasswd"} and ":" in word:
        return word.index(":") + 1, len(word)
    return 0, len(word)


def _reader(words: Sequence[str]) -> str | None:
    """The name of the program that reads a password from its standard input."""
    words = words[:_LONGEST]
    if any(_STDIN_OPTION.fullmatch(word) for word in words):
        return program_name(words[0])
    for index, word in enumerate(words):
        name = program_name(word)
        needed = READERS.get(name)
        if needed is not None and (not needed or _has(words[index + 1 :], needed)):
            return name
        if name not in WRAPPERS | SHELLS and not word.startswith("-") and index > 4:
            return None
    return None


def _has(words: Sequence[str], needed: str) -> bool:
    if re.fullmatch(r"-\w", needed):
        return any(re.fullmatch(rf"-[A-Za-z]*{needed[1]}[A-Za-z]*", word) for word in words)
    return any(needed in word for word in words)
