"""What is wrong with a file of rules."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from service.errors import ComplianceError


class RuleFault(NamedTuple):
    """A file, the line of it (from 1; null for the whole file), and what is wrong there."""

    path: Path
    line: int | None
    reason: str

    @property
    def shown_path(self) -> str:
        """The path as text; what of it is no UTF-8 is escaped."""
        return os.fsencode(self.path).decode("utf-8", "backslashreplace")

    def __str__(self) -> str:
        place = f"{self.shown_path}:{self.line}" if self.line else self.shown_path
        return f"{place}: {self.reason}"


class InvalidRuleError(ComplianceError):
    """A file of rules is refused; it has one fault or more."""

    def __init__(self, *faults: RuleFault) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults
