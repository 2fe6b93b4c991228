"""Judges records by the rules about one server: copies them out of the database for the guard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from service import times
from service.errors import GuardEndedError
from service.policies.evaluator.in_force import RuleInForce
from service.policies.evaluator.task import Task
from service.policies.guard.guard import Guard, Request
from service.policies.guard.verdict import Reason, State, Verdict, has_tag
from service.policies.rules.rule import Scope
from service.store.engines.image import ImageBuilder
from service.store.read.current import copy_server
from service.store.read.tags import Tag, TagReader


class RecordJudge:
    """builder: its image is used for nothing else meanwhile."""

    def __init__(self, queries: Mapping[str, str], guard: Guard, builder: ImageBuilder) -> None:
        self._queries, self._guard, self._builder = queries, guard, builder
        self._about_servers: list[str] = []
        self._tags = TagReader(queries)
        self._first_sight_tags: set[str | None] = set()  # null: on every server

    def use(self, rules: Mapping[str, RuleInForce]) -> None:
        """Replaces the rules. The guard has them loaded already."""
        self._about_servers = [
            rule_id for rule_id, rule in rules.items() if rule.rule.scope is Scope.SERVIDOR
        ]
        self._first_sight_tags = {
            rule.rule.applies.tag for rule in rules.values() if rule.reads_first_sight
        }

    def judge(self, tasks: Sequence[Task]) -> None:
        """Gives each task its verdicts. Of each server there is one task.

        One for which no rule is asked gets none.
        """
        tasks = [task for task in tasks if task.only is None or task.only]
        if not self._about_servers or not tasks:
            return
        try:
            self._guard.open(self._image(tasks))
            requests = [
                Request(task.server.id, times.to_text(task.now), task.only) for task in tasks
            ]
            by_server = {task.server.id: task for task in tasks}
            for server_id, verdicts in self._guard.judge(requests):
                by_server[server_id].verdicts = verdicts
        except GuardEndedError as error:
            if len(tasks) > 1:  # one of them has more rows than the guard's process may hold
                middle = len(tasks) // 2
                self.judge(tasks[:middle])
                self.judge(tasks[middle:])
                return
            verdict = Verdict(State.DESCONOCIDO, Reason.LIMITE, str(error))
            (task,) = tasks
            asked = self._about_servers if task.only is None else task.only
            task.verdicts = dict.fromkeys(asked, verdict)

    def _image(self, tasks: Sequence[Task]) -> bytes:
        with self._builder.filled() as image:
            for task in tasks:
                tags = self._tags.of_server(image, task.server.id, task.told)
                copy_server(
                    image,
                    self._queries,
                    task.server.id,
                    task.seq,
                    is_silent=task.is_silent,
                    with_first_sight=self._needs_first_sight(tags),
                    tags=tags,
                )
        return self._builder.image()

    def _needs_first_sight(self, tags: Sequence[Tag]) -> bool:
        """Whether a rule that applies to a server with these tags may read when names came."""
        values = {tag.key: tag.value for tag in tags}
        return any(tag is None or has_tag(values, tag) for tag in self._first_sight_tags)
