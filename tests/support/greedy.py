"""Greedy clients: connections that send reports of as many new names as a report may have.

They use one token, never wait between two reports, and do not mind Retry-After.
"""

from __future__ import annotations

import http.client
import itertools
import multiprocessing
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import NamedTuple

from service.auth.audit_log import AuditLog
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.tokens import TokenStore
from tests.support.live import LiveService

MAX_PROCESSES = 100_000
_MEBIBYTE = 1024 * 1024


class Posted(NamedTuple):
    """An answer to a report; status 0 for none."""

    status: int
    seconds: float
    retry_after: str | None


def make_tokens(data: Path, count: int) -> list[str]:
    """Tokens that may report for any server."""
    data.mkdir(parents=True, exist_ok=True)
    database = open_database(data / "compliance.db")
    database.migrate()
    store = TokenStore(database, load_queries(), AuditLog(data / "audit.jsonl"))
    secrets = [store.add("ingest").secret for _ in range(count)]
    database.close()
    return secrets


def new_names(connection: int, processes: int = MAX_PROCESSES) -> Iterator[bytes]:
    """Reports of a server of its own, each with names that were never seen before; compressed."""
    rows = _rows(b'{"username":null,"pid":%d,"name":"#-%06x"}', processes)
    return _reports(connection, lambda _: rows)


def same_names(connection: int, processes: int = MAX_PROCESSES) -> Iterator[bytes]:
    """Reports of as many processes as there may be, which do not change."""
    rows = b",".join(b'{"username":null,"pid":%d,"name":"one"}' % n for n in range(processes))
    return _reports(connection, lambda _: rows)


def new_users(connection: int, processes: int = MAX_PROCESSES) -> Iterator[bytes]:
    """Likewise one name, of as many new users."""
    rows = _rows(b'{"name":"one","pid":%d,"username":"#-%06x"}', processes)
    return _reports(connection, lambda _: rows)


def new_command_lines(connection: int, processes: int = 280) -> Iterator[bytes]:
    """Small reports of new programs, each with a long command line."""
    row = b'{"username":null,"pid":%d,"name":"one","linea_comando":"#-%06x' + b"x" * 4000 + b'"}'
    rows = _rows(row, processes)
    return _reports(connection, lambda _: rows, '"version_esquema":2,')


def come_and_go(connection: int) -> Iterator[bytes]:
    """As many new names as there may be, then 50 small reports, the first of which ends them."""
    row = b'{"username":null,"pid":%d,"name":"#-%06x"}'
    many, few = _rows(row, MAX_PROCESSES), _rows(row, 3)
    return _reports(connection, lambda number: few if number % 50 else many)


def _rows(row: bytes, processes: int) -> bytes:
    """row: takes a pid and a number, and has # where each report has something new."""
    return b",".join(row % (pid, pid * 40503 % 2**24) for pid in range(1, processes + 1))


def _reports(
    connection: int, rows_of: Callable[[int], bytes], members: str = ""
) -> Iterator[bytes]:
    """The reports of a server, one a second."""
    for number in itertools.count():
        minute, second = divmod(number, 60)
        head = (
            '{"arquitectura_proc":"x86_64","marca_proc":"a brand","nombre_so":"Linux",'
            f'"version_so":"12","ipaddress":"10.66.{connection}.1",{members}'
            f'"fecha_hora":"2026-01-01 {minute // 60:02d}:{minute % 60:02d}:{second:02d}",'
            '"usuarios_activos":[],"procesos":['
        )
        name = f"{connection:x}-{number:x}".encode()
        yield compressed(head.encode() + rows_of(number).replace(b"#", name) + b"]}")


def compressed(document: bytes) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return packer.compress(document) + packer.flush()


def post(connection: http.client.HTTPConnection, token: str, body: bytes) -> Posted:
    started = time.monotonic()
    headers = {
        "Content-Type": "application/json",
        "Content-Encoding": "gzip",
        "Authorization": f"Bearer {token}",
    }
    try:
        connection.request("POST", "/servers", body, headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        connection.close()
        return Posted(0, time.monotonic() - started, None)
    return Posted(answer.status, time.monotonic() - started, answer.getheader("Retry-After"))


Documents = Callable[[int], Iterator[bytes]]  # of a connection, by its number

KINDS: dict[str, Documents] = {
    "new_names": new_names,
    "same_names": same_names,
    "new_users": new_users,
    "new_command_lines": new_command_lines,
    "4000_new_names": partial(new_names, processes=4000),
    "come_and_go": come_and_go,
}


class Greed:
    """Running greedy clients."""

    def __init__(self, ended: Event, results: Connection) -> None:
        self._ended = ended
        self._results = results
        self.posted: list[Posted] = []

    def end(self) -> None:
        if not self._ended.is_set():
            self._ended.set()
            self.posted = self._results.recv()

    @property
    def statuses(self) -> Counter[int]:
        return Counter(each.status for each in self.posted)


@contextmanager
def greedy_clients(
    live: LiveService, tokens: list[str], connections: int, documents: Documents = new_names
) -> Iterator[Greed]:
    """So many connections, which share the tokens, in a process of their own."""
    context = multiprocessing.get_context("fork")
    ended = context.Event()
    here, there = context.Pipe(duplex=False)
    clients = [(tokens[number % len(tokens)], documents(number)) for number in range(connections)]
    arguments = (live.port, clients, ended, there)
    process = context.Process(target=_clients, args=arguments, daemon=True)
    process.start()
    greed = Greed(ended, here)
    try:
        here.recv()  # the first reports are made
        yield greed
    finally:
        greed.end()
        process.join(30)


def _clients(
    port: int,
    clients: list[tuple[str, Iterator[bytes]]],
    ended: Event,
    results: Connection,
) -> None:
    posted: list[Posted] = []
    start = threading.Barrier(len(clients) + 1)

    def client(token: str, reports: Iterator[bytes]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        body = next(reports)
        start.wait()
        while not ended.is_set():
            answer = post(connection, token, body)
            posted.append(answer)
            if answer.status != 503:
                body = next(reports)
        connection.close()

    threads = [threading.Thread(target=client, args=each, daemon=True) for each in clients]
    for thread in threads:
        thread.start()
    start.wait()
    results.send("ready")
    ended.wait()
    for thread in threads:
        thread.join(20)
    results.send(list(posted))


def memory_of(live: LiveService) -> float:
    """The memory of all workers in MiB; pages that they share are counted once."""
    total = 0
    for pid in live.worker_pids():
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024
