"""The form of the list of mutations."""

from __future__ import annotations

from typing import NamedTuple


class Mutation(NamedTuple):
    """A fault: a text of a file, and its replacement."""

    file: str
    after: str  # the text is the first one after this, which occurs once; empty if it occurs once
    old: str
    new: str
    tests: tuple[str, ...]  # arguments of pytest, of which one test at least must fail

    def __str__(self) -> str:
        after, old, new = (" ".join(text.split()) for text in (self.after, self.old, self.new))
        return f"{self.file}: {after and f'{after} … '}{old!r} -> {new!r}"

    def applied_to(self, whole: str) -> str:
        """The text of the file with the fault. Raises ValueError unless the place is definite."""
        if whole.count(self.after or self.old) != 1:
            raise ValueError(f"{self}: expected one {self.after or self.old!r}")
        at = whole.index(self.old, whole.index(self.after))
        return whole[:at] + self.new + whole[at + len(self.old) :]


def group(file: str, *tests: str, faults: list[tuple[str, str]], after: str = "") -> list[Mutation]:
    """The mutations of one file that the same tests must notice."""
    return [Mutation(file, after, old, new, tests) for old, new in faults]
