"""Brings reports to the API by way of the spool; what the API says decides what becomes of them.

Every report goes to the spool first and leaves it when the API has it: whatever ends the agent,
and whenever, a report that was taken is not lost. Where the spool cannot be written, reports wait
in memory.
"""

from __future__ import annotations

import enum
import json
import logging
import time
from typing import TYPE_CHECKING, NamedTuple

from agent import wire
from agent.state.spool import Damaged
from agent.transport.delivery_error import Stopped, Trouble, trouble_of
from agent.transport.http_client import Answer, Api, Undelivered, explain, names_fault_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.state.spool import Spool
    from agent.transport.enrolment import Enrolment

BATCH = 100
_MOST_IN_MEMORY = 100
_BYTES_IN_MEMORY = 16 << 20
_TELL_AGAIN_SECONDS = 3600.0
_VERSION_1_SECONDS = 24 * 3600.0
# Not fit to be stored, and would not be the next time: 413 and 422 are what proxies and stricter
# services say instead of 400.
_REFUSALS = {400, 413, 422}
_BUSY = {408, 429}
_log = logging.getLogger("agent")


class DeliveryStatus(enum.Enum):
    """What became of a report."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    REFUSED = "refused"
    LOST = "lost"


class _Held(NamedTuple):
    """A report that waits in memory, since the spool could not be written."""

    name: str
    body: bytes


class _Refused(Exception):  # noqa: N818 — what happened, as the caller reads it
    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status} {answer.reason}".rstrip())
        self.answer = answer


class Delivery:
    """Takes reports and delivers them, the oldest first.

    enrolment: gets the agent a token of its own; None where it was given one
    """

    def __init__(
        self, api: Api, spool: Spool, version: int, enrolment: Enrolment | None = None
    ) -> None:
        self._api = api
        self._spool = spool
        self._enrolment = enrolment
        self._version_1_only = version == 1
        self._version_1_until = 0.0
        self._held: list[_Held] = []
        self._dropped_from_memory = 0
        self._passed_over: set[str] = set()
        self._told_at: dict[str, float] = {}
        self._newest = ""
        self._what = ""
        self._others = 0
        self.fate = DeliveryStatus.WAITING

    def take(self, write: Callable[[int], bytes], what: str) -> None:
        """Keep a report until the API has it; from now on, fate is that of this report.

        write: gives the report, told how many reports were dropped since the last one that said so
        what: the report in words, for the log
        """
        self._what = what
        self.fate = DeliveryStatus.WAITING
        try:
            while self._held:
                self._spool.put_as_it_is(self._held[0].body)
                self._held.pop(0)
            self._newest = self._spool.put(write)
        except OSError as error:
            self._tell_once_an_hour(
                "spool", f"the spool cannot be written, reports wait in memory: {_said(error)}"
            )
            self._newest = f"in memory since {time.monotonic_ns()}"
            self._hold(_Held(self._newest, write(self._dropped_from_memory)))

    def _hold(self, newest: _Held) -> None:
        self._dropped_from_memory = 0
        self._held.append(newest)
        while len(self._held) > _MOST_IN_MEMORY or (
            len(self._held) > 1 and sum(len(held.body) for held in self._held) > _BYTES_IN_MEMORY
        ):
            self._dropped_from_memory += 1 + wire.told(self._held.pop(0).body)

    def waiting(self) -> int:
        """How many reports wait, without those that could be neither sent nor set aside."""
        try:
            spooled = sum(name not in self._passed_over for name in self._spool.names())
        except OSError:
            spooled = 0
        return spooled + len(self._held)

    def lose(self) -> None:
        """There will be no other attempt: what waits in memory is lost, the spool is not."""
        if any(held.name == self._newest for held in self._held):
            self.fate = DeliveryStatus.LOST
        elif self.fate is DeliveryStatus.WAITING and self._newest not in self._spool.names():
            self.fate = DeliveryStatus.DELIVERED  # by another agent

    def rescue(self) -> None:
        """Before the end: a last attempt to spool what waits in memory."""
        held = list(self._held)
        try:
            for report in held:
                self._spool.put_as_it_is(report.body)
        except OSError as error:
            _log.error("%d reports in memory are lost: %s", len(held), _said(error))

    def deliver(self, most: int = BATCH) -> Trouble | None:
        """Send what waits, at most so many reports; returns what stopped it."""
        trouble = None
        try:
            with self._api:
                if self._enrolment is not None:
                    self._enrolment.open(self._api)
                try:
                    self._send_the_spool(most)
                except BlockingIOError:
                    return Trouble("another agent is sending the reports of this spool")
                except OSError as error:
                    trouble = Trouble(f"the spool cannot be read: {_said(error)}")
                self._send_what_is_held()
        except Stopped as stopped:
            return stopped.trouble
        except Undelivered as error:
            return Trouble(str(error))
        finally:
            if self._others:
                _log.info("delivered %d reports that had waited", self._others)
                self._others = 0
        return trouble if self.waiting() else None

    def _send_the_spool(self, most: int) -> None:
        if not self._spool.names():
            return
        with self._spool.sending(wait_seconds=0):
            self._drop_old()
            names = [name for name in self._spool.names() if name not in self._passed_over]
            for name in names[:most]:
                try:
                    self._send_file(name)
                except FileNotFoundError:  # somebody has tidied up
                    continue

    def _drop_old(self) -> None:
        try:
            old = self._spool.drop_old()
        except OSError as error:
            self._tell_once_an_hour("dropping", f"old reports cannot be dropped: {_said(error)}")
            return
        if old:
            _log.warning("dropped %d reports that have waited too long", old)

    def _send_file(self, name: str) -> None:
        try:
            body = self._spool.read(name)
        except Damaged as error:
            _log.warning("set aside %s of the spool: %s", name, error)
            self._set_aside(name, str(error).encode(), 0)
            return
        if name != self._newest and self._is_foreign(body):
            self._passed_over.add(name)
            self._tell_once_an_hour(
                "foreign", f"passing over what is not this machine's, by its token: {name} …"
            )
            return
        try:
            untold = self._send(name, body)
        except _Refused as refused:
            self._tell_refusal(name, refused)
            answer = refused.answer
            why = f"{answer.status} {answer.reason}\n".encode() + answer.body
            self._set_aside(name, why, wire.told(body))
            return
        try:
            self._spool.remove(name, untold)
        except OSError as error:
            self._passed_over.add(name)
            _log.warning("cannot remove %s, which is delivered: %s", name, _said(error))

    def _set_aside(self, name: str, why: bytes, untold: int) -> None:
        try:
            self._spool.set_aside(name, why, untold)
        except OSError as error:
            # It stays where it is, and must not stand before the others for ever.
            self._passed_over.add(name)
            _log.warning("cannot set %s aside, passing it over: %s", name, _said(error))

    def _send_what_is_held(self) -> None:
        while self._held:
            held = self._held[0]
            try:
                self._dropped_from_memory += self._send(held.name, held.body)
            except _Refused as refused:
                self._tell_refusal(held.name, refused)
            self._held.pop(0)

    def _send(self, name: str, body: bytes) -> int:
        """Post a report; returns how many dropped reports it told of in vain.

        Raises _Refused when nobody will take it, Stopped when there is no point in going on.
        """
        answer = None if self._speaks_version_1() else self._post(body)
        if answer and answer.status == 400 and names_fault_at("/version_esquema", answer):
            self._version_1_until = time.monotonic() + _VERSION_1_SECONDS
            _log.info("%s does not know version 2; sending version 1 for a day", self._api.url)
            answer = None
        untold = 0
        if answer is None:
            untold = wire.told(body)
            answer = self._post(wire.encode(wire.version_1(json.loads(body))))
        self._judge(answer)
        if name == self._newest:
            self.fate = DeliveryStatus.DELIVERED
            _log.info(
                "reported %s to %s: %d %s", self._what, self._api.url, answer.status, answer.reason
            )
        else:
            self._others += 1
        return untold

    def _post(self, body: bytes) -> Answer:
        answer = self._api.post(body)
        if answer.status == 401 and self._enrolment and self._enrolment.again(self._api):
            answer = self._api.post(body)
        return answer

    def _is_foreign(self, body: bytes) -> bool:
        return self._enrolment is not None and not self._enrolment.speaks_for(body)

    def _speaks_version_1(self) -> bool:
        return self._version_1_only or time.monotonic() < self._version_1_until

    def _judge(self, answer: Answer) -> None:
        """Return when the API has the report."""
        said = f"{self._api.url} answered {answer.status} {answer.reason}".rstrip()
        if 200 <= answer.status < 300:
            # The page of a proxy or of a portal that wants a login is no answer of the API.
            if not answer.content_type.lower().startswith("text/html"):
                return
            raise Stopped(Trouble(f"{said} with a page; is this the API?"))
        if answer.status in _REFUSALS:
            raise _Refused(answer)
        raise Stopped(trouble_of(answer, said))

    def _tell_refusal(self, name: str, refused: _Refused) -> None:
        if name == self._newest:
            self.fate = DeliveryStatus.REFUSED
        _log.error("a report was refused: %s answered %s", self._api.url, refused)
        for reason in explain(refused.answer):
            _log.error("%s", reason)

    def tell(self, trouble: Trouble, then: str) -> None:
        """Log what stopped a delivery; what only people can change, once an hour."""
        line = f"{trouble.reason}; reports waiting: {self.waiting()}{then}"
        if trouble.not_let_in:
            self._tell_once_an_hour("not let in", line)
        else:
            _log.warning("%s", line)

    def _tell_once_an_hour(self, subject: str, line: str) -> None:
        now = time.monotonic()
        if now - self._told_at.get(subject, -_TELL_AGAIN_SECONDS) >= _TELL_AGAIN_SECONDS:
            self._told_at[subject] = now
            _log.warning("%s", line)


def _said(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)
