"""Histories of arrivals as the field makes them: clocks, spools, zones, liars, our own clock.

A plan is a list of episodes for each client; `play` turns it into what arrives, by simulation of
real time. Reports of a right clock are taken slightly before they arrive. `plans` is a Hypothesis
strategy, `random_plan` the same from a seeded generator.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from hypothesis import strategies as st

from tests.support.plain_identity import Machine
from tests.support.plain_time import DAY, HOUR, MINUTE, SECOND, Arrival

MONDAY = 1_793_577_600 * SECOND  # 2026-11-02, a Monday, at midnight UTC
IN_2099 = 4_070_908_800 * SECOND  # 2099-01-01
YEAR = 365 * DAY
LATENCY = 200_000  # from taking a report to its arrival, at least


class Sent(NamedTuple):
    """A report on its way: what arrives when, and what the simulation knows of it."""

    real: int  # when it arrives, by the clock that nobody has
    arrival: Arrival  # its r is filled in by `play`
    live: bool  # taken just now, by the machine itself: now should show it
    jump: bool  # something jumped since the machine's last live report


WEB_1 = Machine("web-1", "10.0.0.1", None, "boot-0")


@dataclass
class Client:
    """A machine, and the agent on it."""

    identity: str
    interval: int = 5 * MINUTE
    zone: int | None = None  # its local time minus UTC; None: it sends UTC with a zone
    machine: Machine = WEB_1
    real: int = MONDAY
    error: int = 0  # its clock minus real time
    stands_at: int | None = None  # a clock that stands still
    boots: int = 0
    jumped: bool = False
    sent: list[Sent] = field(default_factory=list)

    def clock(self, real: int) -> int:
        now = real + self.error if self.stands_at is None else self.stands_at
        return now + (self.zone or 0)

    def content(self) -> tuple[str, ...]:
        """Processes that change from one report to the next, so that no two are alike."""
        count = len(self.sent)
        return ("init", f"job-{count // 3}", f"pid-{count}")

    def post(
        self, t: int, processes: tuple[str, ...], *, live: bool = False, delay: int = LATENCY
    ) -> None:
        """Sends a report now; it arrives `delay` later."""
        at = self.real + delay + len(self.sent) * 37_013 % 700_001  # no two are as fast
        if self.sent:
            at = max(at, self.sent[-1].real + 1)  # one connection after the other
        had_zone = self.zone is None
        arrival = Arrival(self.identity, max(t, 0), 0, had_zone, processes, (), self.machine)
        self.sent.append(Sent(at, arrival, live, self.jumped))
        self.jumped = self.jumped and not live

    def live(self) -> None:
        """Waits for its interval, takes a report, and sends it at once."""
        self.real += self.interval
        self.post(self.clock(self.real), self.content(), live=True)

    def jump(self, error: int | None = None, stands_at: int | None = None) -> None:
        self.error = self.error if error is None else error
        self.stands_at, self.jumped = stands_at, True


def honest(client: Client, count: int) -> None:
    for _ in range(count):
        client.live()


def drain(client: Client, count: int) -> None:
    """The API is away for so many reports; then they come, the oldest first."""
    taken = []
    for _ in range(count):
        client.real += client.interval
        taken.append(client.clock(client.real))
    for t in taken:
        client.real += 100_000
        client.post(t, client.content())
    client.jumped = True


def second_spool(client: Client, count: int) -> None:
    """Another agent on the same id drains what it took before, while the first goes on."""
    start = client.real - (count + 2) * client.interval + 90 * SECOND
    for i in range(count):
        if i % 3 == 2:
            client.live()
        client.real += 2 * SECOND
        client.post(start + i * client.interval + (client.zone or 0), ("spooled", f"by-second-{i}"))
        client.jumped = True


def freeze(client: Client, count: int) -> None:
    client.jump(stands_at=client.real + client.error)
    honest(client, count)


def clock_is_set(error: int) -> Callable[[Client, int], None]:
    def episode(client: Client, count: int) -> None:
        client.jump(error)
        honest(client, count)

    return episode


def dst_back(client: Client, count: int) -> None:
    """Summer time ends: only a client that sends local time without zone shows it."""
    if client.zone is not None:
        client.zone -= HOUR
        client.jump()
    honest(client, count)


def rtc_in_local_time(client: Client, count: int) -> None:
    """A start with the RTC in local time, two hours ahead, until NTP sets the clock."""
    client.boots += 1
    client.machine = client.machine._replace(boot_id=f"{client.machine.nombre_host}-{client.boots}")
    client.jump(2 * HOUR)
    client.live()
    client.jump(0)
    honest(client, count)


def reports_of_2099(client: Client, count: int) -> None:
    for i in range(count):
        client.real += SECOND
        client.post(IN_2099 + i * MINUTE, ("lie", f"of-2099-{i}"))
    client.jumped = True
    client.live()


def liar(
    start: int, pace: int, text: str, *, live_between: bool = True
) -> Callable[[Client, int], None]:
    """Somebody with the server's token: reports `start` from now, `pace` apart."""

    def episode(client: Client, count: int) -> None:
        first = client.real + start
        for i in range(count):
            if live_between:
                client.live()
            client.real += client.interval // 3
            client.post(first + i * pace + (client.zone or 0), (text, f"{text}-{i}"))
            client.jumped = True

    return episode


