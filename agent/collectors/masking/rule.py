"""The rule: how each word of a command line is masked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.collectors.masking.code import code_spans, expect_spans
from agent.collectors.masking.command import CommandWalk
from agent.collectors.masking.programs import program_name
from agent.collectors.masking.secret_shapes import shape_spans
from agent.collectors.masking.shell import is_windows, split
from agent.collectors.masking.spans import replaced
from agent.collectors.masking.stdin import echoed_spans, here_spans, heredoc_spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.collectors.masking.spans import Span

_DEEPEST = 4  # shells within shells


def masked(arguments: list[str]) -> str:
    """The arguments of a process as one text, with secrets replaced by ***."""
    windows = any(is_windows(argument) for argument in arguments)
    spans = _command_spans(arguments, [False] * len(arguments), 0, windows=windows)
    return " ".join(
        replaced(argument, found)
        for argument, found in zip(arguments, spans)  # noqa: B905 — Python 3.9
    )


def _command_spans(
    words: Sequence[str], expands: Sequence[bool], depth: int, *, windows: bool
) -> list[list[Span]]:
    walk = CommandWalk(words, expands, in_text=depth > 0)
    spans = walk.spans()
    expects = False
    for index, word in enumerate(words):
        spans[index] = found = [(start, end) for start, end in spans[index] if start < end]
        if (0, len(word)) in found:
            continue
        expects = expects or program_name(word) == "expect"
        found.extend(shape_spans(word))
        found.extend(code_spans(word))
        if any(character.isspace() for character in word):
            if expects:
                found.extend(expect_spans(word))
            found.extend(_text_spans(word, depth + 1, windows=windows or is_windows(word)))
    return spans


def _text_spans(text: str, depth: int, *, windows: bool) -> list[Span]:
    """The secrets in a text that may be one or more commands for a shell."""
    if depth > _DEEPEST:
        return []
    spans: list[Span] = heredoc_spans(text) if "passwd" in text else []
    commands = split(text, windows=windows)
    for command in commands:
        values = [word.value for word in command.words]
        found = _command_spans(
            values, [word.expands for word in command.words], depth, windows=windows
        )
        if command.receiver is not None and command.receiver < len(commands):
            receiver = [word.value for word in commands[command.receiver].words]
            _extend(found, echoed_spans(values, receiver))
        _extend(found, here_spans(values, [word.here for word in command.words]))
        for word, within in zip(command.words, found):  # noqa: B905 — Python 3.9
            spans.extend((word.offsets[start], word.offsets[end - 1] + 1) for start, end in within)
    return spans


def _extend(spans: list[list[Span]], more: list[tuple[int, Span]]) -> None:
    for index, span in more:
        spans[index].append(span)
