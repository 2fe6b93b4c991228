"""Takes values out of a table of TOML, each once; what is left at the end is unknown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from service.times import DAY, HOUR, MINUTE

_MAX_SECRET = 8192  # bytes
_DURATION = re.compile(r"([0-9]{1,6})([mhd])")
_UNITS = {"m": MINUTE, "h": HOUR, "d": DAY}


class Table:
    """Its methods raise ValueError, whose text names the member and no secret.

    folder: where files are that are named by a relative path. variable: the value of a variable of
    the environment.
    """

    def __init__(
        self, values: Mapping[str, Any], folder: Path, variable: Callable[[str], str | None]
    ) -> None:
        self._values = dict(values)
        self._folder, self._variable = folder, variable

    def end(self) -> None:
        for name in self._values:
            raise ValueError(f"{name[:80]}: is no member of a receiver of this kind")

    def one_of(self, name: str, words: Sequence[str], default: str | None = None) -> str:
        value = self._values.pop(name, default)
        if value not in words:
            raise ValueError(f"{name}: expected one of {', '.join(words)}")
        return str(value)

    def some_of(self, name: str, words: Sequence[str]) -> tuple[str, ...]:
        """All of the words where it is left out."""
        value = self._values.pop(name, list(words))
        if not isinstance(value, list) or not value or any(each not in words for each in value):
            raise ValueError(f"{name}: expected a list of some of {', '.join(words)}")
        return tuple(value)

    def texts(
        self, name: str, default: tuple[str, ...] = (), *, none: bool = False
    ) -> tuple[str, ...]:
        """none: it may be left out, and is empty then."""
        if none and name not in self._values:
            return ()
        value = self._values.pop(name, list(default))
        if (
            not isinstance(value, list)
            or not value
            or not all(isinstance(each, str) and each.isprintable() for each in value)
        ):
            raise ValueError(f"{name}: expected a list of texts")
        return tuple(value)

    def text(self, name: str, default: str | None = None) -> str | None:
        value = self._values.pop(name, default)
        if value is not None and not (isinstance(value, str) and value and value.isprintable()):
            raise ValueError(f"{name}: expected a text")
        return value

    def integer(self, name: str, low: int, high: int, default: int) -> int:
        value = self._values.pop(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"{name}: expected an integer from {low} to {high}")
        return value

    def duration(self, name: str, low: int, high: int) -> int | None:
        """Microseconds, of a text such as 5m, 24h or 7d; null where it is left out."""
        value = self._values.pop(name, None)
        if value is None:
            return None
        found = _DURATION.fullmatch(value) if isinstance(value, str) else None
        length = int(found[1]) * _UNITS[found[2]] if found else 0
        if not low <= length <= high:
            limits = f"from {_shown(low)} to {_shown(high)}"
            raise ValueError(f"{name}: expected a time such as 5m, 24h or 7d, {limits}")
        return length

    def table(self, name: str) -> Mapping[str, Any] | None:
        value = self._values.pop(name, None)
        if value is not None and not isinstance(value, dict):
            raise ValueError(f"{name}: expected a table")
        return value

    def file(self, name: str) -> Path | None:
        value = self.text(name)
        path = None if value is None else self._folder / value
        if path is not None and not path.is_file():
            raise ValueError(f"{name}: expected a file that can be read")
        return path

    def secret(self, name: str) -> str | None:
        """A text that stands here, in the file of NAME_file, or in the variable of NAME_env."""
        plain, file, variable = self.text(name), self.file(f"{name}_file"), self.text(f"{name}_env")
        if sum(each is not None for each in (plain, file, variable)) > 1:
            raise ValueError(f"{name}: expected one of {name}, {name}_file and {name}_env")
        value = plain
        try:
            if file is not None:
                with file.open("rb") as opened:
                    value = opened.read(_MAX_SECRET).decode().strip()
            elif variable is not None:
                value = (self._variable(variable) or "").strip()
        except (OSError, ValueError):
            value = ""
        if value is not None and not (value and value.isprintable()):
            raise ValueError(f"{name}: expected a line of text, where {name}_… says that it stands")
        return value


def _shown(length: int) -> str:
    unit = next(unit for unit in ("h", "m") if length % _UNITS[unit] == 0)
    return f"{length // _UNITS[unit]}{unit}"
