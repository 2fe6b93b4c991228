"""A sender that is killed at one of its steps: `python -m tests.notify.killed STEP`."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

from service.config import from_env
from service.notify.line import Line
from service.notify.receivers import read_receivers
from service.notify.sender import Sender
from service.notify.webhook import Webhook
from service.store.engines import open_database
from service.store.queries import load_queries

# Before and after each of them. A message is at the receiver before "after send".
_WHAT = ("take", "claim", "send", "record")
STEPS = [f"{when} {what}" for what in _WHAT for when in ("before", "after")]


def killed_at(step: str, what: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*arguments: Any) -> Any:
        if step == f"before {what}":
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*arguments)
        if step == f"after {what}" and result is not False:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return run


def main() -> None:
    step = sys.argv[1]
    for owner, what in ((Line, "take"), (Line, "claim"), (Webhook, "send"), (Line, "record")):
        setattr(owner, what, killed_at(step, what, getattr(owner, what)))
    config = from_env()
    assert config.notify is not None
    with closing(open_database(config.database)) as database:
        receivers = read_receivers(config.notify)
        Sender(database, load_queries(), receivers, config).run(threading.Event())


if __name__ == "__main__":
    main()
