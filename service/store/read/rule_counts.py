"""How many servers pass and fail each rule, now or at a moment."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from service.store.engines import MAX_INTEGER, Connection
from service.store.read.moments import Moment, moment_of_verdicts
from service.store.read.tags import BEARERS, tagged_at
from service.store.read.violations import open_counts
from service.store.read.waivers import WaiverReader
from service.store.tag_format import WantedTag


@dataclass(frozen=True, slots=True)
class Counts:
    """Servers by verdict of a rule, and its open violations.

    waived: of the servers that fail, those on which all that fails is waived.
    """

    passing: int = 0
    failing: int = 0
    unknown: int = 0
    not_applicable: int = 0
    not_judged: int = 0
    open_violations: int = 0
    waived: int = 0

    @property
    def share(self) -> int | None:
        """Per cent of the servers to which it applies that pass, rounded down; of none, null."""
        applies = self.passing + self.failing + self.unknown
        return 100 * self.passing // applies if applies else None

    @property
    def applies_to_none(self) -> bool:
        """Whether it judged servers, and applies to none of them."""
        others = self.passing + self.failing + self.unknown + self.not_judged
        return bool(self.not_applicable) and not others


class CountReader:
    """clock: for waivers, which end by themselves."""

    def __init__(self, queries: Mapping[str, str], clock: Callable[[], int]) -> None:
        self._queries, self._clock = queries, clock
        self._waivers = WaiverReader(queries)

    def of(
        self,
        connection: Connection,
        moment: Moment | None,
        names: Iterable[str],
        rule: str | None = None,
        tag: WantedTag | None = None,
    ) -> dict[str, Counts]:
        """names: of the rules to count. rule: the only one of them, so that less is read.

        tag: of servers that have it at the moment.
        """
        of_tag = tagged_at(tag, moment)
        parameters = moment_of_verdicts(moment) | of_tag
        of_rule = {**parameters, "rule": rule}
        judged = dict(connection.execute(self._queries["judged_counts"], of_rule).fetchall())
        servers: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for name, state, count in connection.execute(self._queries["verdict_counts"], of_rule):
            servers[name][state] = count
        for name, total in judged.items():
            servers[name]["cumple"] = total - servers[name].total()
        found: Counter[str] = Counter()
        for name, _, count in open_counts(connection, self._queries, moment, tag):
            found[name] += count
        waived = self._waivers.waived(connection, moment, self._clock(), rule)
        if tag is not None:
            every = of_tag | {"first": 0, "last": MAX_INTEGER}
            tagged = {each for (each,) in connection.execute(self._queries[BEARERS], every)}
            waived = {place: each for place, each in waived.items() if place[1] in tagged}
        waived_servers = Counter(name for name, _ in waived)
        (known,) = connection.execute(self._queries["servers_known_at"], parameters).fetchone()
        return {
            name: Counts(
                passing=servers[name]["cumple"],
                failing=servers[name]["falla"],
                unknown=servers[name]["desconocido"],
                not_applicable=servers[name]["no_aplica"],
                not_judged=max(known - servers[name].total(), 0),
                open_violations=found[name],
                waived=waived_servers[name],
            )
            for name in names
        }
