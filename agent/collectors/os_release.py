"""Parses os-release(5) as systemd does: parse_env_file_internal() in its src/basic/env-file.c.

Its rules are not those of a shell: an unquoted value goes to the end of its line, blanks included,
a quote within it is a character like any other, and a quoted value may have several lines.
"""

from __future__ import annotations

import re

_BLANKS = " \t"
_LINE = re.compile(r"[^\n\r]*")
_KEY = re.compile(r"[^\n\r][^\n\r=]*")
_SINGLE_QUOTED = re.compile(r"'([^']*)'?")
_DOUBLE_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)(?:"|\\?\Z)', re.DOTALL)
_UNQUOTED = re.compile(r"(?:[^\\\n\r]|\\(?:.|\Z))+", re.DOTALL)
_ESCAPED = re.compile(r"\\(.|\Z)", re.DOTALL)


def parse_os_release(text: str) -> dict[str, str]:
    """The assignments; the last one of a name wins, and other lines are ignored."""
    text = text.lstrip("\ufeff")
    release: dict[str, str] = {}
    at = 0
    while at < len(text):
        if text[at] in " \t\n\r":
            at += 1
        elif text[at] in "#;":
            at = _end(_LINE, text, at)
        else:
            end = _end(_KEY, text, at)
            key = text[at:end].rstrip(_BLANKS)
            at = end + 1
            if text[end : end + 1] == "=":
                release[key], at = _value(text, at)
    return release


def _value(text: str, at: int) -> tuple[str, int]:
    """The value that begins here, and the position behind it.

    Quoted parts may follow each other; what is not quoted goes to the end of the line.
    """
    parts = []
    while at < len(text) and text[at] not in "\n\r":
        if text[at] in _BLANKS:
            at += 1
            continue
        pattern = {"'": _SINGLE_QUOTED, '"': _DOUBLE_QUOTED}.get(text[at], _UNQUOTED)
        found = pattern.match(text, at)
        assert found is not None  # noqa: S101 — each pattern matches its first character
        at = found.end()
        if pattern is _SINGLE_QUOTED:
            parts.append(found.group(1))
        elif pattern is _DOUBLE_QUOTED:
            parts.append(_ESCAPED.sub(_unescape_quoted, found.group(1)))
        else:
            parts.append(_unescape_unquoted(found.group()))
    return "".join(parts), at


def _unescape_quoted(match: re.Match[str]) -> str:
    r"""In "…" a \ escapes only " \ $ ` and is otherwise kept; an escaped newline is left out."""
    character = match.group(1)
    if character == "\n":
        return ""
    return character if character in '"\\`$' else match.group()


def _unescape_unquoted(value: str) -> str:
    r"""A \ escapes anything, also a blank at the end; an escaped line break is left out."""
    kept = value.rstrip(_BLANKS)
    if kept != value and (len(kept) - len(kept.rstrip("\\"))) % 2:
        kept = value[: len(kept) + 1]  # the first blank is escaped
    return _ESCAPED.sub(lambda match: match.group(1).strip("\n\r"), kept)


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return at if found is None else found.end()