def same_time(client: Client, count: int) -> None:
    """Other reports with the very `fecha_hora` of the one before."""
    client.live()
    for i in range(count % 3 + 1):
        client.real += SECOND
        client.post(client.sent[-1].arrival.t, ("other", f"other-{i}"))
    client.jumped = True


def repeats(client: Client, count: int) -> None:
    """The last reports once more, as after answers that were lost."""
    client.live()
    for sent in client.sent[-count:]:
        client.real += SECOND
        client.sent.append(Sent(client.real, sent.arrival, live=False, jump=client.jumped))


EPISODES: dict[str, Callable[[Client, int], None]] = {
    "honest": honest,
    "drain": drain,
    "second spool": second_spool,
    "freeze": freeze,
    "clock 3 minutes fast": clock_is_set(3 * MINUTE),
    "clock a year fast": clock_is_set(YEAR),
    "clock 40 seconds slow": clock_is_set(-40 * SECOND),
    "clock back 1 h": clock_is_set(-HOUR),
    "clock back 3 h": clock_is_set(-3 * HOUR),
    "clock back a year": clock_is_set(-YEAR),
    "clock is right": clock_is_set(0),
    "backward DST": dst_back,
    "RTC in local time": rtc_in_local_time,
    "reports of 2099": reports_of_2099,
    "fast liar": liar(DAY, HOUR, "fast"),
    "slow liar": liar(-20 * MINUTE, MINUTE, "slow", live_between=False),
    "clean last Tuesday": liar(-6 * DAY, 2 * MINUTE, "clean"),
    "clean last Tuesday, alone": liar(-6 * DAY, 100 * SECOND, "clean", live_between=False),
    "same fecha_hora": same_time,
    "repeats": repeats,
}
ZONES = (None, None, 0, -3 * HOUR, 2 * HOUR, 5 * HOUR + 45 * MINUTE)
INTERVALS = (5 * MINUTE, 5 * MINUTE, 5 * MINUTE, HOUR, 6 * HOUR)
OUR_ERRORS = (HOUR, -HOUR, 3 * MINUTE, -2 * MINUTE, YEAR, 0)


class ClientPlan(NamedTuple):
    interval: int
    zone: int | None
    clone: bool  # of the client before it
    episodes: list[tuple[str, int]]


class Plan(NamedTuple):
    clients: list[ClientPlan]
    our_clock: list[tuple[int, int]]  # from this real time on after MONDAY, our clock is so wrong


class Played(NamedTuple):
    """An arrival, and what the simulation knows of it."""

    arrival: Arrival
    client: int  # which machine it claims to be of
    live: bool
    jump: bool  # something jumped since that machine's last live report, our clock included


def play(plan: Plan) -> list[Played]:
    """What arrives, in order of arrival."""
    sent: list[tuple[int, int, Sent]] = []
    identity = ""
    for number, its in enumerate(plan.clients):
        identity = identity if its.clone and identity else f"machine-{number}"
        machine = Machine(f"web-{number}", f"10.0.0.{number}", None, f"boot-of-{number}")
        client = Client(identity, its.interval, its.zone, machine, MONDAY + number * 7 * SECOND)
        for name, count in its.episodes:
            EPISODES[name](client, count)
        sent += [(one.real, number, one) for one in client.sent]
    played = []
    our_error = dict.fromkeys(range(len(plan.clients)), 0)
    stepped = dict.fromkeys(range(len(plan.clients)), False)
    for real, number, one in sorted(sent, key=lambda each: each[:2]):
        error = next((e for since, e in reversed(plan.our_clock) if MONDAY + since <= real), 0)
        stepped[number] |= error != our_error[number]
        our_error[number] = error
        arrival = Arrival(**{**vars(one.arrival), "r": max(real + error, 0)})
        played.append(Played(arrival, number, one.live, one.jump or stepped[number]))
        stepped[number] = stepped[number] and not one.live
    return played


def arrivals(plan: Plan) -> list[Arrival]:
    return [each.arrival for each in play(plan)]


def random_plan(seed: int, *, our_clock_steps: bool = True) -> Plan:
    """A plan as `plans` makes it, from a seeded generator."""
    rng = random.Random(seed)
    names = list(EPISODES)
    clients = [
        ClientPlan(
            rng.choice(INTERVALS),
            rng.choice(ZONES),
            clone=rng.random() < 0.2,
            episodes=[(rng.choice(names), rng.randint(1, 8)) for _ in range(rng.randint(1, 6))],
        )
        for _ in range(rng.choice([1, 1, 2, 3]))
    ]
    steps = sorted(rng.randrange(2 * DAY) for _ in range(rng.choice([0, 1, 2, 4])))
    return Plan(clients, [(s, rng.choice(OUR_ERRORS)) for s in steps if our_clock_steps])


def plans(*, our_clock_steps: bool = True) -> st.SearchStrategy[Plan]:
    """Plans of one to three clients, for property tests of any module."""
    episodes = st.tuples(st.sampled_from(list(EPISODES)), st.integers(1, 8))
    client = st.builds(
        ClientPlan,
        st.sampled_from(INTERVALS),
        st.sampled_from(ZONES),
        st.sampled_from([False, False, False, True]),
        st.lists(episodes, min_size=1, max_size=6),
    )
    step = st.tuples(st.integers(0, 2 * DAY), st.sampled_from(OUR_ERRORS))
    steps = st.lists(step, max_size=4).map(sorted) if our_clock_steps else st.just([])
    return st.builds(Plan, st.lists(client, min_size=1, max_size=3), steps)
