"""Machines that may share an id, and a store that assigns their reports to servers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from service.report import Profile, Report
from service.store.queries import load_queries
from service.store.write.reports import ReportStore
from service.times import HOUR, MINUTE
from tests.support.engine import ENGINES, Engine


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine at one moment. All machines of a test share one id, unless it says otherwise."""

    host: str | None = "web"
    address: str = "10.0.0.1"
    boot: int | None = 1 * HOUR
    id_maquina: str | None = "m"
    version: int | None = 2
    boot_id: str | None = None

    def report(self, taken_at: int) -> Report:
        profile = Profile(self.address, "x86_64", "Intel", "Debian", "12", self.version)
        profile = profile._replace(nombre_host=self.host, booted_at=self.boot, boot_id=self.boot_id)
        # The process differs by machine, so that no two reports are the very same.
        processes = [(1, f"{self.host} {self.address}", "root", self.boot)]
        digest = f"{self}{taken_at}".encode()[:200]
        return Report(taken_at, profile, [*processes], [], digest, (), self.id_maquina)


class History:
    """A store, and the servers to which it assigned its reports."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._database = engine.migrated()
        self.store = ReportStore(self._database, load_queries())
        self._clock = count(100 * HOUR, MINUTE)
        self._arrival = 0

    def server_of(self, machine: Machine, taken_at: int | None = None) -> int:
        """Stores a report of a machine, and returns its server."""
        report = machine.report(next(self._clock) if taken_at is None else taken_at)
        return self.stored(report)

    def stored(self, report: Report) -> int:
        self._arrival = max(self._arrival, report.taken_at)
        plan = self.store.plan(report, self._arrival)
        id_serv = self.store.add(report, self._arrival, plan).id_serv
        return self.server_of_record(id_serv)

    def server_of_record(self, id_serv: int) -> int:
        query = "SELECT server_id FROM report WHERE id = ?"
        ((server_id,),) = self._engine.rows(query, (id_serv,))
        return int(server_id)

    def servers(self, machines: Sequence[Machine]) -> list[int]:
        return [self.server_of(machine) for machine in machines]

    def flags(self) -> set[tuple[str | None, int]]:
        """Each id_maquina, and whether it is marked as cloned."""
        return set(self._engine.rows("SELECT DISTINCT id_maquina, id_clonado FROM servers"))

    def close(self) -> None:
        self._engine.close()
        self._database.close()


@contextmanager
def histories() -> Iterator[History]:
    with tempfile.TemporaryDirectory() as folder:
        engine = ENGINES["sqlite"](Path(folder) / "compliance.db")
        with closing(History(engine)) as history:
            yield history


A = Machine()
