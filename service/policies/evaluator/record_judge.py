"""Judges records by the rules about one server: copies them out of the database for the guard.

Of a report in order that is what the rules can see, where this is little; and what follows from
what they saw of the report before is not asked again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from service import times
from service.errors import GuardEndedError
from service.policies.evaluator.in_force import RuleInForce
from service.policies.evaluator.kept_verdicts import KeptVerdicts
from service.policies.evaluator.sight import Sight, View
from service.policies.evaluator.task import Task
from service.policies.guard.guard import Guard, Request
from service.policies.guard.verdict import Reason, State, Verdict, has_tag
from service.policies.rules.rule import Scope
from service.store.engines import Connection
from service.store.engines.image import ImageBuilder
from service.store.read.current import ServerRow, copy_report, read_server
from service.store.read.tags import Tag, TagReader

_BLIND_SECONDS = 600.0  # after the guard could not tell what rules see on a server
_MOST_BLIND = 5  # servers: while there are as many, it is not asked about any


class _Copied(NamedTuple):
    """What the guard is to be asked of a record, of which it has a copy; null: nothing.

    view: if that is all that is copied. kept: verdicts of rules that it is not asked about.
    """

    request: Request | None
    view: View | None = None
    kept: Mapping[str, Verdict] = MappingProxyType({})


class RecordJudge:
    """builder: its image is used for nothing else meanwhile. sees: false to copy all rows."""

    def __init__(
        self,
        queries: Mapping[str, str],
        guard: Guard,
        builder: ImageBuilder,
        *,
        sees: bool = True,
    ) -> None:
        self._queries, self._guard, self._builder = queries, guard, builder
        self._about_servers: list[str] = []
        self._tags = TagReader(queries)
        self._first_sight_tags: set[str | None] = set()  # null: on every server
        self._sees, self._sight, self._kept = sees, Sight(queries, guard), KeptVerdicts()
        self._blind: dict[int, float] = {}  # servers, each with the end
        self._blind_until = 0.0

    def use(self, rules: Mapping[str, RuleInForce]) -> None:
        """Replaces the rules. The guard has them loaded already."""
        about_servers = [made for made in rules.values() if made.rule.scope is Scope.SERVIDOR]
        self._about_servers = [made.id for made in about_servers]
        self._first_sight_tags = {
            made.rule.applies.tag for made in rules.values() if made.reads_first_sight
        }
        self._sight.use(about_servers)
        self._kept.use([made.rule for made in about_servers], self._sight.fresh)
        self._blind, self._blind_until = {}, 0.0

    def judge(self, tasks: Sequence[Task]) -> None:
        """Gives each task its verdicts. Of each server there is one task.

        One for which no rule is asked gets none.
        """
        tasks = [task for task in tasks if task.only is None or task.only]
        if not self._about_servers or not tasks:
            return
        try:
            self._judge(tasks, sees=self._sees)
        except GuardEndedError:
            self._judge_whole(tasks)

    def _judge_whole(self, tasks: Sequence[Task]) -> None:
        """Judges by all rows of the records."""
        try:
            self._judge(tasks, sees=False)
        except GuardEndedError as error:
            if len(tasks) > 1:  # one of them has more rows than the guard's process may hold
                middle = len(tasks) // 2
                self._judge_whole(tasks[:middle])
                self._judge_whole(tasks[middle:])
                return
            verdict = Verdict(State.DESCONOCIDO, Reason.LIMITE, str(error))
            (task,) = tasks
            asked = self._about_servers if task.only is None else task.only
            task.verdicts = dict.fromkeys(asked, verdict)

    def _judge(self, tasks: Sequence[Task], *, sees: bool) -> None:
        """sees: whether what the rules can see may do. Raises GuardEndedError."""
        with self._builder.filled() as image:
            copied = [self._copy(image, task, sees=sees) for task in tasks]
        requests = [copy.request for copy in copied if copy.request is not None]
        found: dict[int, dict[str, Verdict]] = {}
        if requests:
            self._guard.open(self._builder.image())
            found = dict(self._guard.judge(requests))
        for task, (_, view, kept) in zip(tasks, copied, strict=True):
            known = {**kept, **found.get(task.server.id, {})}
            task.verdicts = {rule: known[rule] for rule in self._about_servers if rule in known}
            if view is not None:
                self._kept.put(task.server.id, view, task.verdicts)

    def _copy(self, image: Connection, task: Task, *, sees: bool) -> _Copied:
        """Copies what the guard needs of a record: all, or what the rules can see."""
        server, now = task.server.id, times.to_text(task.now)
        tags = self._tags.of_server(image, server, task.told)
        report = read_server(image, self._queries, server, task.seq)
        view = None
        if sees and task.is_plain_report and task.only is None:
            view = self._view(image, task, report, tags)
        if view is None:
            with_first_sight = self._needs_first_sight(tags)
            copy_report(
                image,
                self._queries,
                report,
                is_silent=task.is_silent,
                with_first_sight=with_first_sight,
                tags=tags,
            )
            return _Copied(Request(server, now, task.only))
        kept = self._kept.of(server, view)
        asked = [rule for rule in self._about_servers if rule not in kept]
        if not asked:
            return _Copied(None, view, kept)
        self._sight.copy(image, view, asked)
        return _Copied(Request(server, now, asked, view.told), view, kept)

    def _view(
        self, image: Connection, task: Task, report: ServerRow, tags: Sequence[Tag]
    ) -> View | None:
        server, now = task.server.id, time.monotonic()
        if now < max(self._blind_until, self._blind.get(server, 0.0)):
            return None
        try:
            return self._sight.of(image, task.now, report, tags)
        except GuardEndedError:  # one such server must not slow all others down
            until = time.monotonic() + _BLIND_SECONDS
            self._blind = {place: end for place, end in self._blind.items() if end > now}
            self._blind[server] = until
            if len(self._blind) >= _MOST_BLIND:
                self._blind_until = until
            return None

    def _needs_first_sight(self, tags: Sequence[Tag]) -> bool:
        """Whether a rule that applies to a server with these tags may read when names came."""
        values = {tag.key: tag.value for tag in tags}
        return any(tag is None or has_tag(values, tag) for tag in self._first_sight_tags)
