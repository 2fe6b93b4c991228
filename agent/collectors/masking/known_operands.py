"""Finds the secrets among the operands of a known program."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.collectors.masking.programs import Operands, Program, Template

SHARE = "\\\\"


def operand_secrets(
    program: Program, operands: Sequence[str], flags: set[str]
) -> Iterator[tuple[int, Template]]:
    """The number of each operand that holds a secret, and the template of it.

    The longest line of the table explains an operand: `net user add NAME SECRET` is no
    `net user NAME SECRET`.
    """
    explained: dict[int, Operands] = {}
    for line in sorted(program.operands, key=lambda line: -len(line.pattern)):
        if all(_has_flag(flag, flags) for flag in line.flags):
            yield from _by_line(line, operands, explained)


def _by_line(
    line: Operands, operands: Sequence[str], explained: dict[int, Operands]
) -> Iterator[tuple[int, Template]]:
    size = len(line.pattern)
    for start in _starts(line, len(operands) - size):
        secret = start + size
        if not all(
            _agrees(operands[start + place], part) for place, part in enumerate(line.pattern)
        ):
            continue
        other = explained.get(secret, line)
        if other.text != line.text and other.pattern != line.pattern:
            return
        explained.update((number, line) for number in range(start, secret + 1))
        yield secret, line.template
        if line.pattern:
            return


def _starts(line: Operands, count: int) -> range:
    """A line that begins with a word may begin at any operand, others at the first."""
    named = line.pattern[0] not in {"", SHARE} if line.pattern else bool(line.template.literal)
    return range(max(0, count)) if named else range(max(0, min(1, count)))


def _agrees(word: str, part: str) -> bool:
    if part == SHARE:
        return word.startswith((SHARE, "//"))
    return not part or any(
        word.lower().startswith(choice[:-1]) if choice.endswith("*") else word.lower() == choice
        for choice in part.lower().split("|")
    )


def _has_flag(flag: str, flags: set[str]) -> bool:
    if flag in flags:
        return True
    return len(flag) == 2 and any(
        flag[1] in given and re.fullmatch(r"-[A-Za-z0-9]+", given) for given in flags
    )
