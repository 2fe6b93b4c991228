"""Which lists a process's name stands in: the entries of sql/policies/listas and of users."""

from __future__ import annotations

import re
from collections.abc import Iterable

KERNEL_THREADS = "hilos-de-nucleo"  # the list of their names, for reports without parents
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
        self._matches: dict[str, tuple[tuple[str, str], ...]] = {}

    def matches(self, text: str) -> tuple[tuple[str, str], ...]:
        """The lists of a name, or of the last part of a path: each list, with the name."""
        known = self._matches.get(text)
        if known is None:
            if len(self._matches) >= _MAX_REMEMBERED:
                self._matches.clear()
            name = _last_part(text)
            known = self._matches[text] = tuple((listed, name) for listed in self.lists_of(name))
        return known

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


def _last_part(path: str) -> str:
    r"""The last part of /usr/sbin/nginx or C:\tools\nginx; kworker/0:1 is a name as it is."""
    if path.startswith("/"):
        return path.rpartition("/")[2]
    return path.rpartition("\\")[2] if path[1:3] == ":\\" else path


def _regular_expression(entry: str) -> re.Pattern[str]:
    parts = (_OF_GLOB.get(part, re.escape(part)) for part in _PART.findall(entry))
    return re.compile("".join(parts), re.DOTALL)
