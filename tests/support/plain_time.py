"""The rules of DESIGN.md section 3, "Time and trust", as plainly as they can be written.

An oracle. It shares no code with the service, keeps nothing between calls, and recomputes
everything from the list of arrivals. `replay` numbers and places them; plain_questions.py answers
questions about the result. `# >` quotes DESIGN.md; READING marks a place where its words have more
than one reading. All times are integers: microseconds since 1970, UTC.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tests.support.plain_identity import Known, Machine, sibling_of

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

ADELANTADO = "adelantado"
ATRASADO = "atrasado"
TARDIO = "tardio"

Server = tuple[str, int]  # identity and sibling


UNKNOWN = Machine()


@dataclass(frozen=True)
class Arrival:
    """A report as it arrives. `t` is `fecha_hora`, `r` the time of arrival by our clock."""

    identity: str
    t: int
    r: int
    had_zone: bool = True  # `fecha_hora` was sent with a zone
    processes: tuple[Hashable, ...] = ()
    logins: tuple[Hashable, ...] = ()
    machine: Machine = UNKNOWN
    sibling: int | None = None  # None: plain_identity.py decides
    replayed: bool = False  # from the archive, with the r that stands there

    @property
    def document(self) -> Hashable:
        """What makes two reports of one server the very same one, their digest."""
        return (self.t, self.processes, self.logins, self.machine)


@dataclass(frozen=True)
class Record:
    """A stored report."""

    order: int  # 1, 2, 3: by arrival over the fleet, as `id_serv`
    server: Server
    number: int  # above 0 in order, below 0 late
    e: int  # its place in time
    rule: int  # the one of the four that placed it
    reloj: str | None
    zona: str | None  # "-03:00"
    our_clock_is_wrong: bool
    arrival: Arrival

    @property
    def t(self) -> int:
        return self.arrival.t

    @property
    def r(self) -> int:
        return self.arrival.r


class Outcome(NamedTuple):
    """What became of an arrival: a new record, or the existing one that it repeats."""

    record: Record
    new: bool


def replay(arrivals: Iterable[Arrival]) -> list[Outcome]:
    """What becomes of each arrival of a fleet, given in order of arrival."""
    outcomes: list[Outcome] = []
    for arrival in arrivals:
        records = [outcome.record for outcome in outcomes if outcome.new]
        outcomes.append(_arrive(arrival, records))
    return outcomes


def stored(arrivals: Iterable[Arrival]) -> list[Record]:
    """The records that a fleet's arrivals leave, in order of arrival."""
    return [outcome.record for outcome in replay(arrivals) if outcome.new]


def newest_in_order(own: Iterable[Record]) -> Record | None:
    """N: "the server's newest record in order", of the records of one server."""
    return max((x for x in own if x.number > 0), key=lambda x: x.number, default=None)


def _arrive(arrival: Arrival, records: Sequence[Record]) -> Outcome:
    siblings = [x for x in records if x.server[0] == arrival.identity]
    if arrival.sibling is not None:
        siblings = [x for x in siblings if x.server[1] == arrival.sibling]
    # > "Retries are found by (server, t, digest), before these rules."
    # READING: before identity too, so a retry finds its record whatever the machine became since.
    # READING: a retry leaves nothing: it is no arrival for P, and its server is not heard by it.
    for existing in siblings:
        if existing.arrival.document == arrival.document:
            return Outcome(existing, new=False)
    server = (arrival.identity, _sibling(arrival, siblings))
    own = [x for x in siblings if x.server == server]
    return Outcome(_placed(arrival, server, own, len(records) + 1), new=True)


def _sibling(arrival: Arrival, siblings: Sequence[Record]) -> int:
    if arrival.sibling is not None:
        return arrival.sibling
    known: dict[int, Known] = {}
    for number in sorted({x.server[1] for x in siblings}):
        own = [x for x in siblings if x.server[1] == number]
        newest = newest_in_order(own)
        assert newest is not None  # the first record of a server is in order
        in_order = [x.arrival.machine for x in own if x.number > 0]
        boots = frozenset(machine.boot_id for machine in in_order if machine.boot_id)
        known[number] = Known(newest.arrival.machine, newest.e, boots)
    return sibling_of(arrival.machine, known, arrival.t)


