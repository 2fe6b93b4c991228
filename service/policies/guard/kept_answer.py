"""The answer of a statement, kept from report to report by what it reads of processes.

A statement that answers of groups of processes (service/policies/rules/grouping.py) is run over the
groups alone that it never saw before: as many rows, with the same values of what it reads, give the
same answer. So most reports need neither a statement nor the rows that they change.
"""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple, Self

from service.errors import StatementBrokenError, StatementLimitError, StatementRefusedError
from service.policies.guard.running_processes import Change, Process
from service.policies.guard.swept_relations import SweptRelations
from service.policies.guard.trial import Trial
from service.policies.rules.grouping import grouping
from service.policies.rules.relations import Reads
from service.store.engines.sandbox import Cell, Rows, characters

_MOST_CHARACTERS = 1_000_000  # of an answer that is kept
_MOST_KEPT = 20_000_000  # characters, of all answers of a statement
_OF_AN_ANSWER = 200  # characters that it takes beside its texts
_MOST_TOKENS = 200_000

_Group = tuple[Cell, ...]
_FAULTS = (StatementBrokenError, StatementLimitError, StatementRefusedError)

# Values that many processes have in common: others make of each a group that was never seen.
_COLUMNS = ("name", "username", "ejecutable", "linea_comando", "ppid", "hilo_nucleo")
_OF_OSQUERY = {"path": "ejecutable", "cmdline": "linea_comando", "parent": "ppid"}
_OF_PROGRAMS = {"name", "username", "ejecutable", "linea_comando"}
_KTHREADD_PID = 2
_SERVER = {"servidor", "server"}
_CONSTANT = {*_SERVER, "", "cwd", "root"}  # as long as the server stays


class _Answer(NamedTuple):
    """What a group gave. size: characters, roughly."""

    rows: Sequence[tuple[Cell, ...]]
    size: int


_NOTHING = _Answer((), _OF_AN_ANSWER)


