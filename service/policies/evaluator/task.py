"""One thing to judge: a record of a server, as an event. Evaluator and back-test make the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from service.policies.guard.verdict import Verdict
from service.policies.machine.events import Event, Judged, Late, Server, Terms
from service.store.read.tags import Told
from service.store.read.unjudged import JudgedServer
from service.store.verdict_rows import Bound, Cursor

Verdicts = Mapping[str, Verdict]


@dataclass(slots=True)
class Task:
    """A report of a server to judge. now: `:ahora`, microseconds. only: the rules; null for all.

    neighbours: of a late report. cursor: as it is once the task is stored.
    """

    server: JudgedServer
    seq: int
    now: int
    cursor: Cursor
    bound: Bound
    digest: str
    is_silent: bool = False  # what the copy says of the server
    only: frozenset[str] | None = None
    report_at: int | None = None
    neighbours: tuple[Bound | None, Bound | None] | None = None
    longest_gap: int | None = None
    continues_only: bool = False  # the server is silent: a new text opens nothing on it
    retired: Bound | None = None  # ends what rules without a text in force have open
    told: Told = field(default_factory=Told)  # the tags by which it is judged
    passed: int = 0  # reports that a back-test passes over, up to this one: they change nothing
    leaves: bool = False  # the server is retired: nothing is judged, and what is open ends
    previous: Bound | None = None  # the report in order before this one
    retirement: Bound | None = None  # the report brings the server back that was retired then
    verdicts: Verdicts = field(default_factory=dict)

    @property
    def is_plain_report(self) -> bool:
        """Whether it is a report in order of a server that is heard, and no rule ended."""
        return self.report_at is not None and self.neighbours is None and self.retired is None

    @property
    def is_silence(self) -> bool:
        """Whether the server falls silent with it, by arrival."""
        return self.only is None and (self.bound.mark or "").startswith("silencio ")


def event_of(task: Task, verdict: Verdict, terms: Terms) -> Event:
    """What the machine of violations takes."""
    if task.neighbours is not None:
        return Late(task.bound, task.digest, verdict, *task.neighbours)
    return Judged(
        task.bound,
        task.digest,
        verdict,
        task.report_at,
        task.longest_gap,
        is_silent=task.continues_only and not terms.evaluates_in_silence,
        previous=task.previous,
    )


def as_server(server: JudgedServer) -> Server:
    """The server as violations name it."""
    return Server(server.id, server.identity, server.sibling, server.first_at)
