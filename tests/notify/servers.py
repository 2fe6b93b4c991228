"""Servers by a clock of their own, and a receiver that is told of them at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from service.notify.line import Line
from service.notify.receivers import read_receivers
from service.notify.stores import stores_of
from service.policies.evaluator.evaluator import Evaluator
from service.store.queries import load_queries
from service.times import SECOND
from tests.notify.receiver import HttpReceiver
from tests.notify.told import tell
from tests.support.judged_field import START, Arrival, Field, Retiring, work


class Servers:
    """Servers whose silence no rule speaks of, and a receiver that hears of it at once."""

    def __init__(self, field: Field, receiver: HttpReceiver) -> None:
        self.field, self.receiver = field, receiver
        self.file = field.config.data / "receivers.toml"
        self.hear()
        field.config = replace(field.config, notify=self.file)
        self._evaluator: Evaluator | None = None

    def hear(self, *lines: str) -> None:
        text = [f'[receivers.guard]\nkind = "webhook"\nurl = "{self.receiver.url}"', *lines]
        self.file.write_text("\n".join(text), encoding="utf-8")

    def adjust(self, text: str) -> None:
        """Of the rules that speak of servers themselves."""
        path = self.field.config.policies
        assert path is not None
        off = [
            each.stem for each in Path("sql/policies").glob("*.sql") if f"[{each.stem}]" not in text
        ]
        text += "".join(f"[{rule}]\nactiva = false\n" for rule in off)
        (path / "ajustes.toml").write_text(text, encoding="utf-8")

    def restart(self) -> None:
        """Another evaluator, which takes up the rules as they are now."""
        self.close()
        self._evaluator = Evaluator(self.field.config)
        self._evaluator.begin(look_seconds=0)
        self.work()

    def begin(self) -> None:
        self.restart()
        self.line = self.new_line()
        self.tell()
        self.receiver.taken.clear()

    def new_line(self) -> Line:
        receiver = read_receivers(self.file)["guard"]
        word = self.field.config.evaluator_lock
        return Line(receiver, stores_of(self.field.database, load_queries(), word), None)

    def report(self, at: int, *names: str, machine: str = "m0", **facts: int | str) -> None:
        self.field.now = START + at
        taken = int(facts.get("taken", at))
        boot = facts.get("boot")
        made = Arrival(
            START + at, START + taken, machine, names, None if boot is None else str(boot)
        )
        self.field.add(made)
        self.pass_until(at + 2 * SECOND)

    def retire(self, at: int) -> None:
        self.field.now = START + at
        self.field.retire(Retiring(START + at, "m0"))
        self.pass_until(at + 2 * SECOND)

    def pass_until(self, at: int) -> None:
        self.field.now = START + at
        self.work()

    def work(self) -> None:
        assert self._evaluator is not None
        work(self._evaluator)

    def tell(self) -> list[str]:
        """The kinds of what is told now."""
        self.receiver.taken.clear()
        tell(self.line)
        return [message.json()["tipo"] for message in self.receiver.taken]

    def close(self) -> None:
        if self._evaluator is not None:
            self._evaluator.close()
