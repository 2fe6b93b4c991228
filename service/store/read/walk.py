"""Walks over what the servers of the fleet show, in the order of an answer, by bounded work.

A position names a server and something that it shows: a slot, or the id of a name. A walk gives
ranges of positions; what an answer contains lies in them and nowhere else. It ends where it comes
to the last server, or once it has made as many steps as one page may: then it says how far it came,
and the next page goes on from there.

A step is a row that is looked at. Where few names are asked for, the servers that show them are
looked up, and the walk leaves out all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from service.store.engines import Connection
from service.store.read.moments import Moment, MomentReader
from service.store.read.name_filters import LoginFilter, ProcessFilter
from service.store.read.tags import BEARERS, parameters_of_tag
from service.store.slots import SLOT_BITS
from service.store.tag_format import WantedTag

NAME_BITS = 31  # of a position are the id of a name

_MAX_SERVERS = 16_384  # that are looked at together
_GROWTH = 8  # of how many are, from time to time
_STEPS_OF_A_STANDING = 4  # of one server at a moment, and of a name that it shows at a moment


class Effort(NamedTuple):
    """The work that a page may take."""

    steps: int
    names: int = 100_000  # in the dictionary, to be compared with a pattern
    few_names: int = 1_000  # whose servers are looked up
    servers: int = 16  # that are looked at together at first
    chunk: int = 2_000  # steps before the rows of a range are read


OF_A_PAGE = Effort(steps=60_000)
OF_A_FILE = Effort(steps=600_000)


class Range(NamedTuple):
    """The positions after one, up to and including another."""

    after: int
    last: int

    def parameters(self, bits: int) -> dict[str, int]:
        """The parameters of the queries that read a range."""
        first, mask = self.after + 1, (1 << bits) - 1
        return {
            "server_id": first >> bits,
            "slot": (first & mask) - 1,
            "last_server_id": self.last >> bits,
            "last_slot": self.last & mask,
        }


@dataclass(frozen=True, slots=True)
class WalkQueries:
    """The queries of a walk."""

    last_server: str
    last_name: str
    names: str
    servers: str
    steps: str
    tagged: str

    @classmethod
    def of(cls, queries: Mapping[str, str], kind: str, time: str) -> WalkQueries:
        """kind: process or login; time: now, at or ever."""
        names = ("last_server", *_QUERIES[kind, time], BEARERS)
        return cls(*(queries[name] for name in names))


_OF_PROCESSES = ("last_process_name", "process_names_matching")
_OF_LOGINS = ("last_login_name", "login_names_matching")
_QUERIES = {
    ("process", "now"): (*_OF_PROCESSES, "servers_of_process_now", "process_steps_now"),
    ("process", "at"): (*_OF_PROCESSES, "servers_of_process_at", "process_steps_at"),
    ("process", "ever"): (*_OF_PROCESSES, "servers_of_process_ever", "process_steps_ever"),
    ("login", "now"): (*_OF_LOGINS, "servers_of_login_now", "login_steps_now"),
    ("login", "at"): (*_OF_LOGINS, "servers_of_login_at", "login_steps_at"),
    ("login", "ever"): (*_OF_LOGINS, "servers_of_login_ever", "login_steps_ever"),
}


class Walk:
    """A walk over what runs now. `after` is where the page ended, null at the end of the fleet."""

    bits = SLOT_BITS
    steps_of_a_sighting = 1

    def __init__(
        self,
        connection: Connection,
        queries: WalkQueries,
        criteria: ProcessFilter | LoginFilter,
        parameters: Mapping[str, Any],
        effort: Effort,
    ) -> None:
        """parameters: those of the criteria, and of now or the moment."""
        self.connection = connection
        self.queries = queries
        self.parameters = parameters
        self.after: int | None = None
        self._criteria = criteria
        self._effort = effort
        self._made = 0  # steps
        self._chunk = effort.chunk
        self._names: list[int] | None = None  # null: too many to look them up
        self._tag: Mapping[str, Any] | None = None

    def of_tag(self, wanted: WantedTag | None, told_until: int) -> None:
        """Keeps the servers that had a tag, as it was told until then; null keeps all."""
        if wanted is not None:
            self._tag = parameters_of_tag(wanted, told_until)

    @property
    def left(self) -> int:
        """Steps that this page may still make, at least one."""
        return max(1, self._effort.steps - self._made)

    def ranges(self, after: int) -> Iterator[Range]:
        """The ranges after a position. Many ranges without a row are left out."""
        (last_server,) = self.connection.execute(self.queries.last_server).fetchone()
        self._names = self._matching_names()
        if last_server is None or self._names == []:
            return
        end, width = self._end_of(last_server), self._effort.servers
        while after < end:
            first = (after + 1) >> self.bits
            width = min(width, self.left // _STEPS_OF_A_STANDING + 1, _MAX_SERVERS)
            last = min(first + width - 1, last_server)
            for stretch in self.stretches(first, last):
                for part in self._parts(Range(max(after, stretch.after), stretch.last)):
                    yield part
                    after = part.last
                    if self._made >= self._effort.steps and after < end:
                        self.after = after
                        return
            after, width = self._end_of(last), width * _GROWTH
            if self._made >= self._effort.steps and after < end:
                self.after = after
                return

    def made(self, steps: int) -> None:
        """Counts steps."""
        self._made += steps

    def stretches(self, first: int, last: int) -> Iterable[Range]:
        """Where rows may lie on servers `first` to `last`."""
        tagged = self.tagged(first, last)
        if tagged is None:
            return joined(self.servers(first, last), self.bits)
        found = self.servers(first, last) if tagged else ()
        return joined((each for each in found if each in tagged), self.bits)

    def tagged(self, first: int, last: int) -> set[int] | None:
        """Those of these servers that had the tag; null: none is asked for."""
        if self._tag is None:
            return None
        place = {**self._tag, "first": first, "last": last}
        found = {each for (each,) in self.connection.execute(self.queries.tagged, place)}
        self.made(1 + len(found))
        return found

    def servers(self, first: int, last: int) -> Iterable[int]:
        """Those of these servers that may show rows, in their order."""
        found = self.sightings(first, last)
        return range(first, last + 1) if found is None else sorted({each for each, _ in found})

    def sightings(self, first: int, last: int) -> list[tuple[int, int]] | None:
        """Server and name where these servers show a name that is asked for; null: too many."""
        found: list[tuple[int, int]] = []
        most = max(1, self.left // 2)
        for name_id in self._names or ():
            place = {"name_id": name_id, "first": first, "last": last, "limit": most + 1}
            rows = self.connection.execute(
                self.queries.servers, {**self.parameters, **place}
            ).fetchall()
            steps = 1 + len(rows) * self.steps_of_a_sighting
            self.made(steps)
            most -= steps
            if most < 0:
                self._names = None
            if self._names is None:
                break
            found += [(server_id, name_id) for server_id, shown in rows if shown]
        return None if self._names is None else found

    def advance(self, part: Range, steps: int) -> tuple[int, int]:
        """How many steps, about so many at most, lead how far into a range."""
        place = {**self.parameters, **part.parameters(self.bits), "steps": steps}
        made, reached = self.connection.execute(self.queries.steps, place).fetchone()
        return made, part.last if made < steps else reached

    def _parts(self, stretch: Range) -> Iterator[Range]:
        """A stretch in parts that take few steps each, the first ones the fewest."""
        after = stretch.after
        while after < stretch.last:
            part = Range(after, stretch.last)
            made, after = self.advance(part, min(self._chunk, self.left))
            self.made(made)
            yield Range(part.after, after)
            if after < stretch.last:
                self._chunk *= 2

    def _matching_names(self) -> list[int] | None:
        """Ids of the names that are asked for; null if they are all or too many."""
        if not self._criteria.is_by_name:
            return None
        if not self._criteria.is_exact:
            (names,) = self.connection.execute(self.queries.last_name).fetchone()
            if (names or 0) > self._effort.names:
                return None
        limit = {"limit": self._effort.few_names + 1, "oldest_name": 0}
        rows = self.connection.execute(self.queries.names, {**self.parameters, **limit}).fetchall()
        return [each for (each,) in rows] if len(rows) <= self._effort.few_names else None

    def _end_of(self, server_id: int) -> int:
        return ((server_id + 1) << self.bits) - 1


class MomentWalk(Walk):
    """A walk over what ran at a moment. It comes to the end of each server that it begins."""

    steps_of_a_sighting = _STEPS_OF_A_STANDING

    def of_servers(self, moments: MomentReader, moment: Moment, *, silent: bool | None) -> None:
        """Keeps the servers that were silent at the moment, or the others; null keeps all."""
        self._of_servers = (moments, moment, silent)

    def servers(self, first: int, last: int) -> Iterable[int]:
        found = super().servers(first, last)
        moments, moment, silent = self._of_servers
        if silent is None:
            return found
        self.made((last + 1 - first) * _STEPS_OF_A_STANDING)
        wanted = set(moments.servers(self.connection, moment, (first, last), silent=silent))
        return [server_id for server_id in found if server_id in wanted]

    def advance(self, part: Range, steps: int) -> tuple[int, int]:
        made, before = 0, part.after >> self.bits
        place = {**self.parameters, **part.parameters(self.bits)}
        for server_id, of_server in self.connection.execute(self.queries.steps, place):
            made += of_server + server_id - before  # a server without a record is a step, too
            before = server_id
            if made >= steps:
                return made, self._end_of(server_id)
        return made + (part.last >> self.bits) - before, part.last


class NameWalk(Walk):
    """A walk over the names that servers ever showed."""

    bits = NAME_BITS

    def stretches(self, first: int, last: int) -> Iterable[Range]:
        tagged = self.tagged(first, last)
        found = self.sightings(first, last) if tagged or tagged is None else []
        if found is None:
            servers = range(first, last + 1) if tagged is None else sorted(tagged)
            return joined(servers, self.bits)
        places = (
            server_id << self.bits | name_id
            for server_id, name_id in sorted(found)
            if tagged is None or server_id in tagged
        )
        return [Range(place - 1, place) for place in places]

    def advance(self, part: Range, steps: int) -> tuple[int, int]:
        if part.last - part.after == 1:
            return 1, part.last
        return super().advance(part, steps)


def joined(servers: Iterable[int], bits: int) -> list[Range]:
    """The ranges of these servers, one for neighbours."""
    found: list[Range] = []
    for server_id in servers:
        after, last = (server_id << bits) - 1, ((server_id + 1) << bits) - 1
        if found and found[-1].last == after:
            found[-1] = Range(found[-1].after, last)
        else:
            found.append(Range(after, last))
    return found
