"""Finds out that a database is older than what receivers were told, and when it is up to date.

When each receiver took a message last is kept in a file beside the database as well, since an older
database that is put into place forgets it. Such a database gets the reports that came since from
the archive, and the evaluator judges them again. Nothing of that is told: once it is done, there is
one digest of what is open.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from service.store.engines import Connection
from service.store.evaluator_word import EvaluatorWord
from service.store.read.deafness import heard_at
from service.store.read.unjudged import UnjudgedReader
from service.times import HOUR, SECOND

_STAYS_FOR = 15 * SECOND  # what time alone changes is judged within
_AT_MOST = HOUR  # of an evaluator that does not come to it


class Memory:
    """When each receiver took a message last, beside the database. Used by one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sent: dict[str, int] = {}
        with suppress(OSError, ValueError, TypeError, AttributeError):
            found = json.loads(path.read_bytes())
            self._sent = {str(name): int(at) for name, at in found.items()}

    def sent_at(self, receiver: str) -> int:
        """0 if nothing is known."""
        return self._sent.get(receiver, 0)

    def note(self, receiver: str, at: int) -> None:
        """A receiver took a message, which the database knows already."""
        self._sent[receiver] = at
        new = self._path.with_name(f"{self._path.name}.new")
        with suppress(OSError):  # an older time tells less, and nothing wrong
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(json.dumps(self._sent).encode())
            new.replace(self._path)


class Settling:
    """Whether all is judged again that had arrived before a database was found to be restored.

    alive: the file that the service touches while it runs, after it has put back what the database
    lacked. evaluator: the same of the evaluator.
    """

    def __init__(self, queries: Mapping[str, str], alive: Path, evaluator: Path) -> None:
        self._reader = UnjudgedReader(queries)
        self._alive, self._evaluator = alive, evaluator
        self._judged_at: int | None = None

    def is_over(self, connection: Connection, restored_at: int, now: int) -> bool:
        """Times are microseconds."""
        if now - restored_at >= _AT_MOST:
            return True
        if not self._is_judged(connection, restored_at):
            self._judged_at = None
            return False
        if self._judged_at is None:
            self._judged_at = now
        return now - self._judged_at >= _STAYS_FOR

    def _is_judged(self, connection: Connection, restored_at: int) -> bool:
        words = [heard_at(path) for path in (self._alive, self._evaluator)]
        if any(at is None or at < restored_at for at in words):
            return False
        waiting = self._reader.waiting(connection).since
        return (
            (waiting is None or waiting > restored_at)
            and not self._reader.of_other_epochs(connection, self._epoch())
            and not self._reader.is_fleet_unjudged(connection, restored_at)
        )

    def _epoch(self) -> int:
        """The number of the set of texts that the evaluator judges by; 0 if it is not known."""
        word = EvaluatorWord.read(self._evaluator)
        return 0 if word is None else word.epoch
