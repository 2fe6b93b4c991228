"""The whole fleet against all rules at one moment."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from service import times
from service.store.engines import Connection, Database
from service.store.read.moments import Moment, moment_of_verdicts
from service.store.read.tags import tagged_at
from service.store.read.waivers import WaiverReader
from service.store.tag_format import WantedTag


class MatrixRule(NamedTuple):
    """controls: by framework, as they were at the moment; so is the severity."""

    rule: str
    severity: str
    controls: Mapping[str, Sequence[str]]


class MatrixServer(NamedTuple):
    """Verdicts of a server as bit masks: bit n is the rule at position n of the matrix.

    A rule that judged the server and is in no other mask passes. waived: of those that fail, the
    rules of which all that fails is waived.
    """

    server_id: int
    ip_server: str
    nombre_host: str | None
    judged: int
    failing: int
    unknown: int
    not_applicable: int
    waived: int = 0

    @property
    def passing(self) -> int:
        return self.judged & ~(self.failing | self.unknown | self.not_applicable)

    def verdict(self, position: int) -> str | None:
        """falla, desconocido, no_aplica, cumple; null where the rule has not judged the server."""
        bit = 1 << position
        if not self.judged & bit:
            return None
        for state, mask in (
            ("no_aplica", self.not_applicable),
            ("desconocido", self.unknown),
            ("falla", self.failing),
        ):
            if mask & bit:
                return state
        return "cumple"

    def is_waived(self, position: int) -> bool:
        return bool(self.waived >> position & 1)


@dataclass(frozen=True, slots=True)
class Matrix:
    """rules: those that judge a server at the moment, by name. servers: by number."""

    rules: Sequence[MatrixRule]
    servers: Sequence[MatrixServer]

    def of_rules(self, severity: str | None, framework: str | None = None) -> Matrix:
        """The matrix of the rules with this severity that name a control of a framework.

        Null asks for nothing.
        """
        if severity is None and framework is None:
            return self
        wanted = [
            n
            for n, rule in enumerate(self.rules)
            if severity in {None, rule.severity}
            and (framework is None or rule.controls.get(framework))
        ]

        def part(mask: int) -> int:
            return sum(1 << at for at, n in enumerate(wanted) if mask >> n & 1)

        servers = [MatrixServer(*server[:3], *map(part, server[3:])) for server in self.servers]
        return Matrix([self.rules[n] for n in wanted], servers)

    def counts(self, masks: Iterable[int]) -> list[int]:
        """In how many masks each rule stands, by position."""
        found = [0] * len(self.rules)
        for mask in masks:
            left = mask
            while left:
                found[(left & -left).bit_length() - 1] += 1
                left &= left - 1
        return found

    def names(self, mask: int) -> list[str]:
        """The rules of a mask."""
        found = []
        while mask:
            found.append(self.rules[(mask & -mask).bit_length() - 1].rule)
            mask &= mask - 1
        return found


def worst_first(matrix: Matrix) -> list[MatrixServer]:
    """The servers with the most severe failures first, then with the most, then the unknown.

    What is waived comes last.
    """
    severe = [
        sum(1 << n for n, rule in enumerate(matrix.rules) if rule.severity == severity)
        for severity in ("critica", "alta", "media", "baja")
    ]
    return sorted(
        matrix.servers,
        key=lambda server: (
            *(-(server.failing & ~server.waived & mask).bit_count() for mask in severe),
            -server.unknown.bit_count(),
            *(-(server.waived & mask).bit_count() for mask in severe),
            server.server_id,
        ),
    )


class MatrixStore:
    """clock: for waivers, which end by themselves."""

    def __init__(
        self,
        database: Database,
        queries: Mapping[str, str],
        clock: Callable[[], int] = times.now,
    ) -> None:
        self._database, self._queries, self._clock = database, queries, clock
        self._waivers = WaiverReader(queries)

    def matrix(self, moment: Moment | None, tag: WantedTag | None = None) -> Matrix:
        """Of the servers that have a tag at the moment. Raises StorageUnavailableError."""
        parameters = moment_of_verdicts(moment) | tagged_at(tag, moment)
        with self._database.snapshot() as connection:
            groups = self._groups(connection, parameters)
            texts = connection.execute(
                self._queries["judging_texts"], parameters | {"words_at": parameters["moment"]}
            ).fetchall()
            names = connection.execute(self._queries["server_names"], parameters).fetchall()
            pairs = self._waivers.waived(connection, moment, self._clock())
        masks = _Masks({text_id: rule for text_id, rule, *_ in texts}, groups)
        rules = {
            rule: MatrixRule(rule, severity, json.loads(controls))
            for _, rule, severity, controls in texts
        }
        waived: defaultdict[int, int] = defaultdict(int)
        for rule, server_id in pairs:
            waived[server_id] |= masks.bit(rule)
        servers = []
        for server_id, address, host in names:
            found = groups.get(server_id, {})
            judged = masks.of(found.get("juzga"))
            unknown, not_applicable, failing = (
                masks.of(found.get(state)) & judged
                for state in ("desconocido", "no_aplica", "falla")
            )
            failing &= ~(unknown | not_applicable)
            verdicts = (judged, failing, unknown, not_applicable, waived[server_id] & failing)
            servers.append(MatrixServer(server_id, address, host, *verdicts))
        return Matrix([rules[rule] for rule in masks.rules], servers)

    def _groups(
        self, connection: Connection, parameters: Mapping[str, str | int | None]
    ) -> dict[int, dict[str, str]]:
        """By server and state: the numbers of texts, joined by commas."""
        groups: defaultdict[int, dict[str, str]] = defaultdict(dict)
        for server_id, state, texts in connection.execute(
            self._queries["verdict_groups"], parameters
        ):
            groups[server_id][state] = texts
        return groups


class _Masks:
    """rules: those of which a text judges a server. Most servers have the same few groups."""

    def __init__(self, rule_of: Mapping[int, str], groups: Mapping[int, Mapping[str, str]]) -> None:
        judging = {texts for found in groups.values() for texts in [found.get("juzga")] if texts}
        ids = {text_id for texts in judging for text_id in _numbers(texts)}
        self.rules = sorted({rule_of[text_id] for text_id in ids})
        self._bit_of_rule = {rule: 1 << n for n, rule in enumerate(self.rules)}
        self._bits = {text_id: self._bit_of_rule[rule_of[text_id]] for text_id in ids}
        self._known: dict[str, int] = {}

    def bit(self, rule: str) -> int:
        return self._bit_of_rule.get(rule, 0)

    def of(self, texts: str | None) -> int:
        if not texts:
            return 0
        mask = self._known.get(texts)
        if mask is None:
            mask = 0
            for text_id in _numbers(texts):
                mask |= self._bits.get(text_id, 0)
            self._known[texts] = mask
        return mask


def _numbers(texts: str) -> list[int]:
    return [int(number) for number in texts.split(",")]
