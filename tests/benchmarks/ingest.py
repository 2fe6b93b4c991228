"""Reports per second of the service, against a bare loop that only inserts.

The bare loop appends to a file, syncs it, inserts the same rows into three literal tables and
commits, synced too: no HTTP, no parsing, no validation. Both are measured in the same run, the
loop before and after the service, since machines are noisy.

    python -m tests.benchmarks.ingest [--gunicorn "--worker-class sync --workers 3"] [--slow 50]
"""

from __future__ import annotations

import argparse
import contextlib
import math
import multiprocessing
import os
import socket
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from multiprocessing.connection import Connection
from pathlib import Path

from tests.benchmarks.fleet import SimulatedServer
from tests.benchmarks.outcome import Progress, show
from tests.support import plain_store
from tests.support.live import LiveService

WARM_UP_SECONDS = 2.0
MAX_A_SECOND = 1500  # reports, for which documents are made before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--servers", type=int, default=200)
    parser.add_argument("--processes", type=int, default=300)
    parser.add_argument("--change", type=float, default=0.05)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--slow", type=int, default=0, help="slow connections beside the clients")
    parser.add_argument("--gunicorn", default="", help="options that replace gunicorn.conf.py's")
    parser.add_argument("--folder", type=Path, default=Path("var/benchmarks"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        before = bare_loop(folder / "before", options, options.seconds / 4)
        latencies, refused, processor_seconds = served(folder / "service", options)
        after = bare_loop(folder / "after", options, options.seconds / 4)
    if len(latencies) < 2:
        sys.exit(f"the service stored next to nothing ({refused} reports were refused)")
    bare = statistics.mean([before, after])
    rate = len(latencies) / options.seconds
    rows: list[dict[str, str | int | float]] = [
        {"what": "bare loop", "reports/s": bare, "p50 ms": 1e3 / bare, "p99 ms": "-"},
        {
            "what": "service",
            "reports/s": rate,
            "p50 ms": 1e3 * statistics.median(latencies),
            "p99 ms": 1e3 * statistics.quantiles(latencies, n=100)[98],
        },
    ]
    show(
        f"ingest: {options.servers} servers, {options.processes} processes,"
        f" {options.change:.0%} change, {options.clients} clients, {options.slow} slow ones",
        rows,
        {
            "ratio to the bare loop": rate / bare,
            "not stored": refused,
            "processor ms a report in the service": 1e3 * processor_seconds / len(latencies),
        },
    )


def bare_loop(folder: Path, options: argparse.Namespace, seconds: float) -> float:
    """Reports a second of a loop that does the inserts and the two syncs, and nothing else."""
    folder.mkdir()
    fleet = [
        SimulatedServer(number, options.processes, options.change)
        for number in range(options.servers)
    ]
    connection = sqlite3.connect(folder / "plain.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.executescript(plain_store.TABLES)
    archive = os.open(folder / "archive.jsonl", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    progress, stored, spent = Progress("bare loop"), 0, 0.0
    while spent < seconds:
        for server in fleet:
            report = server.report()
            line = server.document() + b"\n"
            started = time.perf_counter()
            os.write(archive, line)
            os.fdatasync(archive)
            connection.execute("BEGIN IMMEDIATE")
            plain_store.insert(connection, report)
            connection.execute("COMMIT")
            spent += time.perf_counter() - started
            stored += 1
            server.advance()
        progress.show(spent, seconds, f"{stored / spent:.0f} reports/s")
    os.close(archive)
    connection.close()
    return stored / spent


def served(folder: Path, options: argparse.Namespace) -> tuple[list[float], int, float]:
    """The latency of each report stored in the time, how many were not, processor seconds."""
    folder.mkdir()
    live = LiveService(folder / "var", GUNICORN_CMD_ARGS=options.gunicorn).start()
    try:
        with slow_connections(live.port, options.slow):
            return _load(live, options)
    finally:
        live.stop()


def _load(live: LiveService, options: argparse.Namespace) -> tuple[list[float], int, float]:
    # One process for all clients: they must leave the processors to the service.
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(
        target=_clients, args=(live.port, options, there)
    )
    process.start()
    progress, total = Progress("service  "), WARM_UP_SECONDS + options.seconds
    here.recv()  # the documents are made
    before = sum(map(_processor_seconds, live.worker_pids()))
    started = time.monotonic()
    while not here.poll(0.2) and time.monotonic() - started < total + 60:
        progress.show(min(time.monotonic() - started, total), total)
    latencies, refused = here.recv()
    progress.show(total, total)
    process.join()
    spent = sum(map(_processor_seconds, live.worker_pids())) - before
    return latencies, refused, spent * options.seconds / total


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _clients(port: int, options: argparse.Namespace, result: Connection) -> None:
    # Made before the clock starts: what a client does to make a report is not measured.
    seconds = WARM_UP_SECONDS + options.seconds
    rounds = math.ceil(seconds * MAX_A_SECOND / options.servers)
    documents = [_documents(server, rounds, options) for server in range(options.servers)]
    result.send("ready")
    begin = time.perf_counter() + WARM_UP_SECONDS
    end = begin + options.seconds
    latencies: list[float] = []
    refused = 0

    def client(number: int) -> None:
        nonlocal refused
        mine = documents[number :: options.clients]
        for status, started, answered in _posts(port, zip(*mine, strict=True), end):
            if begin <= started and answered <= end:
                if status == 201:
                    latencies.append(answered - started)
                else:
                    refused += 1

    threads = [threading.Thread(target=client, args=(n,)) for n in range(options.clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result.send((latencies, refused))


def _posts(
    port: int, rounds: Iterable[Sequence[bytes]], end: float
) -> Iterator[tuple[int, float, float]]:
    """Posts one document after the other until the end: (status, start, answer) of each."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    for document in chain.from_iterable(rounds):
        started = time.perf_counter()
        if started >= end:
            connection.close()
            return
        try:
            status, kept = _post(connection, document)
        except OSError:
            status, kept = 0, False
        if not kept:  # as sync workers do after each answer
            connection.close()
            connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        yield status, started, time.perf_counter()
    raise AssertionError(f"more than {MAX_A_SECOND} reports a second: raise MAX_A_SECOND")


def _documents(server: int, count: int, options: argparse.Namespace) -> list[bytes]:
    """The first reports of a server."""
    simulated = SimulatedServer(server, options.processes, options.change)
    documents = []
    for _ in range(count):
        documents.append(simulated.document())
        simulated.advance()
    return documents


def _post(connection: socket.socket, body: bytes) -> tuple[int, bool]:
    """Posts with as little work as can be; the status, and whether the connection is kept."""
    head = b"POST /servers HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    connection.sendall(b"%sContent-Length: %d\r\n\r\n%s" % (head, len(body), body))
    answer = b""
    while not answer.endswith(b"}"):  # of {"id_serv":…} or of a problem document
        received = connection.recv(65536)
        if not received:
            raise ConnectionError("the service closed the connection")
        answer += received
    return int(answer.split(b" ", 2)[1]), b"Connection: close" not in answer


@contextlib.contextmanager
def slow_connections(port: int, count: int) -> Iterator[None]:
    """Connections that never finish their request: a third in the headers, in the body, idle."""
    sockets = []
    ended = threading.Event()
    try:
        for number in range(count):
            slow = socket.create_connection(("127.0.0.1", port))
            sockets.append(slow)
            if number % 3 == 0:
                slow.sendall(b"POST /servers HTTP/1.1\r\nHost: slow\r\n")
            elif number % 3 == 1:
                head = "POST /servers HTTP/1.1\r\nHost: slow\r\nContent-Length: 100000\r\n"
                slow.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode())

        def trickle() -> None:
            while not ended.wait(2):
                for number, slow in enumerate(sockets):
                    with contextlib.suppress(OSError):
                        slow.sendall((b"x-slow: 1\r\n", b" ", b"")[number % 3])

        trickling = threading.Thread(target=trickle, daemon=True)
        trickling.start()
        yield
    finally:
        ended.set()
        for slow in sockets:
            slow.close()


if __name__ == "__main__":
    main()
