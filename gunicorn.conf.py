"""gunicorn reads this in the project's folder: `gunicorn` alone serves."""

import gc
import logging
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from gunicorn import systemd

from service.app import compile_what_is_shared
from service.config import from_env
from service.errors import ComplianceError
from service.http.gunicorn_internals import require_known_gunicorn
from service.ingest.memory import share_arenas
from service.maintenance.downtime import note_downtime
from service.maintenance.housekeeping import Housekeeping
from service.maintenance.keeper import Keeper
from service.maintenance.startup import prepare, require_free_port
from service.notify.receivers import read_receivers
from service.store.read.deafness import NOTICED

try:
    require_known_gunicorn()
    _config = from_env()
except ComplianceError as error:
    sys.exit(str(error))

wsgi_app = "service.app:create_app()"
bind = _config.bind
if _config.certificate is not None:
    certfile, keyfile = str(_config.certificate), str(_config.key)

# No client is believed about its own address, nor about ours; only the proxies are.
forwarded_allow_ips = ",".join(map(str, _config.proxies))
forwarder_headers = ""
secure_scheme_headers = {"X-FORWARDED-PROTO": "https"}

# Threads, since one slow client must cost a thread and not a worker; more than one worker, so
# that another can work while one waits for the disk; few, since writers take turns.
# tests/benchmarks/ingest.py compares worker kinds and counts.
worker_class = "service.http.worker.LingeringThreadWorker"
workers = _config.workers
threads = _config.threads
worker_connections = 1000 + threads
keepalive = 75
http_parser = "python"  # "auto" would change the parser wherever gunicorn_h1c is installed
limit_request_line = 8190  # the most there is: a name of 1,024 characters may be asked for
timeout = 60
graceful_timeout = 30

# The heartbeat file must not wait for a busy disk.
if Path("/dev/shm").is_dir():  # noqa: S108 — gunicorn opens an unlinked file there
    worker_tmp_dir = "/dev/shm"  # noqa: S108
control_socket_disable = True
_FILES = 8192  # that a process may have open

# Our own messages, in the form of gunicorn's. (Not logconfig_dict: with it gunicorn writes a line
# for every request, which takes a fifteenth of the time of a report.)
logging.basicConfig(
    level=logging.INFO,
    format="[%(asctime)s] [%(process)d] [%(levelname)s] %(name)s: %(message)s",
    datefmt="%Y-%m-%d %H:%M:%S %z",
)


def on_starting(server: Any) -> None:  # noqa: ANN401 — gunicorn has no types
    """Checks the address, and prepares the database, once, before any worker starts."""
    os.umask(0o077)  # whatever is made is for its owner alone
    # Each connection is an open file, and each thread has some of the database. The usual limit,
    # 1,024, is for programs that call select(2); a worker that reached it would end.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = _FILES if most == resource.RLIM_INFINITY else min(most, _FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    share_arenas()
    # Sockets may be inherited: from systemd, or from the master that this one replaces (USR2).
    inherited = server.master_pid or systemd.listen_fds(unset_environment=False)
    try:
        if _config.notify is not None:
            read_receivers(_config.notify)  # or nobody would be told, and nobody know
        prepare(_config)
        compile_what_is_shared()
        gc.freeze()  # or each worker's collections would write to, and copy, what all share
        # The master that this one replaces (USR2) still hears everybody.
        note_downtime(_config, NOTICED if server.master_pid else 0)
        for address in () if inherited else server.address:
            if isinstance(address, tuple):
                require_free_port(*address)
    except ComplianceError as error:
        sys.exit(str(error))


def post_fork(server: Any, _worker: Any) -> None:  # noqa: ANN401
    """Lets a stop end a worker that is about to start.

    Until the worker has signal handlers of its own it has those of the master, which only queue. A
    stop would be lost, and the master would wait graceful_timeout for the worker.
    """
    stops = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
    for number in stops:
        signal.signal(number, signal.SIG_DFL)
    while not server.SIG_QUEUE.empty():
        if server.SIG_QUEUE.get_nowait() in stops:
            sys.exit(0)


def post_worker_init(worker: Any) -> None:  # noqa: ANN401 — gunicorn has no types
    worker.background = [Housekeeping(_config)]
    if _config.evaluator == "auto":
        command = ("evaluate", "--follow")
        worker.background.append(Keeper("evaluator", command, _config.evaluator_lock))
    if _config.notify is not None and _config.sender == "auto":
        worker.background.append(Keeper("sender", ("notify", "send"), _config.sender_lock))
    for thread in worker.background:
        thread.start()


def worker_exit(_server: Any, worker: Any) -> None:  # noqa: ANN401
    for thread in getattr(worker, "background", ()):  # none if the application could not be loaded
        thread.stop()
