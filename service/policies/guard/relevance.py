"""Which programs each rule about a server can see: guard/sightings.py, asked of some programs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from service.errors import StatementBrokenError, StatementLimitError, StatementRefusedError
from service.policies.guard.judged_rule import JudgedRule
from service.policies.guard.needs import Needs
from service.policies.guard.running_processes import KTHREADD
from service.policies.guard.sightings import Kind, Relevant, Seen, sightings
from service.policies.guard.swept_relations import SweptRelations, empty_tables
from service.policies.guard.workspace import Workspace
from service.store.engines.image import insert_rows

_MOST_ROWS = 10_000
_SLOTS = 1_048_576  # of a server: sql/guard/tables.sql
_PROBED, _FIRST_PROBED = 1, 5  # the server, and the first pid
# The pids that statements find; null where one breaks.
Finds = Callable[[Collection[str]], Collection[int] | None]
_Key = TypeVar("_Key")


class _Probed(SweptRelations):
    """Relations that show one process of each of some programs, as if they all ran."""

    def kthreadd(self) -> set[int]:
        """The programs in use by whose processes a report tells that it has kernel threads."""
        return {number for number, made in self._programs.items() if made.name == KTHREADD}

    def threads(self) -> set[int]:
        """The programs in use whose names are those of kernel threads."""
        return {number for number, made in self._programs.items() if made.is_thread}

    def running(self, asked: Mapping[_Key, Collection[str]], finds: Finds) -> dict[_Key, set[int]]:
        """Of each key the programs in use of which its statements find a process, where all run.

        The relations hold no report afterwards. What alone breaks a statement counts as found.
        """
        found = {key: set[int]() for key in asked}
        parts = [(list(self._programs), {key for key in asked if asked[key]})]
        while parts:
            part, keys = parts.pop()
            if not part or not keys:
                continue
            self._probe(part)
            broken = set()
            for key in keys:
                pids = finds(asked[key])
                if pids is not None:
                    found[key].update(part[pid - _FIRST_PROBED] for pid in pids)
                elif len(part) == 1:
                    found[key].update(part)
                else:
                    broken.add(key)
            middle = len(part) // 2
            parts += [(part[:middle], broken), (part[middle:], broken)]
        self._clear()
        empty_tables(self.sandbox)
        return found

    def _probe(self, numbers: Sequence[int]) -> None:
        """The relations show a process of each of these programs, and nothing else."""
        self._clear()
        empty_tables(self.sandbox)
        self._server["servidor"] = _PROBED
        rows = [
            (_PROBED * _SLOTS + slot, slot, 0, number, None)
            for slot, number in enumerate(numbers, _FIRST_PROBED)
        ]
        with self.sandbox.trusted() as connection:
            connection.execute("UPDATE elegido SET desde = ?, hasta = ?", (_PROBED, _PROBED))
            self._write(connection, [], [(row, self._programs[row[3]]) for row in rows])


class Relevance:
    """It leaves no report in the relations."""

    def __init__(
        self,
        workspace: Workspace,
        rules: Sequence[JudgedRule],
        broken: Collection[str],
        seconds: float,
    ) -> None:
        """broken: rules that do not run. seconds: of processor, for each statement."""
        self._workspace, self._broken, self._seconds = workspace, broken, seconds
        self._sightings = {rule.id: sightings(workspace.sandbox, rule) for rule in rules}

    def kinds(self) -> Iterator[tuple[str, Kind]]:
        """Of each rule. One of which it is unclear where it applies may see everything."""
        for rule, (applies, seen, needed, needed_tags) in self._sightings.items():
            is_clear = applies is not None and rule not in self._broken
            yield (
                rule,
                Kind(
                    is_clear and seen is not None,
                    is_clear and needed is not None,
                    bool(needed_tags),
                ),
            )

    def of_programs(self, programs: Sequence[Sequence[Any]]) -> Relevant:
        """Which of the programs the rules can see. programs: as SweptRelations takes them."""
        needs = Needs.all(())  # of processes with a name of a list, what stands there
        relations = _Probed(self._workspace.sandbox, self._workspace.names, needs)
        relations.use(programs)
        asked = {
            (rule, kind): statements or ()
            for rule, found in self._sightings.items()
            for kind, statements in zip(Seen._fields, found[:3], strict=True)
        }
        running = relations.running(asked, self._numbers)
        rules = {
            rule: Seen(*(sorted(running[rule, kind]) for kind in Seen._fields))
            for rule in self._sightings
        }
        return Relevant(
            sorted(relations.kthreadd()),
            sorted(relations.threads()),
            {rule: seen for rule, seen in rules.items() if any(seen)},
        )

    def of_tags(self, tags: Sequence[tuple[str, str]]) -> dict[str, list[int]]:
        """The places of the tags, keys with values, that may do where a rule needs processes."""
        empty_tables(self._workspace.sandbox)
        rows = [(place, key, value, "") for place, (key, value) in enumerate(tags)]
        with self._workspace.sandbox.trusted() as connection:
            insert_rows(connection, "main.etiqueta", rows)
        self._workspace.show(None)
        found: dict[str, list[int]] = {}
        for rule, sees in self._sightings.items():
            if sees.needed_tags:
                places = self._numbers(sees.needed_tags)
                found[rule] = list(range(len(tags))) if places is None else sorted(places)
        empty_tables(self._workspace.sandbox)
        return found

    def _numbers(self, statements: Collection[str]) -> set[int] | None:
        """The processes, or servers, that statements find; null where one breaks."""
        found: set[int] = set()
        try:
            for sql in statements:
                rows = self._workspace.sandbox.first(
                    sql, {}, seconds=self._seconds, max_rows=_MOST_ROWS
                )
                if rows.cut:
                    return None
                found.update(int(number or 0) for (number,) in rows.rows)
        except (StatementBrokenError, StatementLimitError, StatementRefusedError):
            return None
        return found
