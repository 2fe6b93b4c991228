"""Where a statement reads relations, and the conditions that every row has to meet there.

A row that does not meet them changes nothing of the answer: no join, group or count sees it. The
words of the statement tell. In doubt there is no answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from service.policies.rules.relations import HIDDEN, RELATIONS
from service.policies.rules.sql_text import Token, parentheses, tokens

_PARTS = {"FROM", "WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT"}  # of a SELECT
_COMPOUND = {"UNION", "EXCEPT", "INTERSECT"}
_QUERIES = {"SELECT", "WITH", "VALUES"}
_OUTER = {"LEFT", "RIGHT", "FULL", "OUTER", "NATURAL"}  # rows may stand there without a partner
_JOINS = {",", "JOIN", "INNER", "CROSS"} | _OUTER
# Without GROUP BY, their answer has a row even where nothing is left.
_AGGREGATES = {"count", "sum", "total", "avg", "min", "max", "group_concat", "string_agg"}
_NAMES = {"word", "identifier"}
_ROWS = {"procesos_vigentes": 300, "processes": 300, "procesos_listados": 30, "listas": 1_000}
_PREFERRED = ("etiquetas", "procesos_listados")  # as what is needed, in this order


class Source(NamedTuple):
    """A relation in one place where it is read.

    conditions: SQL. Some may name columns of other relations, and say nothing of this one alone.
    """

    relation: str
    alias: str
    conditions: tuple[str, ...]


class Sources(NamedTuple):
    """read: all of them. needed: without a row of any of these, the answer has none; null: unknown.

    is_filter: whether it is one SELECT that reads one relation. SQLite may look at the conditions
    of others in any order. most: rows to look at where those of needed have none, roughly.
    """

    read: tuple[Source, ...]
    needed: tuple[Source, ...] | None
    is_filter: bool
    most: float


def sources(sql: str) -> Sources | None:
    """Null where the statement is none that is understood here."""
    found = tokens(sql)
    while found and found[-1].text == ";":
        found.pop()
    ends = parentheses(found)
    if ends is None:
        return None
    try:
        reader = _Reader(sql, found, ends)
        needed = reader.query(0, len(found), {})
    except _UnclearError:
        return None
    named = sum(
        token.kind in _NAMES and token.name in RELATIONS and reader.text(at + 1) != "."
        for at, token in enumerate(found)
    )
    if named != len(reader.read):  # one stands where none was looked for
        return None
    is_filter = len(reader.read) == sum(token.keyword == "SELECT" for token in found) == 1
    without = _Reader(sql, found, ends, needed or ())
    without.query(0, len(found), {})
    needs = None if needed is None else tuple(needed)
    return Sources(tuple(reader.read), needs, is_filter, without.most)


class _UnclearError(Exception):
    """The statement is none that is understood here."""


_Needed = Sequence[Source] | None
_Range = tuple[int, int]  # places of tokens, the last one excluded


class _Reader:
    """read, most: what was found so far."""

    def __init__(
        self,
        sql: str,
        found: Sequence[Token],
        ends: Mapping[int, int],
        absent: Sequence[Source] = (),
    ) -> None:
        self._sql, self._tokens, self._ends, self._absent = sql, found, ends, absent
        self.read: list[Source] = []
        self.most = 1.0
        # Queries of WITH clauses.
        self._most_of: dict[str, float] = {}
        self._named: set[str] = set()  # WITH queries that some FROM names

    def text(self, at: int) -> str:
        """The text of a token, in capitals; none behind the last."""
        return self._tokens[at].keyword if at < len(self._tokens) else ""

    def query(self, first: int, last: int, around: Mapping[str, _Needed]) -> _Needed:
        """What a query needs. around: what those of WITH clauses need that it may name."""
        names = dict(around)
        if self.text(first) == "WITH":
            first = self._read_with(first + 1, last, names)
        needed = [self._select(*core, names) for core in self._split(first, last, _COMPOUND)]
        if not needed:
            raise _UnclearError
        if any(each is None for each in needed):
            return None
        return [source for each in needed for source in each or ()]

    def _read_with(self, at: int, last: int, names: dict[str, _Needed]) -> int:
        """Notes what the queries of a WITH clause need. The place of what stands behind it."""
        at += self.text(at) == "RECURSIVE"
        while at < last:
            name = self._name(at)
            if name in RELATIONS | HIDDEN or name in names:  # it may be either, before this place
                raise _UnclearError
            at += 1
            if self.text(at) == "(":
                at = self._ends[at]
            while self.text(at) in {"AS", "NOT", "MATERIALIZED"}:
                at += 1
            if self.text(at) != "(":
                raise _UnclearError
            before, self.most, self._most_of[name] = self.most, 1.0, 1.0
            self._named.discard(name)
            # By itself, a query that reads what it gives gives nothing.
            needed = self.query(at + 1, self._ends[at] - 1, names | {name: ()})
            has_none = bool(needed) and all(source in self._absent for source in needed or ())
            if name in self._named and not has_none:
                self.most = math.inf
            names[name] = needed
            self._most_of[name], self.most = self.most, before
            at = self._ends[at]
            if self.text(at) != ",":
                break
            at += 1
        return at

    def _select(self, first: int, last: int, names: Mapping[str, _Needed]) -> _Needed:
        """What one SELECT needs; the last one has the order and the limit of the whole."""
        first += self.text(first) == "ALL"
        if self.text(first) != "SELECT":
            raise _UnclearError
        parts = self._parts(first, last)
        from_, until = parts.get("FROM", (last, last))
        items = list(self._split(from_ + 1, until, _JOINS)) if "FROM" in parts else []
        own = {at for at, end in items if self.text(at) == "("}
        self._read_nested(first, last, own, names)
        is_outer = any(self.text(at) in _OUTER for at in self._outermost(from_, until))
        conditions: list[str] = []
        if not is_outer:
            ranges = [(on + 1, end) for at, end in items for on in [self._on(at, end)] if on < end]
            ranges += [(at + 1, end) for at, end in [parts.get("WHERE", (0, 1))] if at]
            for at, end in ranges:
                conditions += self._conditions(at, end)
        needed = [self._item(at, self._on(at, end), conditions, names) for at, end in items]
        counts_none = "GROUP" not in parts and any(
            self._tokens[at].name in _AGGREGATES and self.text(at + 1) == "("
            for at in range(first, last)
        )
        if is_outer or counts_none:
            return None
        return min((each for each in needed if each is not None), key=_preference, default=None)

    def _parts(self, first: int, last: int) -> dict[str, _Range]:
        """The parts of a SELECT, by the word with which each begins."""
        begins = [
            at
            for at in self._outermost(first, last)
            if self.text(at) in _PARTS
            and not (self.text(at) == "FROM" and self.text(at - 1) == "DISTINCT")
        ]
        found = {
            self.text(at): (at, end) for at, end in zip(begins, [*begins, last][1:], strict=True)
        }
        if len(found) != len(begins):
            raise _UnclearError
        # As a name it may stand among the relations.
        window = found.get("WINDOW")
        if window and [self.text(window[0] + 2), self.text(window[0] + 3)] != ["AS", "("]:
            raise _UnclearError
        return found

    def _read_nested(
        self, first: int, last: int, own: set[int], names: Mapping[str, _Needed]
    ) -> None:
        """Reads the queries in a SELECT. own: where those of FROM begin."""
        at = first
        while at < last:
            if self.text(at) == "IN" and self.text(at + 1) != "(":
                raise _UnclearError
            if self.text(at) == "(" and self.text(at + 1) in _QUERIES:
                if at not in own:
                    self.query(at + 1, self._ends[at] - 1, names)
                at = self._ends[at]
            else:
                at += 1

    def _on(self, first: int, last: int) -> int:
        """Where the condition of a join begins."""
        return next((at for at in self._outermost(first, last) if self.text(at) == "ON"), last)

    def _item(
        self, at: int, end: int, conditions: Sequence[str], names: Mapping[str, _Needed]
    ) -> _Needed:
        """What a relation or a query in FROM needs to give a row; null where that is unknown."""
        if self.text(at) == "(":
            behind = self._ends[at]
            if self.text(at + 1) not in _QUERIES or behind > end:
                raise _UnclearError
            self._alias(behind, end)
            return self.query(at + 1, behind - 1, names)
        name = self._name(at)
        alias = self._alias(at + 1, end) or self._tokens[at].text
        if name in names:
            self._named.add(name)
            self.most *= self._most_of[name]
            return names[name]
        if name not in RELATIONS:
            raise _UnclearError
        source = Source(name, alias, tuple(conditions))
        self.read.append(source)
        self.most *= 1 if source in self._absent else _ROWS.get(name, 10)
        return [source]

    def _alias(self, at: int, end: int) -> str | None:
        at += self.text(at) == "AS"
        if at == end:
            return None
        if at + 1 != end:
            raise _UnclearError
        self._name(at)
        return self._tokens[at].text

    def _name(self, at: int) -> str:
        if at >= len(self._tokens) or self._tokens[at].kind not in _NAMES:
            raise _UnclearError
        return self._tokens[at].name or ""

    def _conditions(self, first: int, last: int) -> Iterator[str]:
        """What stands between the ANDs of a condition, or all of it."""
        words = [self.text(at) for at in range(first, last)]
        if words.count("CASE") != words.count("END"):
            return
        begin, cases, betweens = first, 0, 0
        cuts: list[int] = []
        for at in self._outermost(first, last):
            word = self.text(at)
            cases += (word == "CASE") - (word == "END")
            if cases:
                continue
            betweens += word == "BETWEEN"
            if word == "OR":
                cuts = []
                break
            if word == "AND" and betweens:
                betweens -= 1
            elif word == "AND":
                cuts.append(at)
        for cut in [*cuts, last]:
            if begin < cut:
                token = self._tokens[cut - 1]
                yield self._sql[self._tokens[begin].start : token.start + len(token.text)]
            begin = cut + 1

    def _outermost(self, first: int, last: int) -> Iterator[int]:
        """The places that stand in no parenthesis; of each of these, where it begins."""
        at = first
        while at < last:
            yield at
            at = self._ends[at] if self.text(at) == "(" else at + 1

    def _split(self, first: int, last: int, at_words: set[str]) -> Iterator[_Range]:
        """What stands between words; nothing between two of them is left out."""
        begin = first
        for at in self._outermost(first, last):
            if self.text(at) in at_words:
                if begin < at:
                    yield begin, at
                begin = at + 1
        if begin < last:
            yield begin, last


def _preference(needed: Sequence[Source]) -> tuple[int, bool]:
    """The fewer rows a relation has, and the more conditions there are, the better."""
    places = [
        _PREFERRED.index(source.relation) if source.relation in _PREFERRED else len(_PREFERRED)
        for source in needed
    ]
    return max(places, default=0), not all(source.conditions for source in needed)
