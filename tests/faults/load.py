"""A load of clients that report without pause, and the checks that hold meanwhile."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.durability import archived, assert_rows_are
from tests.support.live import LiveService
from tests.support.reports import report

CLIENTS = 6

PATIENCE = 60  # seconds without one acknowledgement, then the service counts as stuck


class Client(threading.Thread):
    """Sends reports one after the other, each again and again until it is acknowledged."""

    def __init__(self, live: LiveService, number: int, seed: int) -> None:
        super().__init__(daemon=True)
        self._live = live
        self._name = f"client {number}"
        self._random = random.Random(f"{seed}/{number}")
        own = [f"10.{number}.0.{server}" for server in (1, 2, 3)]
        self._addresses = [*own, "10.99.0.1", "10.99.0.2"]
        self._running = {address: self._some_processes(40) for address in self._addresses}
        self._time = datetime(2020, 2, 15, tzinfo=UTC) + timedelta(microseconds=number)
        self._finish = threading.Event()
        self.sent: dict[str, dict[str, Any]] = {}
        self.acknowledged: dict[str, int] = {}  # id_serv by mark
        self.fault: str | None = None

    def finish(self) -> None:
        """Sends no new report; the last one is still repeated until it is acknowledged."""
        self._finish.set()

    def run(self) -> None:
        while not self._finish.is_set() and self.fault is None:
            document = self._next()
            mark = document["marca_proc"]
            self.sent[mark] = document
            deadline = time.monotonic() + PATIENCE
            while self.fault is None and mark not in self.acknowledged:
                if time.monotonic() > deadline:
                    self.fault = f"{mark} was not acknowledged in {PATIENCE} s"
                self._try(mark, document)

    def _try(self, mark: str, document: dict[str, Any]) -> None:
        try:
            answer = self._live.post(document)
        except OSError:
            time.sleep(0.02)
            return
        if answer.status in (200, 201):
            self.acknowledged[mark] = answer.json()["id_serv"]
        elif answer.status == 503 and "retry-after" in answer.headers:
            time.sleep(0.02)
        else:
            self.fault = f"{mark}: {answer}"

    def _next(self) -> dict[str, Any]:
        chance = self._random
        address = chance.choice(self._addresses)
        running = self._running[address]
        for _ in range(chance.randrange(5)):
            running.pop(chance.randrange(len(running)))
            running += self._some_processes(1)
        self._time += timedelta(seconds=chance.randrange(3))  # so some share one time
        when = self._time - timedelta(hours=chance.random() < 0.1)  # and some are late
        return report(
            ipaddress=address,
            marca_proc=f"{self._name}, report {len(self.sent)}",
            fecha_hora=f"{when:%Y-%m-%d %H:%M:%S.%f}",
            procesos=list(running),
            usuarios_activos=[
                {"pid": chance.choice([None, 7, 8]), "name": chance.choice(["ana", "juan"])}
                for _ in range(chance.randrange(3))
            ],
        )

    def _some_processes(self, count: int) -> list[dict[str, Any]]:
        chance = self._random
        return [
            {
                "pid": chance.randrange(1, 32768),
                "name": f"program-{chance.randrange(5000)}",  # new names until the very end
                "username": chance.choice(["root", "juan", None]),
            }
            for _ in range(count)
        ]


class Load:
    """Six clients at work, and the checks that hold at every moment."""

    def __init__(self, live: LiveService, seed: int) -> None:
        self.live = live
        self._random = random.Random(seed)
        self.clients = [Client(live, number, seed) for number in range(1, CLIENTS + 1)]
        for client in self.clients:
            client.start()

    def acknowledged(self) -> dict[str, int]:
        return {
            mark: i for client in self.clients for mark, i in client.acknowledged.copy().items()
        }

    def sent(self) -> dict[str, dict[str, Any]]:
        return {mark: d for client in self.clients for mark, d in client.sent.copy().items()}

    def goes_on(self) -> None:
        """Waits for one more acknowledgement."""
        before = len(self.acknowledged())
        deadline = time.monotonic() + PATIENCE
        while len(self.acknowledged()) <= before:
            assert self.faults() == []
            assert time.monotonic() < deadline, f"stuck:\n{self.live.log[-3000:]}"
            time.sleep(0.01)

    def faults(self) -> list[str]:
        return [client.fault for client in self.clients if client.fault]

    def check(self) -> None:
        """Acknowledged ⊆ database ⊆ archive, in this order of looking, as all of them grow."""
        acknowledged = self.acknowledged()
        rows = self.live.rows("SELECT marca_proc, id_serv FROM servers")
        in_database: dict[str, int] = dict(rows)
        assert len(rows) == len(in_database), "a report is stored twice"
        assert acknowledged.items() <= in_database.items()
        assert in_database.keys() <= archived_while_it_grows(self.live).keys()
        sent = self.sent()
        assert in_database.keys() <= sent.keys()
        for mark in self._random.sample(sorted(acknowledged), min(10, len(acknowledged))):
            assert_rows_are(self.live, sent[mark])

    def drain(self) -> None:
        for client in self.clients:
            client.finish()
        for client in self.clients:
            client.join(PATIENCE + 20)
            assert not client.is_alive()


def archived_while_it_grows(live: LiveService) -> Counter[str]:
    """A line that is being written may be incomplete for a moment."""
    for _ in range(100):
        with suppress(AssertionError):
            return archived(live)
        time.sleep(0.01)
    return archived(live)
