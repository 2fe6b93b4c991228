"""What is wrong with a file of rules."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from service.errors import ComplianceError


class RuleFault(NamedTuple):
    """A file, the line of it (from 1; null for the whole file), and what is wrong there."""

    path: Path
    line: int | None
    reason: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{place}: {self.reason}"


class InvalidRuleError(ComplianceError):
    """A file of rules is refused; it has one fault or more."""

    def __init__(self, *faults: RuleFault) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults
