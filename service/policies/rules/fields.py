"""Reads the members of a TOML table, and notes a fault for each that is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from service.policies.rules.faults import RuleFault
from service.policies.rules.rule import Applies, Deadlines, Threshold

Choice = TypeVar("Choice", bound=StrEnum)

_MISSING = object()
_MAX_SHOWN = 60
_DURATION = re.compile(r"([0-9]{1,9}) ?([smhd])")
_REPORTS = re.compile(r"([1-9][0-9]{0,3}) informes?")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_MAX_SECONDS = 400 * 86_400


class Fields:
    """A table of a file. line_of: the line of a member, from 1."""

    def __init__(
        self,
        path: Path,
        table: Mapping[str, Any],
        line_of: Callable[[str], int | None],
        *,
        within: str = "",
    ) -> None:
        self._path = path
        self._table = table
        self._line_of = line_of
        self._within = within  # the member of the file that this table is
        self._known: set[str] = set()
        self.faults: list[RuleFault] = []

    def fault(self, name: str, reason: str) -> None:
        line = self._line_of(self._within or name)
        self.faults.append(RuleFault(self._path, line, reason))

    def know(self, *names: str) -> None:
        """These may be there."""
        self._known.update(names)

    def refuse_others(self) -> None:
        """Notes each member that was not asked for."""
        for name in self._table.keys() - self._known:
            self.fault(
                name, f"{self._full(name)} is no field; expected {', '.join(sorted(self._known))}"
            )

    def text(self, name: str, *, default: str | None = None, max_length: int = 4000) -> str:
        value = self._value(name, default)
        if isinstance(value, str) and value.strip() and len(value) <= max_length:
            return value.strip()
        self._expected(name, f"a text of at most {max_length} characters, not empty", value)
        return ""

    def optional_text(self, name: str) -> str | None:
        self._known.add(name)
        return self.text(name) if name in self._table else None

    def integer(self, name: str, low: int, high: int) -> int:
        value = self._value(name)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self._expected(name, f"an integer from {low} to {high}", value)
        return low

    def flag(self, name: str, *, default: bool) -> bool:
        value = self._value(name, default)
        if not isinstance(value, bool):
            self._expected(name, "true or false", value)
        return bool(value)

    def choice(self, name: str, kind: type[Choice], *, default: Choice | None = None) -> Choice:
        value = self._value(name, default)
        try:
            return kind(value)
        except ValueError:
            self._expected(name, f"one of {', '.join(kind)}", value)
            return next(iter(kind))

    def texts(
        self, name: str, *, default: Sequence[str] | None = None, form: str = r".+"
    ) -> tuple[str, ...]:
        """A list of texts, none twice, each of that form (a regular expression)."""
        value = self._value(name, default)
        if (
            isinstance(value, list | tuple)
            and all(isinstance(item, str) and re.fullmatch(form, item) for item in value)
            and len(set(value)) == len(value)
        ):
            return tuple(value)
        self._expected(name, f"a list of texts, none twice, each as {form}", value)
        return ()

    def text_or_texts(self, name: str) -> tuple[str, ...]:
        """A text or a list of texts; it may be left out."""
        if isinstance(self._table.get(name), str):
            return (self.text(name),)
        return self.texts(name, default=())

    def choices(self, name: str, kind: type[Choice]) -> tuple[Choice, ...]:
        """A list of some of these; it may be left out."""
        found = self.texts(name, default=())
        try:
            return tuple(kind(text) for text in found)
        except ValueError:
            self._expected(name, f"a list of some of {', '.join(kind)}", list(found))
            return ()

    def tables(self, name: str) -> tuple[Mapping[str, Any], ...]:
        value = self._value(name)
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            return tuple(value)
        self._expected(name, "a list of tables { … }", value)
        return ()

    def table(self, name: str) -> Fields | None:
        """The fields of a table within this one; null where it is left out."""
        self._known.add(name)
        if name not in self._table:
            return None
        value = self._table[name]
        if not isinstance(value, dict):
            self._expected(name, "a table { … }", value)
            return None
        within = Fields(self._path, value, self._line_of, within=self._within or name)
        within.faults = self.faults
        return within

    def applies(self) -> Applies:
        """The member `aplica`."""
        table = self.table("aplica")
        if table is None:
            return Applies()
        systems = table.text_or_texts("so")
        query, tag = table.optional_text("consulta"), table.optional_text("etiqueta")
        if tag is not None and not re.fullmatch(r"[^=\s]+(=.+)?", tag):
            table.fault("etiqueta", f"aplica.etiqueta: expected key=value, or a key, got {tag!r}")
        table.refuse_others()
        return Applies(tag, tuple(systems), query)

    def deadlines(self) -> Deadlines:
        """The member `plazos`."""
        table = self.table("plazos")
        if table is None:
            return Deadlines()
        found = Deadlines(
            table.threshold("confirmar_tras"),
            table.threshold("resolver_tras"),
            table.duration("gracia_nuevos"),
            table.duration("gracia_arranque"),
        )
        table.refuse_others()
        return found

    def threshold(self, name: str) -> Threshold:
        value = self._value(name, "1 informe")
        match = _REPORTS.fullmatch(value) if isinstance(value, str) else None
        if match is not None:
            return Threshold(int(match[1]), None)
        seconds = seconds_of(value)
        if seconds is None or seconds == 0:
            self._expected(name, 'reports or a duration, as "2 informes", "30m"', value)
            return Threshold()
        return Threshold(None, seconds)

    def duration(self, name: str) -> int:
        value = self._value(name, "0s")
        seconds = seconds_of(value)
        if seconds is None:
            self._expected(name, 'a duration as "90s", "30m", "24h", "7d", at most 400d', value)
            return 0
        return seconds

    def _value(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 — whatever TOML holds
        self._known.add(name)
        if name in self._table:
            return self._table[name]
        return _MISSING if default is None else default

    def _expected(self, name: str, expected: str, value: Any) -> None:  # noqa: ANN401
        if value is _MISSING:
            self.fault(name, f"{self._full(name)} is missing; expected {expected}")
            return
        shown = repr(value)
        shown = shown if len(shown) <= _MAX_SHOWN else f"{shown[:_MAX_SHOWN]}…"
        self.fault(name, f"{self._full(name)}: expected {expected}, got {shown}")

    def _full(self, name: str) -> str:
        return f"{self._within}.{name}" if self._within else name


def seconds_of(value: Any) -> int | None:  # noqa: ANN401
    """The seconds of a duration as "90s", "30m", "24h", "7d"; null for anything else."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    seconds = int(match[1]) * _SECONDS[match[2]]
    return seconds if seconds <= _MAX_SECONDS else None
