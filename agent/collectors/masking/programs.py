"""Programs with secrets in options of one letter, in odd options, or in operands.

The tables in `forms/` are written as the command lines themselves. A line names programs, words of
a subcommand (small letters), options, placeholders (capital letters), and SECRET:

    mysql|mysqldump(u;--user) -pSECRET      only glued to its option
    sshpass -p SECRET                       the next word, or behind `=`
    docker|podman login -p SECRET           with the word `login` before it
    curl(oH) -u USER:SECRET                 a part of the value
    htpasswd(C) -b FILE USER SECRET         the third operand, if there is an option -b

In brackets stand the letters (and, after `;`, the long options) that take a value. A program with
letters reads `-sSu x` as `-s -S -u x` and `-ux` as `-u x`.
"""

from __future__ import annotations

import importlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Dict, FrozenSet, List, NamedTuple, Optional, Tuple

from agent.collectors.masking.spans import MASK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.collectors.masking.spans import Span

SUBJECTS = ("accounts", "cloud", "databases", "development", "files", "http", "remote", "windows")
_SECRET = "SECRET"  # noqa: S105 — a placeholder
_HEAD = re.compile(r"([^\s(]+)(?:\(([^)]*)\))?")
_SUFFIX = re.compile(r"(?i)\.(?:exe|com|bat|cmd|ps1|sh|py|pl|rb|phar|jar|bin)$")
_VERSION = re.compile(r"(?:[-_.]?v?\d+(?:\.\d+)*|-(?:cli|bin|real))$")


class Template(NamedTuple):
    """Where the secret is in a value: `USER:SECRET` is after ":", `pass:SECRET` behind "pass:".

    literal: what the value starts with, in front of the secret
    before: the separator of what precedes the secret, as often as it stands there
    after: the separator of what follows it
    """

    literal: str = ""
    before: str = ""
    after: str = ""

    def span(self, value: str) -> Span | None:
        start = len(self.literal)
        if not value.lower().startswith(self.literal.lower()):
            return None
        if self.before:
            user = start
            for separator in self.before:
                start = value.find(separator, start) + 1
                if not start:
                    return None
            if self.before == "/" and (start == user + 1 or value[user] == "@"):
                return None  # `/ as sysdba`, `@script/x.sql`
        end = value.rfind(self.after, start) if self.after else -1
        end = len(value) if end < 0 else end
        return (start, end) if start < end and value[start:end] != MASK else None


class Option(NamedTuple):
    """glued: the secret may stand in the same word; apart: it may be the next one
    words: of a subcommand in front; times: so many words are secrets
    """

    name: str
    template: Template
    glued: bool
    apart: bool
    words: Tuple[str, ...]
    times: int = 1


class Operands(NamedTuple):
    r"""pattern: words, placeholders (""), shares ("\\\\"); the secret follows them
    text: the line of the table
    """

    pattern: Tuple[str, ...]
    template: Template
    flags: FrozenSet[str]
    text: str


class Program(NamedTuple):
    """letters, longs: options that take a value; None if letters are not to be clustered
    subcommands: the words of the lines, such as `login` after docker
    """

    options: List[Option]
    operands: List[Operands]
    letters: Optional[str]
    longs: FrozenSet[str]
    subcommands: FrozenSet[str]


def program_name(word: str) -> str:
    r"""The name of a program as in the tables: C:\Tools\MySQL.EXE is mysql."""
    name = re.split(r"[/\\]", word)[-1].lower().lstrip("-")
    return _SUFFIX.sub("", name)


def find(word: str) -> tuple[str, Program | None]:
    """The name of the program that a word calls, and what is known about it."""
    name = program_name(word)
    known = table()
    if name not in known:
        plain = _VERSION.sub("", name)
        if plain in known:
            name = plain
    return name, known.get(name)


def lines() -> Iterator[str]:
    for subject in SUBJECTS:
        module = importlib.import_module(f"agent.collectors.masking.forms.{subject}")
        for line in module.FORMS.splitlines():
            if line.strip():
                yield line.strip()


@lru_cache(maxsize=None)
def table() -> Dict[str, Program]:
    programs: Dict[str, Program] = {}
    for line in lines():
        _read(line, programs)
    return programs


def _read(line: str, programs: Dict[str, Program]) -> None:
    head = _HEAD.match(line)
    if head is None:
        raise ValueError(line)
    letters, *longs = (head[2] or "").split(";")
    options, operands = _parsed(line, line[head.end() :].split(), glued=bool(letters))
    subcommands = frozenset(
        word
        for known_line in (*(option.words for option in options), *(o.pattern for o in operands))
        for words in known_line
        for word in words.split("|")
    )
    for name in head[1].split("|"):
        known = programs.get(name) or Program([], [], None, frozenset(), frozenset())
        programs[name] = Program(
            known.options + options,
            known.operands + operands,
            (known.letters or "") + letters or None,
            known.longs | frozenset(longs),
            known.subcommands | subcommands,
        )


def _parsed(line: str, tokens: list[str], *, glued: bool) -> tuple[list[Option], list[Operands]]:
    options: list[Option] = []
    operands: list[Operands] = []
    words: list[str] = []
    pattern: list[str] = []
    flags: list[str] = []
    taken = False  # this token is the value of the option before it
    for index, token in enumerate(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else ""
        if taken:
            taken = False
        elif token.startswith(("-", "/")) and _SECRET not in token and _SECRET in following:
            taken = True
            can_glue = glued or token.startswith("--")
            options.append(Option(token, _template(following), can_glue, True, tuple(words)))
        elif _SECRET in token and token != _SECRET and token.startswith(("-", "/")):
            name, template = _glued(token)
            options.append(Option(name, template, True, False, tuple(words)))
        elif token == _SECRET and options and not pattern and tokens[index - 1] == _SECRET:
            options[-1] = options[-1]._replace(times=options[-1].times + 1)
        elif _SECRET in token:
            operands.append(Operands(tuple(pattern), _template(token), frozenset(flags), line))
            pattern.append("")
        elif token.startswith("-"):
            flags.append(token)
        elif token.isupper():
            pattern.append("\\\\" if token.startswith("\\\\") else "")
        else:
            words.append(token)
            pattern.append(re.sub(r"(?<=[.:])[A-Z]+$", "*", token))
    return options, operands


def _glued(token: str) -> tuple[str, Template]:
    """`-pSECRET`, `/p:SECRET` and `--x=KEY=SECRET`: the option and the template of its rest."""
    if "=" in token and not token.startswith("-p"):
        name, _, rest = token.partition("=")
        return name + "=", _template(rest)
    placeholder = re.search(r"[A-Z]{2,}", token)
    start = placeholder.start() if placeholder else len(token)
    return token[:start], _template(token[start:])


def _template(text: str) -> Template:
    before, _, after = text.partition(_SECRET)
    return Template(_literal(before), _separator(before), after[:1])


def _literal(before: str) -> str:
    return re.split(r"[A-Z]", before)[0]


def _separator(before: str) -> str:
    separator = before[-1:] if re.search(r"[A-Z]", before) else ""
    return separator * _without_literal(before).count(separator) if separator else ""


def _without_literal(before: str) -> str:
    return before[len(_literal(before)) :]
