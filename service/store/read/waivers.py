"""Waivers: which hold at a moment, and what they cover then.

A waiver covers what fails by its rule on its servers, as their tags and addresses are at that
moment. It changes no verdict.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Any, NamedTuple

from service import times
from service.errors import WaiverNotFoundError
from service.store.engines import MAX_INTEGER, Connection, Database
from service.store.read.moments import Moment, moment_of_verdicts
from service.store.read.tags import Told
from service.store.read.waived_servers import WaivedServers
from service.store.waiver_format import fits
from service.times import DAY

_KEYED = "clave"  # the kind of a violation that has a key
_TOLD_BEFORE = 7 * DAY  # that it comes to its end
_PART = 10  # or that part of its length, if it is less


class Waiver(NamedTuple):
    """A waiver, as it was told. Times in microseconds.

    One of server_id, tag and network says what it covers. key: JSON of the values of `clave` that
    it is about; null for all.
    """

    id: int
    rule: str
    server_id: int | None
    tag_key: str | None
    tag_value: str | None
    network: str | None
    key: str | None
    reason: str
    told_by: str | None
    at: int
    until_at: int
    revoked_at: int | None
    revoked_by: str | None

    @property
    def ends_at(self) -> int:
        return self.until_at if self.revoked_at is None else min(self.until_at, self.revoked_at)

    @property
    def warns_at(self) -> int:
        """From when on it comes to its end."""
        return self.until_at - min(_TOLD_BEFORE, (self.until_at - self.at) // _PART)

    @property
    def tag(self) -> str | None:
        return None if self.tag_key is None else f"{self.tag_key}={self.tag_value}"


class ShownWaiver(NamedTuple):
    """A waiver at a moment. state: vigente, por_vencer, ociosa, terminada.

    is_reserved: its rule reads command lines, so its key is for administrators. violations,
    servers: how many open violations it covers, and on how many servers.
    """

    waiver: Waiver
    state: str
    is_reserved: bool
    violations: int
    servers: int


def covers(waiver: Waiver, kind: str, key: str | Mapping[str, object]) -> bool:
    """Whether it is about a violation of its rule on its servers; key: JSON, or what it says."""
    return waiver.key is None or (kind == _KEYED and _fits(waiver.key, key))


class _OfRule(NamedTuple):
    """of_all: by server, that which ends last of those of all keys. of_keys: the others."""

    of_all: Mapping[int, Waiver]
    of_keys: Sequence[tuple[Waiver, AbstractSet[int]]]


class WaiversInForce:
    """The waivers that hold at a moment. Use it while its snapshot lasts.

    found: by rule, that which ends last first.
    """

    def __init__(self, found: Mapping[str, list[Waiver]], servers: WaivedServers) -> None:
        self._of_rule, self._servers = found, servers
        self._prepared: dict[str, _OfRule] = {}

    @property
    def is_empty(self) -> bool:
        return not self._of_rule

    def covering(
        self, rule: str, server_id: int, kind: str, key: str | Mapping[str, object]
    ) -> Iterator[Waiver]:
        """Those that cover a violation; key: JSON, or what it says. What ends last comes first."""
        for waiver in self._of_rule.get(rule, ()):
            if server_id in self._about(waiver) and covers(waiver, kind, key):
                yield waiver

    def _about(self, waiver: Waiver) -> AbstractSet[int]:
        if waiver.server_id is not None:
            return {waiver.server_id}
        if waiver.network is not None:
            return self._servers.in_network(waiver.network)
        return self._servers.with_tag(waiver.tag_key or "", waiver.tag_value or "")

    def lasting(
        self, rule: str, server_id: int, kind: str, key: str | Mapping[str, object]
    ) -> Waiver | None:
        """That which covers a violation for the longest time."""
        if rule not in self._of_rule:
            return None
        if rule not in self._prepared:
            self._prepared[rule] = self._prepare(rule)
        of_rule = self._prepared[rule]
        found = of_rule.of_all.get(server_id)
        for waiver, servers in of_rule.of_keys:
            if found is not None and found.until_at >= waiver.until_at:
                break
            if server_id in servers and covers(waiver, kind, key):
                return waiver
        return found

    def _prepare(self, rule: str) -> _OfRule:
        """Many violations of a rule are asked for, and few waivers name a key."""
        of_all: dict[int, Waiver] = {}
        waivers = self._of_rule[rule]
        for waiver in reversed(waivers):  # that which ends last stays
            if waiver.key is None:
                of_all.update(dict.fromkeys(self._about(waiver), waiver))
        keyed = [(each, self._about(each)) for each in waivers if each.key is not None]
        return _OfRule(of_all, keyed)


class WaiverReader:
    """Its methods take a snapshot. now: our clock, for which a moment that is null stands."""

    def __init__(self, queries: Mapping[str, str]) -> None:
        self._queries = queries

    def in_force(
        self,
        connection: Connection,
        moment: Moment | None,
        now: int,
        judged: Moment | None = None,
    ) -> WaiversInForce:
        """judged: the moment of their servers' tags and addresses, if it is not this one."""
        rows = connection.execute(self._queries["waivers_in_force"], _told(moment, now))
        found: defaultdict[str, list[Waiver]] = defaultdict(list)
        for waiver in (Waiver(*row) for row in rows.fetchall()):
            found[waiver.rule].append(waiver)
        servers = WaivedServers(connection, self._queries, judged or moment)
        return WaiversInForce(found, servers)

    def waived(
        self,
        connection: Connection,
        moment: Moment | None,
        now: int,
        rule: str | None = None,
        server_id: int | None = None,
    ) -> dict[tuple[str, int], Waiver]:
        """Rules and servers of which all that fails at a moment is waived.

        With the waiver that ends first. rule, server_id: of these alone.
        """
        in_force = self.in_force(connection, moment, now)
        if in_force.is_empty:
            return {}
        found: dict[tuple[str, int], Waiver | None] = {}
        held_at = _told(moment, now)["moment"]
        for of_rule, server, kind, key, shows in self._open(
            connection, moment, held_at, rule, server_id
        ):
            if not shows:
                continue
            waiver, place = in_force.lasting(of_rule, server, kind, key), (of_rule, server)
            before = found.get(place, waiver)
            if waiver is None or before is None:
                found[place] = None
            else:
                found[place] = min(before, waiver, key=lambda each: each.until_at)
        return {place: waiver for place, waiver in found.items() if waiver is not None}

    def told_until(self, connection: Connection, moment: Moment | None, now: int) -> list[Waiver]:
        """Every waiver that was told until a moment, the newest first, as it was known then."""
        told = {"told_until": _told(moment, now)["told_until"]}
        return [Waiver(*row) for row in connection.execute(self._queries["waivers"], told)]

    def shown(
        self,
        connection: Connection,
        moment: Moment | None,
        now: int,
        judged: Moment | None = None,
    ) -> list[ShownWaiver]:
        """Every waiver that was told until a moment, the newest first, and what it covers then.

        judged: the moment at which what it covers is counted, if it is not this one.
        """
        in_force = self.in_force(connection, moment, now, judged)
        told = _told(moment, now)
        covered: defaultdict[int, list[int]] = defaultdict(list)
        for rule, server, kind, key, _ in self._open(connection, judged or moment, told["moment"]):
            for waiver in in_force.covering(rule, server, kind, key):
                covered[waiver.id].append(server)
        reserved = {rule for (rule,) in connection.execute(self._queries["reserved_rules"])}
        return [
            ShownWaiver(
                waiver,
                _state(waiver, told["moment"], is_idle=waiver.id not in covered),
                waiver.rule in reserved,
                len(covered[waiver.id]) if waiver.id in covered else 0,
                len(set(covered[waiver.id])) if waiver.id in covered else 0,
            )
            for waiver in self.told_until(connection, moment, now)
        ]

    def _open(
        self,
        connection: Connection,
        moment: Moment | None,
        held_at: int,
        rule: str | None = None,
        server_id: int | None = None,
    ) -> list[tuple[str, int, str, str, int]]:
        """What goes on at a moment by rules of which waivers hold at held_at."""
        wanted = {"rule": rule, "server_id": server_id, "held_at": held_at}
        query = self._queries["open_keys"]
        return connection.execute(query, moment_of_verdicts(moment) | wanted).fetchall()


