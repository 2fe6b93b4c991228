"""What runs beside a service while its latency is measured.

A process that only computes tells what any process takes from the others by computing at all: on
few cores, turns and caches.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from tests.support.live import LiveService

_PERIOD = 0.5  # seconds
_LOWEST = 19
_ROWS = [
    (pid, f"name-{pid}", "root", f"/usr/bin/name-{pid}", f"name-{pid} --number {pid}")
    for pid in range(3000)
]


@contextmanager
def computes(share: float) -> Iterator[None]:
    """A process that computes for this share of the time, and touches nothing of the service."""
    command = [sys.executable, "-m", "tests.benchmarks.beside", str(share)]
    with subprocess.Popen(command) as process:
        try:
            yield
        finally:
            process.kill()


@contextmanager
def back_tests(live: LiveService) -> Iterator[None]:
    """One after the other, until the end; the last is interrupted."""
    command = [sys.executable, "-m", "service", "backtest", "sql/policies/minero.sql"]
    environment = os.environ | {"COMPLIANCE_DATA": str(live.data)}
    stopped = threading.Event()

    def run() -> None:
        while not stopped.is_set():
            with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
                while process.poll() is None:
                    if stopped.wait(0.1):
                        process.send_signal(signal.SIGINT)
                        process.wait()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _compute(share: float) -> None:
    """At the lowest priority, as rules are judged: copies rows in memory, asks for some of them."""
    busy = min(1.0, share) * _PERIOD
    os.nice(_LOWEST)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE process (pid INTEGER PRIMARY KEY, a, b, c, d)")
        while True:
            ends = time.process_time() + busy
            while time.process_time() < ends:
                connection.execute("DELETE FROM process")
                connection.executemany("INSERT INTO process VALUES (?, ?, ?, ?, ?)", _ROWS)
                connection.execute("SELECT a FROM process WHERE d GLOB '*9'").fetchall()
            time.sleep(_PERIOD - busy)


if __name__ == "__main__":
    _compute(float(sys.argv[1]))