def _placed(arrival: Arrival, server: Server, own: Sequence[Record], order: int) -> Record:
    """The record of an arrival; `own` are its server's records so far, in order of arrival."""
    t, r = arrival.t, arrival.r
    zone = zone_quarters(arrival)
    newest = newest_in_order(own)  # N
    last = own[-1] if own else None  # P: the server's "last arrival, late or not"
    reloj: str | None = None

    if newest is None or last is None:
        # > "1. No N: in order, number 1, e = min(t, r)."
        # READING: a first report whose clock is ahead is `adelantado` too.
        rule, number, e = 1, 1, min(t, r)
        if t > r + 60 * SECOND:
            reloj = ADELANTADO
    elif t > newest.e:
        # > "2. t > e(N): in order, next number, e = min(t, r)."
        rule, number, e = 2, newest.number + 1, min(t, r)
        # > "`adelantado` if t > r + 60 s."
        if t > r + 60 * SECOND:
            reloj = ADELANTADO
    # READING: what is replayed from the archive after newer arrivals is not now.
    elif (
        (last.number < 0 or last.rule == 3)
        and (not arrival.replayed or r > newest.r)
        and _keeps_pace(arrival, last)
    ):
        # > "3. Else, if P was late or placed by this rule, and [it keeps pace with P]: the clock
        # > was set back or stands still. In order, next number, e = r, `atrasado`."
        rule, number, e = 3, newest.number + 1, r
        reloj = ATRASADO
    else:
        # > "4. Else late: next number below zero, e = t, `tardio`."
        rule, number, e = 4, min(0, *(x.number for x in own)) - 1, t
        reloj = TARDIO

    # > "In 2 and 3, e is at least e(N) + 1 µs, so e rises with the number even if our own clock
    # > steps back."
    if newest is not None and rule in {2, 3}:
        e = max(e, newest.e + 1)
    # > "A time sent without zone, with t - r [near such a multiple], is a zone: `reloj` stays null
    # > in 2 and 3". READING: at once, not only when two successive arrivals agree, and in 1.
    if zone is not None and rule in {1, 2, 3}:
        reloj = None
    # > "If r precedes the previous arrival, our clock is wrong: flag it, not servers."
    # READING: by more than a minute, and before any arrival of this server so far: after a step
    # back of our clock P, too, has a wrong time. The words that blame a server's clock are not said
    # then; `tardio` is no blame, and stays.
    our_clock_is_wrong = any(r < x.r - 60 * SECOND for x in own)
    if our_clock_is_wrong and rule in {2, 3}:
        reloj = None
    # > "if two successive arrivals agree, the server shows it once (`zona`: -03:00)"
    # READING: a record has a `zona` when it agrees with P, late or not.
    zona = None
    if zone is not None and last is not None and zone_quarters(last.arrival) == zone:
        zona = zone_text(zone)
    return Record(order, server, number, e, rule, reloj, zona, our_clock_is_wrong, arrival)


def _keeps_pace(arrival: Arrival, last: Record) -> bool:
    """ "t = t(P) or (t - t(P)) is 0.5 to 1.5 of (r - r(P))"."""
    passed, waited = arrival.t - last.t, arrival.r - last.r
    # READING: three reports of one time in a spool that drains are no frozen clock.
    if passed == 0:
        return waited >= SECOND
    # READING: both bounds count.
    return waited <= 2 * passed and 2 * passed <= 3 * waited


def zone_quarters(arrival: Arrival) -> int | None:
    """How many quarters of an hour its local time is ahead of UTC, else None.

    "A time sent without zone, with t - r from 5 min below to 1 min above a non-zero multiple of
    15 min, within 14 h, is a zone". READING: all bounds count, and the multiple is within 14 h.
    """
    if arrival.had_zone:
        return None
    for quarters in range(-14 * 4, 14 * 4 + 1):
        multiple = quarters * 15 * MINUTE
        if quarters != 0 and -5 * MINUTE <= arrival.t - arrival.r - multiple <= MINUTE:
            return quarters
    return None


def zone_text(quarters: int) -> str:
    """A zone as it is shown: "-03:00", "+05:45"."""
    hours, rest = divmod(abs(quarters), 4)
    return f"{'-' if quarters < 0 else '+'}{hours:02}:{rest * 15:02}"


def migrated_places(old: Sequence[tuple[int, int, int]]) -> list[int]:
    """The e of records from before these rules, given as (number, t, r) of one server.

    "Migration: e is the running maximum of min(t, r) over numbers above 0; late records keep
    e = t." READING: no microsecond is added, so places can be equal; the greater number is later.
    """
    return [
        t
        if number < 0
        else max(min(its_t, its_r) for its, its_t, its_r in old if 0 < its <= number)
        for number, t, _ in old
    ]
