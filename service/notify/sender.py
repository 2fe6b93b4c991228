"""Sends what waits: a thread for each receiver, so that one that is down delays no other."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import TypeVar

from service import times
from service.config import Config
from service.errors import StorageUnavailableError
from service.notify.attempt import Attempt
from service.notify.lag import LagWatch
from service.notify.line import Line
from service.notify.receivers import Receiver
from service.notify.restored import Memory, Settling
from service.notify.stores import stores_of
from service.notify.transport import Transport, transport_to
from service.store.engines import Database
from service.store.write.waiver_notices import WaiverNotices
from service.times import DAY

_LOG = logging.getLogger(__name__)

_SECONDS_BETWEEN = 0.5
_STOP_SECONDS = 3.0
_SECONDS_AFTER_FAULT = 10.0
_WORD_SECONDS = 60.0
_HANGS_SECONDS = 150.0  # a step takes 60 s for its try at most
_MINUTES_BETWEEN_TIDYING = 60
_KEPT = 90 * DAY  # messages that ended
_KEPT_NOTICES = 30 * DAY
_KEPT_TOLD = 400 * DAY

_Given = TypeVar("_Given")


class Sender:
    """Make it before the priority is lowered: its transactions keep what it began with.

    Those who report wait for each transaction, and one of low priority may be preempted within.
    """

    def __init__(
        self,
        database: Database,
        queries: Mapping[str, str],
        receivers: Mapping[str, Receiver],
        config: Config,
    ) -> None:
        self._alive = config.sender_lock  # touched once a minute while it runs
        stores = stores_of(database, queries, config.evaluator_lock)
        self._database, self._outbox = database, stores.outbox
        self._lag = LagWatch(queries, config.evaluator_lock, times.now())
        self._waivers = WaiverNotices(queries)
        memory = Memory(config.sent)
        self._lines = [
            Line(
                each,
                stores,
                config.url,
                memory=memory,
                settling=Settling(queries, config.alive, config.evaluator_lock),
            )
            for each in receivers.values()
        ]
        self._stepped_at: dict[str, float] = {}
        self._writer = ThreadPoolExecutor(1, "writer")
        self._stored(int)  # starts its thread

    def run(self, stopped: threading.Event) -> None:
        """Sends until it is stopped."""
        self._try_to(self._leave_out)
        self._stepped_at = {line.receiver.name: time.monotonic() for line in self._lines}
        threads = [
            threading.Thread(target=self._work, args=[line, stopped], name=line.receiver.name)
            for line in self._lines
        ]
        for thread in threads:
            thread.daemon = True  # what a try came to is not known then, and it is tried again
            thread.start()
        minutes = 0
        self._leave_word()
        while not stopped.wait(_WORD_SECONDS):
            minutes += 1
            self._leave_word()
            self._try_to(self._look)
            if minutes % _MINUTES_BETWEEN_TIDYING == 0:
                self._try_to(self._tidy)
        ends = time.monotonic() + _STOP_SECONDS
        for thread in threads:
            thread.join(max(0.0, ends - time.monotonic()))

    def _work(self, line: Line, stopped: threading.Event) -> None:
        told = ""
        with closing(transport_to(line.receiver)) as transport:
            while not stopped.is_set():
                try:
                    is_busy = self._step(line, transport)
                    self._stepped_at[line.receiver.name] = time.monotonic()
                    told = ""
                except StorageUnavailableError as error:
                    if str(error) != told:
                        _LOG.warning("sender: %s: %s", line.receiver.name, error)
                    told, is_busy = str(error), False
                except Exception:  # noqa: BLE001 — a fault of ours must not silence it for good
                    _LOG.exception("sender: %s failed", line.receiver.name)
                    is_busy = False
                    stopped.wait(_SECONDS_AFTER_FAULT)
                if not is_busy:
                    stopped.wait(_SECONDS_BETWEEN)

    def _step(self, line: Line, transport: Transport) -> bool:
        """Takes what happened, and tries one message. False if nothing was to be done."""
        is_busy = self._stored(line.take)
        beat = self._stored(line.beat)
        if beat is not None:
            beaten = self._send(line, transport, beat.body, beat.digest)
            self._stored(lambda: line.record_beat(beaten))
        claimed = self._stored(line.claim)
        if claimed is None:
            return is_busy
        attempt = self._send(line, transport, claimed.body, claimed.due.digest)
        self._stored(lambda: line.record(claimed, attempt))
        return True

    def _send(self, line: Line, transport: Transport, body: bytes, digest: bytes) -> Attempt:
        attempt = transport.send(body, digest.hex())
        if attempt.error is not None:
            receiver = line.receiver
            _LOG.warning("sender: %s (%s): %s", receiver.name, receiver.place, attempt.error)
        return attempt

    def _stored(self, function: Callable[[], _Given]) -> _Given:
        return self._writer.submit(function).result()

    def _try_to(self, function: Callable[[], None]) -> None:
        try:
            self._stored(function)
        except StorageUnavailableError as error:
            _LOG.warning("sender: %s", error)

    def _tidy(self) -> None:
        now = times.now()
        with self._database.transaction() as connection:
            self._outbox.tidy(connection, now - _KEPT, now - _KEPT_NOTICES, now - _KEPT_TOLD)

    def _look(self) -> None:
        """Whether the evaluator lags, and which waivers come to their end."""
        now = times.now()
        with self._database.snapshot() as connection:
            lag = self._lag.change(connection, now)
            is_due = self._waivers.is_due(connection, now)
        if is_due:
            with self._database.transaction() as connection:
                self._waivers.note(connection, now)
        if lag is not None:
            with self._database.transaction() as connection:
                self._lag.store(connection, lag)

    def _leave_out(self) -> None:
        """Receivers that the file names no more."""
        named = {line.receiver.name for line in self._lines}
        with self._database.transaction() as connection:
            for state in self._outbox.receivers(connection):
                if state.name not in named and state.place is not None:
                    self._outbox.leave_out(connection, state.name)

    def _leave_word(self) -> None:
        """Not while a thread hangs: nobody may take it for one that sends."""
        oldest = min(self._stepped_at.values(), default=time.monotonic())
        if time.monotonic() - oldest < _HANGS_SECONDS:
            with suppress(OSError):
                os.utime(self._alive)
