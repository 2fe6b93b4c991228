"""Shows the product on this machine: the API, and the real agent that reports to it."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import urllib3

from service.config import Config
from service.errors import InsecureBindError, StorageUnavailableError
from service.maintenance.startup import prepare
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.tokens import TokenStore

_PROJECT = Path(__file__).resolve().parent.parent.parent
_REPORT_EVERY_SECONDS = 5
_START_SECONDS = 30
_STOP_SECONDS = 10


def run(config: Config) -> int:
    prepare(config)
    if not TokenStore(open_database(config.database), load_queries()).auth_disabled():
        raise InsecureBindError(
            f"{config.data} has tokens, which the demo does not: give it a folder of its own, such"
            " as COMPLIANCE_DATA=var/demo"
        )
    _require_free(config.bind)
    url = f"http://{config.bind.replace('0.0.0.0:', '127.0.0.1:', 1)}"
    log = config.data / "demo.log"
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell may have SIGINT ignored
        signal.signal(number, _as_interrupt)
    with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as running:
        print(f"Starting the API (its log, and the agent's: {log}) …", flush=True)
        api = running.enter_context(_child([sys.executable, "-m", "gunicorn"], log))
        http = urllib3.PoolManager(retries=False, timeout=5)
        _wait_until_ready(http, url, api, log)
        print(f"The API answers at {url}; the database is {config.database}.")
        spool = str(config.data.absolute() / "agent")
        every = str(_REPORT_EVERY_SECONDS)
        agent = running.enter_context(
            _child(
                [sys.executable, "-m", "agent", "--api", url, "--every", every, "--spool", spool],
                log,
            )
        )
        print(f"The agent reports this machine every {_REPORT_EVERY_SECONDS} seconds.", flush=True)
        _tell_reports(http, url, config, {"API": api, "agent": agent}, log)
    print("\nStopped. What was reported stays in", config.data)
    return 0


def _tell_reports(
    http: urllib3.PoolManager,
    url: str,
    config: Config,
    children: dict[str, subprocess.Popen[bytes]],
    log: Path,
) -> None:
    """Prints a line for each report that arrives, until a child ends or Ctrl-C."""
    seen = _newest_id(http, url)
    first = True
    while True:
        for name, child in children.items():
            if child.poll() is not None:
                raise StorageUnavailableError(f"the {name} ended:\n{_tail(log)}")
        newest = _newest_id(http, url)
        if newest != seen:
            seen = newest
            record = http.request("GET", f"{url}/servers/{newest}").json()
            print(
                f"  record {newest}: {record['ipaddress']} runs {record['nombre_so']}"
                f" {record['version_so']}, {len(record['procesos'])} processes,"
                f" {len(record['usuarios_activos'])} open logins",
                flush=True,
            )
            if first:
                print(_what_to_try(url, config, newest), flush=True)
                first = False
        time.sleep(0.5)


def _what_to_try(url: str, config: Config, id_serv: int) -> str:
    query = (
        "SELECT username, count(*) FROM procesos"  # noqa: S608 — text for the reader to paste
        f" WHERE id_serv = {id_serv} GROUP BY username ORDER BY 2 DESC"
    )
    database = shlex.quote(str(config.database))
    hint = "" if shutil.which("sqlite3") else "   (Debian: apt install sqlite3)"
    return f"""
  Look at {url}/ in a browser, or try, in another terminal:
    curl {url}/servers
    curl {url}/servers/{id_serv}/procesos
    sqlite3 -box {database} "{query}"{hint}
  Ctrl-C here ends everything.
"""


def _newest_id(http: urllib3.PoolManager, url: str) -> int:
    """The greatest id_serv among the newest records of all servers; 0 where there is none."""
    ids = [0]
    following: str | None = "/servers?limit=1000"
    while following:
        page = http.request("GET", url + following).json()
        ids += [server["id_serv"] for server in page["servers"]]
        following = page["siguiente"]
    return max(ids)


def _require_free(bind: str) -> None:
    """Raises StorageUnavailableError, with one clear line, where nobody could listen."""
    host, _, port = bind.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as error:
            raise StorageUnavailableError(
                f"cannot listen on {bind}: {error.strerror};"
                " COMPLIANCE_BIND=127.0.0.1:8001 would choose another port"
            ) from error


@contextlib.contextmanager
def _child(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours, in a session of its own so that Ctrl-C reaches it through us alone."""
    with log.open("ab") as output:
        child = subprocess.Popen(  # noqa: S603 — our own programs
            command,
            cwd=_PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _wait_until_ready(
    http: urllib3.PoolManager, url: str, api: subprocess.Popen[bytes], log: Path
) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while api.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            if http.request("GET", f"{url}/readyz").status == 200:
                return
        time.sleep(0.1)
    raise StorageUnavailableError(f"the API did not start:\n{_tail(log)}")


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(f"  {line}" for line in lines[-15:])


def _as_interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
