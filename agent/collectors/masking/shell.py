"""Splits the text of a shell into its commands and their words.

Only as much of a shell as masking needs: quotes, escapes and the operators between commands. Each
word knows where its characters stand in the text, so that a secret found in the word (without
quotes) is masked in the text (between its quotes).
"""

from __future__ import annotations

import re
from typing import List, NamedTuple, Optional

_PLAIN = re.compile(r"[^\s'\"\\;&|()`<>]+")
_PLAIN_WINDOWS = re.compile(r"[^\s'\";&|()<>]+")
_PLAIN_QUOTED = re.compile(r"[^\"\\]+")
_OPERATOR = re.compile(r"&&|\|\||[;&|()`\n]")
_REDIRECTION = re.compile(r"<<<|<<-?|>>|>&|<&|&>|<\(|>\(|[<>]")
_LONGEST_GROUP = 32  # commands in (a; b) | c that are known to write for c
_WINDOWS = re.compile(r"(?:^|[\s\"'=@])[A-Za-z]:\\|\\\\[\w.-]+\\")


class Word(NamedTuple):
    """A word without its quotes.

    offsets: for each character of the value, its place in the text
    expands: $variables in it are replaced by the shell
    here: it is the standard input of its command (<<< word)
    """

    value: str
    offsets: List[int]
    expands: bool
    here: bool = False


class Command(NamedTuple):
    """receiver: the number of the command that reads its output, or None"""

    words: List[Word]
    receiver: Optional[int] = None


def is_windows(text: str) -> bool:
    r"""Whether \ separates folders in this text: C:\tools\x.exe, \\server\share."""
    return bool(_WINDOWS.search(text))


def split(text: str, *, windows: bool) -> list[Command]:
    return _Splitter(text, windows).commands()


class _Splitter:
    def __init__(self, text: str, windows: bool) -> None:
        self.text = text
        self.windows = windows
        self.done: list[Command] = []
        self.words: list[Word] = []
        self.groups: list[int] = []  # where each ( that is open began
        self.closed: int | None = None  # where the group began that has just ended
        self.unclosed: set[str] = set()  # quotes that no later one closes
        self._start_word()

    def _start_word(self) -> None:
        self.value: list[str] = []
        self.offsets: list[int] = []
        self.open = False  # a word has begun, which may be an empty one: ''
        self.expands = True
        self.here = False

    def commands(self) -> list[Command]:
        at = 0
        while at < len(self.text):
            at = self._step(at)
        self._end_command("")
        return self.done

    def _step(self, at: int) -> int:
        text = self.text
        plain = (_PLAIN_WINDOWS if self.windows else _PLAIN).match(text, at)
        if plain:
            return self._take(at, plain.end())
        return self._special(at, text[at])

    def _special(self, at: int, character: str) -> int:
        text = self.text
        if character in "'\"" and character not in self.unclosed:
            return self._quoted(at, character)
        if character == "\\" and not self.windows and at + 1 < len(text):
            return self._take(at + 1, at + 2)
        redirection = _REDIRECTION.match(text, at)
        if redirection:
            self._end_word()
            self.here = redirection[0] == "<<<"
            return redirection.end()
        operator = _OPERATOR.match(text, at)
        if operator:
            self._end_command(operator[0])
            return operator.end()
        if character.isspace():
            here = self.here and not self.open
            self._end_word()
            self.here = here
            return at + 1
        return self._take(at, at + 1)

    def _take(self, start: int, end: int) -> int:
        self.open = True
        self.value.append(self.text[start:end])
        self.offsets.extend(range(start, end))
        return end

    def _quoted(self, at: int, quote: str) -> int:
        if quote == "'":
            end = self.text.find("'", at + 1)
            if end < 0:
                self.unclosed.add(quote)
                return self._take(at, at + 1)
            self.expands = False
            self._take(at + 1, end)
            return end + 1
        return self._double_quoted(at)

    def _double_quoted(self, at: int) -> int:
        pieces = []
        here = at + 1
        text = self.text
        while here < len(text) and text[here] != '"':
            plain = _PLAIN_QUOTED.match(text, here)
            if plain:
                pieces.append((here, plain.end()))
                here = plain.end()
            elif not self.windows and text[here + 1 : here + 2] in {'"', "\\", "$", "`"}:
                pieces.append((here + 1, here + 2))
                here += 2
            else:
                pieces.append((here, here + 1))
                here += 1
        if here >= len(text):
            self.unclosed.add('"')
            return self._take(at, at + 1)
        self.open = True
        for start, end in pieces:
            self._take(start, end)
        return here + 1

    def _end_word(self) -> None:
        if self.open:
            self.words.append(Word("".join(self.value), self.offsets, self.expands, self.here))
        self._start_word()

    def _end_command(self, operator: str) -> None:
        self._end_word()
        first = len(self.done)
        if self.words:
            self.done.append(Command(self.words))
        elif self.closed is not None:
            first = self.closed
        self.words = []
        self.closed = None
        if operator == "|":
            for number in range(max(first, len(self.done) - _LONGEST_GROUP), len(self.done)):
                self.done[number] = self.done[number]._replace(receiver=len(self.done))
        elif operator == "(":
            self.groups.append(len(self.done))
        elif operator == ")" and self.groups:
            self.closed = self.groups.pop()