class KeptAnswer:
    """That of one statement, by groups of processes that have the same values of some columns."""

    def __init__(self, sql: str, columns: Collection[str], groups: Collection[str]) -> None:
        """columns: all that it reads."""
        self._sql = sql
        self._names_server = not _SERVER.isdisjoint(columns)
        read = sorted({_OF_OSQUERY.get(column, column) for column in columns} - _CONSTANT)
        grouped = {_OF_OSQUERY.get(column, column) for column in groups} - _CONSTANT
        self._read = [_COLUMNS.index(column) for column in read]
        self._places = [read.index(column) for column in sorted(grouped)]
        self._is_of_programs = _OF_PROGRAMS.issuperset(read)
        self._reads_threads = "hilo_nucleo" in read
        self._server = 0
        self._tokens: dict[tuple[Cell, ...], tuple[_Group, int]] = {}
        # By the sum of the tokens of the rows; null for no rows.
        self._answers: dict[int | None, _Answer] = {}
        self._forget()
        self._clear()

    @classmethod
    def of(cls, sql: str, reads: Reads) -> Self | None:
        """Null where the answer is not that of groups, or of values that are not known here."""
        groups = grouping(sql, reads)
        columns = {column for _, column in reads}
        if groups is None or not columns <= {*_COLUMNS, *_OF_OSQUERY, *_CONSTANT}:
            return None
        return cls(sql, columns, groups)

    def _forget(self) -> None:
        self._answers, self._size = {None: _NOTHING} if self._places else {}, 0

    def _clear(self) -> None:
        if len(self._tokens) > _MOST_TOKENS:
            self._tokens = {}
            self._forget()
        self._is_kept = True
        self._whole: Rows | None = None  # that is to be compared
        self._columns: tuple[str, ...] = ()
        # By the number of the program, or by what else decides what the columns have.
        self._made: dict[object, tuple[_Group, int]] = {}
        self._sums: dict[_Group, int] = defaultdict(int)
        self._changed: set[_Group] = set() if self._places else {()}
        self._found: dict[_Group, _Answer] = {}  # of groups that give rows
        self._has_kthreadd = False

    def take(self, change: Change, trial: Trial, relations: SweptRelations) -> None:
        """Takes the processes that went and came."""
        if change.is_first:
            self._clear()
            self._check(trial, relations)
        if not self._is_kept:
            return
        if change.is_flipped and self._reads_threads:
            self._sums.clear()
            self._made.clear()
            self._has_kthreadd = relations.has_kthreadd
            self._changed.update(self._found)
            self._count(relations.processes(), 1)
        else:
            self._count(change.went, -1)
            self._count(change.came, 1)

    def _count(self, processes: Iterable[Process], times: int) -> None:
        sums, changed, made = self._sums, self._changed, self._made
        for process in processes:
            # Most run what was seen before.
            group, token = made.get(process[0][3]) or self._group_of(process)
            sums[group] += token * times
            changed.add(group)

    def _group_of(self, process: Process) -> tuple[_Group, int]:
        """The group of a process, and a number that stands for its values."""
        _, pid, ppid, number, _ = process[0]
        place = number if self._is_of_programs else (number, ppid, pid == _KTHREADD_PID)
        found = self._made.get(place)
        if found is None:
            found = self._made[place] = self._values_of(process)
        return found

    def _values_of(self, process: Process) -> tuple[_Group, int]:
        (_, pid, ppid, _, _), program = process
        is_thread = self._has_kthreadd and program.is_kernel_thread(pid, ppid)
        everything = (*program.who, *program.what, ppid, is_thread)
        values = tuple(everything[place] for place in self._read)
        found = self._tokens.get(values)
        if found is None:
            group = tuple(values[place] for place in self._places)
            found = self._tokens[values] = group, secrets.randbits(128) | 1
        return found

    def _check(self, trial: Trial, relations: SweptRelations) -> None:
        """Runs it over all processes. It is not kept where that breaks, or takes long."""
        self._is_kept = False
        with suppress(*_FAULTS):
            whole = trial.over_all(self._sql, relations)
            if _is_plain(whole):
                self._is_kept, self._whole, self._columns = True, whole, whole.columns

    def refresh(self, trial: Trial, relations: SweptRelations) -> bool:
        """Brings the answer up to date. Whether it changes, or is not kept."""
        if not self._is_kept:
            return True
        is_other = self._names_server and relations.server_id != self._server
        if is_other or self._size > _MOST_KEPT:
            self._forget()
        self._server = relations.server_id
        changed, self._changed = self._changed, set()
        sums, answers = self._sums, self._answers
        missing = [group for group in changed if (sums[group] or None) not in answers]
        if missing and not self._ask(trial, relations, missing):
            self._is_kept = False
            return True
        is_changed = self._put_together(changed, trial.most_rows)
        if self._whole is not None:
            self._is_kept &= Counter(self._whole.rows) == Counter(self._all())
            self._whole = None
        return is_changed or not self._is_kept

    def rows(self) -> Rows | None:
        """The answer; null where it is not kept."""
        return Rows(self._columns, self._all(), None) if self._is_kept else None

    def _all(self) -> list[tuple[Cell, ...]]:
        return [row for known in self._found.values() for row in known.rows]

    def _put_together(self, changed: Iterable[_Group], most_rows: int) -> bool:
        """Whether the answer changes."""
        sums, answers, found = self._sums, self._answers, self._found
        is_changed = False
        for group in changed:
            answer = answers[sums[group] or None]
            if answer.rows:
                is_changed |= group not in found or found[group].rows != answer.rows
                found[group] = answer
            elif group in found:
                is_changed = True
                del found[group]
        if is_changed:
            rows = sum(len(answer.rows) for answer in found.values())
            size = sum(answer.size for answer in found.values())
            self._is_kept = rows <= most_rows and size <= _MOST_CHARACTERS
        return is_changed

    def _rows(self, trial: Trial, relations: SweptRelations, groups: Collection[_Group]) -> Rows:
        """What the statement gives over groups."""
        if not self._places:
            return trial.over_all(self._sql, relations)
        wanted = set(groups)
        some = [each for each in relations.processes() if self._group_of(each)[0] in wanted]
        return trial.over(self._sql, relations, some)

    def _ask(self, trial: Trial, relations: SweptRelations, groups: list[_Group]) -> bool:
        """Finds out what groups give, most of which give nothing. Whether it does."""
        parts = [groups]
        while parts:
            part = parts.pop()
            try:
                found = self._rows(trial, relations, part)
            except _FAULTS:
                return False
            if not _is_plain(found):
                return False
            if found.rows and len(part) > 1:
                middle = len(part) // 2
                parts += [part[:middle], part[middle:]]
                continue
            answer = _Answer(found.rows, _OF_AN_ANSWER + sum(map(characters, found.rows)))
            for group in part:
                self._answers[self._sums[group] or None] = answer
                self._size += answer.size
        return True


def _is_plain(found: Rows) -> bool:
    """Whether the sum of such answers is what a verdict is made of, in any order.

    Numbers that are equal as keys may differ as values: 1 and 1.0.
    """
    has_floats = any(isinstance(cell, float) for row in found.rows for cell in row)
    return found.cut is None and not has_floats and "veredicto" not in found.columns
