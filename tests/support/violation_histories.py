"""Random histories of verdicts of one rule on one server, and the machine that plays them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import count

from service.policies.guard.evidence import Finding
from service.policies.guard.verdict import Reason, State, Verdict
from service.policies.machine.events import Ended, Event, Fin, Judged, Late, Server, Terms
from service.policies.machine.machine import changes_nothing, step
from service.policies.rules.rule import Clock, Threshold
from service.store.queries import load_queries
from service.store.verdict_rows import (
    Bound,
    Cursor,
    event_bound,
    event_digest,
    hour_bound,
    tick_bound,
)
from service.store.write.verdicts import VerdictStore
from service.times import HOUR, MINUTE
from tests.support.engine import Engine
from tests.support.plain_violations import Entry

RULE = "una-regla"
START = 1_000 * 24 * HOUR

_NUMBERS = count(1)  # of servers, texts and reports: none is used twice in a database
_THRESHOLDS = (
    Threshold(1),
    Threshold(2),
    Threshold(3),
    Threshold(None, 600),
    Threshold(None, 1500),
)
_UNKNOWN = (Reason.SIN_DATO, Reason.ARRANCANDO, Reason.REGLA_ROTA)


def falla(*names: str, detail: str | None = None) -> Verdict:
    """A verdict that fails for each of the names, whose evidence is the name."""
    findings = tuple(
        Finding((name,), ({"name": name},), 1, {"es": f"{name} va", "en": f"{name} runs"})
        for name in sorted(names)
    )
    return Verdict(State.FALLA, None, detail, findings, len(findings))


CUMPLE = Verdict(State.CUMPLE)
SILENT = Verdict(State.DESCONOCIDO, Reason.SILENCIO)


def key_of(name: str) -> str:
    return f'{{"name":"{name}"}}'


@dataclass
class History:
    """A rule on a server that is played in order, and the entries that were. now: arrival.

    skips: reports that write nothing are left out, as the evaluator does; all before are stored.
    """

    engine: Engine
    terms: Terms
    now: int = START
    server: Server = field(init=False)
    entries: list[Entry] = field(default_factory=list)
    reports: list[Bound] = field(default_factory=list)
    skips: bool = False
    skipped: int = 0

    def __post_init__(self) -> None:
        number = next(_NUMBERS)
        self.server = Server(number, f"id:{number}", 0, START)
        self.engine.execute(
            "INSERT INTO server (id, identity) VALUES (?, ?)", (number, f"id:{number}")
        )
        self.database = self.engine.open_database()
        self.store = VerdictStore(load_queries())
        self.cursor = Cursor(number)
        self._tick: int | None = None
        self.load()

    def load(self) -> None:
        with self.database.snapshot() as connection:
            formerly = {} if self.terms.formerly is None else {self.terms.rule: self.terms.formerly}
            self.states = self.store.load(connection, [self.server.id], formerly)

    def save(self) -> None:
        """Stores what changed, and loads it anew."""
        with self.database.transaction() as connection:
            self.store.save(connection, self.states, [self.cursor], self._tick)
        self.load()

    def play(self, event: Event, *, is_retired: bool = False) -> None:
        terms = None if is_retired else self.terms
        self.entries.append(Entry(terms, event))
        if isinstance(event, Late):
            with self.database.snapshot() as connection:
                self.store.load_late(
                    connection,
                    self.states,
                    self.server.id,
                    0 if event.after is None else event.after.at,
                    event.bound.at if event.until is None else event.until.at,
                )
        rule = RULE if terms is None else terms.rule
        step(self.states[self.server.id, rule], self.server, terms, event)

    def report(
        self, verdict: Verdict, *, after: int = 5 * MINUTE, lag: int = 0, longest_gap: int = HOUR
    ) -> Bound:
        """A report in order that arrives so long after the last event, and was taken a lag ago."""
        self.now += after
        before = self.reports[-1].at if self.reports else START
        at = max(before + 1, self.now - lag)
        bound = Bound(next(_NUMBERS), at, self.now, None)
        if self.terms.is_fleet:
            bound = tick_bound(self.now)
            self._tick = self.now
        else:
            self.cursor.event = bound
        previous = self.reports[-1] if self.reports and not self.terms.is_fleet else None
        event = Judged(bound, f"{at:x}", verdict, at, longest_gap, previous=previous)
        if self.skips and self._changes_nothing(verdict):
            self.entries.append(Entry(self.terms, event))
            self.skipped += 1
        else:
            self.play(event)
        self.reports.append(bound._replace(at=at))
        return bound

    def _changes_nothing(self, verdict: Verdict) -> bool:
        with self.database.snapshot() as connection:
            standings = self.store.standings(connection, [self.server.id])
        standing = standings.get((self.server.id, self.terms.rule))
        return changes_nothing(standing, self.terms, verdict)

    def event(self, name: str, verdict: Verdict, *, is_silent: bool = False) -> Bound:
        """An event at which all rules judge the newest report again."""
        self.now += MINUTE
        bound = event_bound(name, self.now, self.now)
        if self.terms.is_fleet:
            bound = tick_bound(self.now)
            self._tick = self.now
        elif name != "texto":  # a new text alone is no event of the other rules
            self.cursor.event = bound
        self.play(Judged(bound, event_digest(bound), verdict, None, HOUR, is_silent))
        return bound

    def hour(self, verdict: Verdict) -> Bound:
        self.now += 7 * MINUTE
        bound = hour_bound(self.now)
        self.cursor.hour_at = self.now
        self.play(Judged(bound, event_digest(bound), verdict, None, HOUR))
        return bound

    def late(self, verdict: Verdict, at: int) -> Bound:
        self.now += MINUTE
        bound = Bound(next(_NUMBERS), at, self.now, "tardio")
        before = [report for report in self.reports if report.at <= at]
        after = [report for report in self.reports if report.at > at]
        self.play(
            Late(
                bound,
                f"{bound.report_id:x}",
                verdict,
                before[-1] if before else None,
                after[0] if after else None,
            )
        )
        return bound

    def end(self, fin: Fin) -> Bound:
        self.now += MINUTE
        bound = event_bound("retirada", self.now, self.now, fin)
        if fin is Fin.RETIRADO and not self.terms.is_fleet:
            self.cursor.event = bound
        self.play(Ended(bound, fin), is_retired=True)
        return bound

    def new_text(self) -> None:
        """Another text of the rule is in force from now on."""
        self.terms = new_terms(self.engine, self.terms)


def new_terms(engine: Engine, like: Terms | None = None, **other: object) -> Terms:
    """Terms of a text that is in the database."""
    number = next(_NUMBERS)
    terms = (like or Terms(RULE, 0, "", ("name",)))._replace(
        text_id=number,
        text_hash=f"{number:064x}",
        **other,  # type: ignore[arg-type]
    )
    engine.execute(
        "INSERT INTO policy_text VALUES (?, ?, ?, '', 1, '', '{}', 0, 0, ?, ?, 0)",
        (number, terms.rule, terms.text_hash, int(terms.is_fleet), str(terms.clock)),
    )
    return terms


def random_history(engine: Engine, seed: int, events: int) -> History:
    """A history that is stored and loaded again at random moments."""
    chance = random.Random(seed)
    clock = chance.choice([Clock.NO, Clock.HORA])
    terms = new_terms(
        engine,
        None,
        confirm=chance.choice(_THRESHOLDS),
        resolve=chance.choice(_THRESHOLDS),
        is_fleet=clock is Clock.NO and chance.random() < 0.2,
        clock=clock,
    )
    history = History(engine, terms)
    texts = [terms]
    batch = chance.choice([1, 2, 5, 50])
    history.skips = batch == 1 and seed % 2 == 0
    mood = chance.choice([0.2, 0.5, 0.8])
    for number in range(events):
        _random_event(history, chance, texts, mood)
        if number % batch == batch - 1:
            history.save()
    history.save()
    return history


def _random_event(history: History, chance: random.Random, texts: list[Terms], mood: float) -> None:
    verdict = _random_verdict(chance, mood)
    match chance.choices(
        ["report", "late", "silence", "tag", "hour", "text", "old text", "gone", "retired"],
        [70, 8, 5, 4, 6, 3, 1, 1, 1],
    )[0]:
        case "late" if history.reports and not history.terms.is_fleet:
            first, last = history.reports[0].at, history.reports[-1].at
            history.late(verdict, chance.randint(first - 2 * MINUTE, last))
        case "silence":
            history.event("silencio", SILENT)
        case "tag":
            history.event("etiqueta", verdict)
        case "hour" if history.terms.clock is Clock.HORA:
            history.hour(verdict)
        case "text":
            history.new_text()
            texts.append(history.terms)
            history.event("texto", verdict, is_silent=chance.random() < 0.4)
        case "old text" if (old := chance.choice(texts)) != history.terms:
            history.terms = old
            history.event("texto", verdict, is_silent=chance.random() < 0.4)
        case "gone":
            history.end(Fin.REGLA_RETIRADA)
        case "retired":
            history.end(Fin.RETIRADO)
        case _:
            after = chance.choice([5 * MINUTE, 10 * MINUTE, 3 * HOUR])
            history.report(verdict, after=after, lag=chance.choice([0, 0, 0, 7 * MINUTE]))


def _random_verdict(chance: random.Random, mood: float) -> Verdict:
    if chance.random() < 0.15:
        return Verdict(State.DESCONOCIDO, chance.choice(_UNKNOWN))
    if chance.random() < 0.04:
        return Verdict(State.NO_APLICA, Reason.ETIQUETA)
    names = [name for name in ("a", "b", "c") if chance.random() < mood]
    detail = "ejecutable" if chance.random() < 0.2 else None
    return falla(*names, detail=detail) if names else CUMPLE
