"""A simulated fleet: servers whose processes change a little from report to report."""

from __future__ import annotations

import pickle
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import orjson

from service import times
from service.report import UNKNOWN_DETAILS, Process, ProcessDetails, Profile, Report
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.write.reports import NewReport, ReportStore
from tests.benchmarks.outcome import Progress

START = times.parse("2026-01-05 00:00:00")
INTERVAL = 300_000_000  # microseconds between two reports of a server

SERVERS_TOGETHER = 250  # what runs on them fits into the store's memory
ROUNDS_TOGETHER = 10

PROGRAMS = 150
USERS = ["root", "www-data", "postgres", "juan", "maria", "nobody", "systemd-network", "backup"]


class SimulatedServer:
    """One server, at one moment, as it reports in version 1 or 2.

    A replaced process is gone, and another with a new pid and some other program runs: of 300
    processes with 5 % change, 15 go and 15 come.
    """

    silent = False  # has stopped reporting

    def __init__(
        self, number: int, processes: int, change: float, version: int = 1, start: int = START
    ) -> None:
        self._random = random.Random(number)
        self._replaced = round(processes * change)
        self._version = version
        self.taken_at = start + number * 1_000_003
        self._id_maquina = f"{number:032x}" if version > 1 else None
        self._profile = Profile(
            ipaddress=f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
            arquitectura_proc="x86_64",
            marca_proc="Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz",
            nombre_so="Debian GNU/Linux",
            version_so=str(10 + number % 4),
        )
        if version > 1:
            self._profile = self._profile._replace(
                version_esquema=version,
                nombre_host=f"server-{number}",
                nucleo="6.1.0-18-amd64",
                version_agente="0.1.0",
                fuente_usuarios="logind",
            )
        self._next_pid = 300
        self._processes = [self._process() for _ in range(processes)]
        self._encoded = [_encode(*process) for process in self._processes]

    def advance(self) -> None:
        """Five minutes later: some processes have gone, as many others have come."""
        self.taken_at += INTERVAL
        for position in self._random.sample(range(len(self._processes)), self._replaced):
            self._processes[position] = self._process()
            self._encoded[position] = _encode(*self._processes[position])

    def report(self) -> Report:
        return Report(
            self.taken_at,
            self._profile,
            [row for row, _ in self._processes],
            [(829, "juan", None, None, None)],
            self.taken_at.to_bytes(16, "big"),  # stands in for that of the sent document
            [facts for _, facts in self._processes] if self._version > 1 else (),
            self._id_maquina,
        )

    def document(self) -> bytes:
        """The report as an agent would send it; the encoded processes are kept, which is fast."""
        members = self._profile._asdict() | {"id_maquina": self._id_maquina}
        head = orjson.dumps(
            {
                **{member: value for member, value in members.items() if value is not None},
                "fecha_hora": times.to_text(self.taken_at),
                "usuarios_activos": [{"pid": 829, "name": "juan"}],
            }
        )
        return b'%s,"procesos":[%s]}' % (head[:-1], b",".join(self._encoded))

    def _process(self) -> tuple[Process, ProcessDetails]:
        # Pids rise and wrap, as the kernel gives them out.
        self._next_pid = self._next_pid + self._random.randrange(1, 40)
        if self._next_pid > 4_194_304:
            self._next_pid = 300
        program = int(self._random.paretovariate(0.7)) % PROGRAMS
        row = (self._next_pid, f"program-{program}", USERS[program % len(USERS)])
        if self._version == 1:
            return (*row, None), UNKNOWN_DETAILS
        # Agents tell whole seconds. Some processes are the children of others that come and go.
        started_at = self.taken_at // 1_000_000 * 1_000_000 - self._next_pid % 300 * 1_000_000
        ppid = 1 if program % 3 else self._next_pid - program
        return (*row, started_at), (ppid, f"/usr/lib/program/program-{program}", None)


def _encode(row: Process, facts: ProcessDetails) -> bytes:
    (pid, name, username, started_at), (ppid, executable, _) = row, facts
    process = {"username": username, "pid": pid, "name": name}
    if started_at is not None:
        inicio = times.to_text(started_at)[:19].replace(" ", "T") + "Z"
        process |= {"ppid": ppid, "inicio": inicio, "ejecutable": executable}
    return orjson.dumps(process)


Group = Sequence[SimulatedServer]


def fill(path: Path, fleet: Sequence[SimulatedServer], rounds: int) -> None:
    """Stores that many reports of every server in a new database, through the store.

    Of a large fleet some servers are ten reports ahead of others: the store remembers what runs
    on those that it saw last, and need not read it again.
    """
    groups = [fleet[at : at + SERVERS_TOGETHER] for at in range(0, len(fleet), SERVERS_TOGETHER)]
    _fill(path, [partial(_in_memory, group) for group in groups], rounds, len(fleet))


def fill_made(
    path: Path, make: Callable[[int], SimulatedServer], servers: int, rounds: int
) -> None:
    """As fill(), for a fleet that does not fit into memory.

    make: gives the server of a number from 0 on. A group of servers that is not in use waits on
    disk, beside the database.
    """
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        groups = [
            partial(
                _parked,
                Path(folder) / str(first),
                [partial(make, each) for each in range(first, last)],
            )
            for first in range(0, servers, SERVERS_TOGETHER)
            for last in [min(first + SERVERS_TOGETHER, servers)]
        ]
        _fill(path, groups, rounds, servers)


@contextmanager
def _in_memory(group: Group) -> Iterator[Group]:
    yield group


@contextmanager
def _parked(file: Path, make: Sequence[Callable[[], SimulatedServer]]) -> Iterator[Group]:
    """A group as it was left, or made where it has never been in use."""
    group = pickle.loads(file.read_bytes()) if file.exists() else [each() for each in make]
    yield group
    file.write_bytes(pickle.dumps(group, pickle.HIGHEST_PROTOCOL))


def _fill(
    path: Path,
    groups: Sequence[Callable[[], AbstractContextManager[Group]]],
    rounds: int,
    servers: int,
) -> None:
    database = open_database(path)
    database.migrate()
    store, progress = ReportStore(database, load_queries()), Progress("spans")
    stored = 0
    for first in range(0, rounds, ROUNDS_TOGETHER):
        for opened in groups:
            with opened() as group:
                for _ in range(first, min(rounds, first + ROUNDS_TOGETHER)):
                    live = [server for server in group if not server.silent]
                    store.add_all([NewReport(server.report(), server.taken_at) for server in live])
                    for server in group:
                        server.advance()
                    stored += len(group)
                    progress.show(stored, rounds * servers, f"{stored} reports")
    database.close()
