"""Which lists a process's name stands in: the entries of sql/policies/listas and of users."""

from __future__ import annotations

import re
from collections.abc import Iterable

# (list, the name that matched, whether it is that of `name` or the last part of `ejecutable`)
Match = tuple[str, str, str]

_MAX_REMEMBERED = 100_000
_PART = re.compile(r"\*|\[\?\]|\[\[\]|[^*\[]+|\[")
_OF_GLOB = {"*": ".*", "[?]": r"\?", "[[]": r"\["}


class NameLists:
    """The lists, as the relation listas has them: (list, entry); entries are patterns of GLOB."""

    def __init__(self, rows: Iterable[tuple[str, str]]) -> None:
        self._exact: dict[str, list[str]] = {}
        self._patterns: list[tuple[re.Pattern[str], str]] = []
        for name, entry in rows:
            if "*" in entry or "[" in entry:
                self._patterns.append((_regular_expression(entry), name))
            else:
                self._exact.setdefault(entry, []).append(name)
        self._lists: dict[str, tuple[str, ...]] = {}
        self._matches: dict[tuple[str | None, str | None], tuple[Match, ...]] = {}

    def matches(self, name: str | None, executable: str | None) -> tuple[Match, ...]:
        """The lists of a process, each once; `name` comes first."""
        key = (name, executable)
        known = self._matches.get(key)
        if known is None:
            if len(self._matches) >= _MAX_REMEMBERED:
                self._matches.clear()
            known = self._matches[key] = self._found(name, executable)
        return known

    def _found(self, name: str | None, executable: str | None) -> tuple[Match, ...]:
        found: dict[str, Match] = {}
        for text, by in ((name, "name"), (_last_part(executable), "ejecutable")):
            for listed in self.lists_of(text) if text else ():
                found.setdefault(listed, (listed, text or "", by))
        return tuple(found.values())

    def lists_of(self, name: str) -> tuple[str, ...]:
        known = self._lists.get(name)
        if known is None:
            if len(self._lists) >= _MAX_REMEMBERED:
                self._lists.clear()
            found = dict.fromkeys(self._exact.get(name, ()))
            found |= dict.fromkeys(
                listed for pattern, listed in self._patterns if pattern.fullmatch(name)
            )
            known = self._lists[name] = tuple(found)
        return known


def _last_part(executable: str | None) -> str | None:
    if executable is None:
        return None
    return executable.rpartition("\\" if ":\\" in executable else "/")[2]


def _regular_expression(entry: str) -> re.Pattern[str]:
    parts = (_OF_GLOB.get(part, re.escape(part)) for part in _PART.findall(entry))
    return re.compile("".join(parts), re.DOTALL)
