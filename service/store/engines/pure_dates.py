"""SQLite's date functions without a clock: neither `now` nor the machine's time zone.

SQLite itself refuses both in a generated column, however an argument was put together, and whatever
words a later version adds. So a generated column computes each result.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import lru_cache, partial

Cell = str | int | float | None

_NAMES = ("date", "time", "datetime", "julianday", "strftime", "unixepoch")
_MAX_ARGUMENTS = 6  # a format, a time and four modifiers


class PureDates:
    """The functions, by their names; each raises ValueError for a time that is not given."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(
            ":memory:", isolation_level=None, check_same_thread=False
        )
        self._call = lru_cache(maxsize=4096)(self._computed)

    def functions(self) -> dict[str, tuple[int, Callable[..., Cell]]]:
        """Each with its number of arguments: -1, any."""
        return {name: (-1, partial(self._call, name)) for name in _NAMES if self._is_known(name)}

    def close(self) -> None:
        self._connection.close()

    def _is_known(self, name: str) -> bool:
        try:
            self._connection.execute(f"SELECT {name}(NULL, NULL)")
        except sqlite3.OperationalError:  # unixepoch came with SQLite 3.38
            return False
        return True

    def _computed(self, name: str, *arguments: Cell) -> Cell:
        if not len(arguments) > (name == "strftime"):
            raise ValueError("expected a time; :ahora is the only clock")
        if len(arguments) > _MAX_ARGUMENTS:
            raise ValueError(f"expected at most {_MAX_ARGUMENTS} arguments")
        table, columns = f"{name}_{len(arguments)}", [f"a{at}" for at in range(len(arguments))]
        listed = ", ".join(columns)
        self._connection.execute(
            f"CREATE TABLE IF NOT EXISTS {table}"
            f" ({listed}, value GENERATED ALWAYS AS ({name}({listed})) VIRTUAL)"
        )
        self._connection.execute(f"DELETE FROM {table}")  # noqa: S608
        places = ", ".join("?" * len(columns))
        try:
            self._connection.execute(f"INSERT INTO {table} VALUES ({places})", arguments)  # noqa: S608
            (value,) = self._connection.execute(f"SELECT value FROM {table}").fetchone()  # noqa: S608
        except sqlite3.OperationalError as error:
            raise ValueError(
                "neither 'now' nor the machine's time zone is known; :ahora is the only clock"
            ) from error
        return value  # type: ignore[no-any-return]  # a row has no types
