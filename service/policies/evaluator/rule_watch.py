"""Watches the folders of rules. A change counts when two looks agree.

An editor or a copy writes a file in steps, and a folder that is mounted late is empty at first: one
look alone may see what nobody meant.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from service.policies.rules.ends_of_life import DISTRO_INFO, SYSTEM_DISTRO_INFO
from service.policies.rules.faults import RuleFault
from service.policies.rules.small_file import is_hidden

_ENDINGS = {".sql", ".toml", ".txt", ".csv"}

# (path, size, time of change in nanoseconds) of each file: st_ctime, since st_mtime can be set and
# does not tell that a file has become readable.
Listing = frozenset[tuple[str, int, int]]


class RuleWatch:
    """The folders of rules, as they were at the last look. The shipped one comes first."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self._last: Listing | None = None
        self.faults: list[RuleFault] = []  # of the last look: folders that show nothing

    def look(self) -> Listing | None:
        """What is there, if it was so at the look before as well; null otherwise."""
        seen, last = self.listing(), self._last
        self._last = seen
        return seen if seen == last else None

    def listing(self) -> Listing:
        self.faults = []
        found: set[tuple[str, int, int]] = set()
        for folder in self._folders:
            try:
                # Another process may name the same folder by another path.
                files = set(_files(folder.resolve()))
            except OSError as error:
                reason = f"cannot be read, and changes nothing: {error.strerror}"
                self.faults.append(RuleFault(folder, None, reason))
                continue
            if not files:
                self.faults.append(RuleFault(folder, None, "is empty, and changes nothing"))
            found |= files
        return frozenset(found)


def _files(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Raises OSError."""
    places = [folder, folder / "listas", folder / DISTRO_INFO]
    if (folder / DISTRO_INFO).is_dir():
        places.append(SYSTEM_DISTRO_INFO)  # read over it
    for place in places:
        try:
            entries = list(os.scandir(place))
        except FileNotFoundError:
            if place == folder:
                raise
            continue
        for entry in entries:
            if Path(entry.name).suffix not in _ENDINGS or is_hidden(entry.name):
                continue
            try:
                stat = entry.stat()
            except OSError:  # a link to nothing: the file is refused, and not the folder
                yield entry.path, -1, 0
            else:
                yield entry.path, stat.st_size, stat.st_ctime_ns
