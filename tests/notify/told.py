"""A fleet that a real evaluator judges, and those who are told of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from service import times
from service.notify.attempt import Attempt
from service.notify.line import Claimed, Line
from service.notify.receivers import read_receivers
from service.notify.stores import stores_of
from service.notify.transport import Transport, transport_to
from service.policies.evaluator.evaluator import Evaluator
from service.store.queries import load_queries
from service.times import MINUTE
from tests.support import engine
from tests.support.judged_fleet import Fleet


class ToldFleet:
    """A fleet with a file of receivers; each is told when `tell` or a sender does so."""

    def __init__(self, folder: Path) -> None:
        self.fleet = Fleet(folder)
        self.file = folder / "receivers.toml"
        self.fleet.config = replace(self.fleet.config, notify=self.file)
        self.lines: dict[str, Line] = {}
        self._evaluator: Evaluator | None = None
        self._ago = 500

    def write(self, *receivers: str) -> None:
        """The file; each receiver is the lines of its table, headed by its name."""
        text = ""
        for receiver in receivers:
            name, _, lines = receiver.partition("\n")
            text += f"[receivers.{name}]\n{lines}\n"
        self.file.write_text(text, encoding="utf-8")

    def listen(self, url: str, *lines: str, name: str = "guard") -> Line:
        """One receiver, which has begun, and was told that nothing is open."""
        self.write("\n".join([name, 'kind = "webhook"', f'url = "{url}"', *lines]))
        return self.line(name)

    def line(self, name: str = "guard") -> Line:
        """As a sender that starts now has it."""
        receiver = read_receivers(self.file)[name]
        config = self.fleet.config
        stores = stores_of(self.fleet.database, load_queries(), config.evaluator_lock)
        made = Line(receiver, stores, config.url)
        self.lines[name] = made
        return made

    def report(self, *names: str, machine: str = "m1") -> int:
        """The next report, which is judged."""
        self._ago -= 1
        number = self.fleet.add(self._ago * times.SECOND, *names, machine=machine)
        self.judge()
        return number

    def judge(self) -> None:
        """Judges what waits, by one evaluator that goes on."""
        if self._evaluator is None:
            self._evaluator = Evaluator(self.fleet.config)
            self._evaluator.begin(look_seconds=0)
        while self._evaluator.work():
            pass

    def use(self, text: str) -> None:
        """Another text of the rule, which another evaluator takes up."""
        self.close()
        self.fleet.rule.write_text(text, encoding="utf-8")
        self.judge()

    def close(self) -> None:
        if self._evaluator is not None:
            self._evaluator.close()
            self._evaluator = None

    def messages(self) -> engine.Rows:
        return engine.rows(
            self.fleet.config.database,
            "SELECT receiver, kind, state, attempts FROM message ORDER BY id",
        )

    def age(self, microseconds: int = 60 * MINUTE) -> None:
        """So much time passes for what waits."""
        for column in ("made_at", "not_before", "next_at"):
            engine.execute(
                self.fleet.config.database,
                f"UPDATE message SET {column} = {column} - ? WHERE state = 'esperando'",
                (microseconds,),
            )
        engine.execute(
            self.fleet.config.database,
            "UPDATE receiver SET paused_until = paused_until - ?",
            (microseconds,),
        )


def tell(line: Line, most: int = 50) -> list[Attempt]:
    """Tells all that is due now, each once, as the sender does."""
    attempts: list[Attempt] = []
    transport = transport_to(line.receiver)
    while line.take():
        pass
    if (beat := line.beat()) is not None:
        attempts.append(transport.send(beat.body, beat.digest.hex()))
        line.record_beat(attempts[-1])
    while len(attempts) < most and (claimed := line.claim()) is not None:
        attempts.append(try_once(line, transport, claimed))
    transport.close()
    return attempts


def try_once(line: Line, transport: Transport, claimed: Claimed) -> Attempt:
    attempt = transport.send(claimed.body, claimed.due.digest.hex())
    line.record(claimed, attempt)
    return attempt
