"""Says of a system on a day whether it is supported, by the data files as they are now."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from service.end_of_life import CONTINUOUS, UNKNOWN, Life, coverage, support_on
from service.policies.rules.data_files import DataFiles, read_data_files
from service.policies.rules.ends_of_life import DISTRO_INFO, SYSTEM_DISTRO_INFO

CONTINUOUS_LIST = "sistemas-continuos"
_LOOK_SECONDS = 10.0
_REMEMBERED = 4096

_Seen = tuple[tuple[str, int, int], ...]


class SupportCalendar:
    """What the rules of age say, by the same functions over the same files. Threads may share it.

    folders: of rules, as read_data_files() takes them.
    """

    def __init__(self, folders: Sequence[Path], system: Path = SYSTEM_DISTRO_INFO) -> None:
        self._folders = folders
        self._system = system
        self._seen: _Seen | None = None
        self._next_look = 0.0
        self._look()

    def state(self, system: str, version: str, held: str | None, day: str) -> str:
        """One of SUPPORT_STATES. held: the contracts that the server has. day: 2026-06-30."""
        if time.monotonic() >= self._next_look:
            self._look()
        return self._state(system, version, held, day)

    def _look(self) -> None:
        """Reads the files, if they are others than before."""
        self._next_look = time.monotonic() + _LOOK_SECONDS
        seen = self._listing()
        if seen == self._seen:
            return
        found = read_data_files(self._folders, self._system)
        # A server chooses what it reports, so what is remembered has a bound.
        self._state = lru_cache(_REMEMBERED)(_Calendar(found).state)
        self._seen = seen

    def _listing(self) -> _Seen:
        places = [self._system]
        for folder in self._folders:
            places += [folder, folder / "listas", folder / DISTRO_INFO]
        found = []
        for place in places:
            try:
                with os.scandir(place) as entries:
                    found += [
                        (entry.path, entry.stat().st_size, entry.stat().st_ctime_ns)
                        for entry in entries
                        if entry.name.endswith((".csv", f"{CONTINUOUS_LIST}.txt"))
                    ]
            except OSError:
                continue  # what is not there tells nothing
        return tuple(sorted(found))


class _Calendar:
    """What some data files say."""

    def __init__(self, found: DataFiles) -> None:
        self._lives: defaultdict[str, list[Life]] = defaultdict(list)
        for life in found.lives.values():
            self._lives[life.system].append(life)
        self._continuous = sorted(found.lists.get(CONTINUOUS_LIST, ()))

    def state(self, system: str, version: str, held: str | None, day: str) -> str:
        if any(fnmatchcase(system, pattern) for pattern in self._continuous):
            return CONTINUOUS
        life = self._closest(system, version)
        if life is None:
            return UNKNOWN
        return support_on(day, life.end, life.extended, life.contracts, held) or UNKNOWN

    def _closest(self, system: str, version: str) -> Life | None:
        """The life that speaks of a version most closely; null if none does."""
        lives = self._lives.get(system, ())
        found = max(lives, key=lambda life: coverage(life.version, version), default=None)
        return found if found is not None and coverage(found.version, version) else None