class WaiverStore:
    """Its methods raise StorageUnavailableError."""

    def __init__(
        self,
        database: Database,
        queries: Mapping[str, str],
        clock: Callable[[], int] = times.now,
    ) -> None:
        self._database, self._clock = database, clock
        self._reader = WaiverReader(queries)

    def all(self, moment: Moment | None = None, judged: Moment | None = None) -> list[ShownWaiver]:
        """Those that were told until a moment, the newest first, as they were then.

        judged: the moment at which what they cover is counted, if it is not this one.
        """
        with self._database.snapshot() as connection:
            return self._reader.shown(connection, moment, self._clock(), judged)

    def one(self, waiver_id: int, moment: Moment | None = None) -> ShownWaiver:
        """Raises WaiverNotFoundError."""
        for shown in self.all(moment):
            if shown.waiver.id == waiver_id:
                return shown
        raise WaiverNotFoundError(waiver_id)


def _told(moment: Moment | None, now: int) -> dict[str, int]:
    """Now, all waivers count that were told, also if our own clock was set back since."""
    if moment is None:
        return {"moment": now, "told_until": MAX_INTEGER}
    return {"moment": moment.at, "told_until": Told.at(moment).told_until}


def _state(waiver: Waiver, at: int, *, is_idle: bool) -> str:
    if waiver.revoked_at is not None or waiver.until_at <= at:
        return "terminada"
    if is_idle:
        return "ociosa"
    return "por_vencer" if waiver.warns_at <= at else "vigente"


def _fits(wanted: str, key: str | Mapping[str, object]) -> bool:
    return fits(_parsed(wanted), _parsed(key) if isinstance(key, str) else key)


@lru_cache(maxsize=4096)
def _parsed(key: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(key)
    return found
