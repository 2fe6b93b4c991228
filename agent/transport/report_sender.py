"""Sends one report to the API, in the version that the API accepts, and judges the answer."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, NamedTuple

from agent import wire
from agent.transport.delivery_error import DeliveryError
from agent.transport.http_client import Answer, ApiClient, answer_error
from agent.transport.problem_details import has_fault_at, members_at_fault

if TYPE_CHECKING:
    from agent.transport.enrolment import Enrolment

_DAY_SECONDS = 24 * 3600.0
# A retry would be refused as well. Proxies and stricter services say 413 and 422 instead of 400.
_REFUSALS = {400, 413, 422}
_log = logging.getLogger("agent")


class Receipt(NamedTuple):
    """The API has stored a report.

    unreported_drops: dropped reports that it counted in vain, because version 1 has no count
    """

    answer: Answer
    unreported_drops: int


class ReportRefusedError(Exception):
    """The API refused a report, and would refuse it again."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status} {answer.reason}")
        self.answer = answer


class ReportSender:
    """version: 1 to send version 1 only; otherwise an API without version 2 gets it for a day.

    enrolment: gets the agent's own token; None if the agent was given one
    """

    def __init__(self, api: ApiClient, version: int, enrolment: Enrolment | None) -> None:
        self._api = api
        self._enrolment = enrolment
        self._version_1_only = version == 1
        self._version_1_until = 0.0
        self._omitted_until: dict[str, float] = {}

    def send(self, body: bytes) -> Receipt:
        """Raises ReportRefusedError, and DeliveryError if a later attempt may succeed."""
        answer = None if self._sends_version_1() else self._post_version_2(body)
        if answer and answer.status == 400 and has_fault_at("/version_esquema", answer):
            self._version_1_until = time.monotonic() + _DAY_SECONDS
            _log.info("%s does not know version 2; sending version 1 for a day", self._api.url)
            answer = None
        unreported_drops = 0
        if answer is None:
            unreported_drops = wire.dropped_count(body)
            answer = self._post(wire.encode(wire.version_1(json.loads(body))))
        self._judge(answer)
        return Receipt(answer, unreported_drops)

    def _sends_version_1(self) -> bool:
        return self._version_1_only or time.monotonic() < self._version_1_until

    def _post_version_2(self, body: bytes) -> Answer:
        """Without the members that the API has refused within a day, or refuses now."""
        while True:
            now = time.monotonic()
            omitted = {name for name, until in self._omitted_until.items() if now < until}
            answer = self._post(_without(body, omitted))
            refused = members_at_fault(answer) & wire.LATER_MEMBERS - omitted
            if answer.status != 400 or not refused:
                return answer
            for name in refused:
                self._omitted_until[name] = now + _DAY_SECONDS
                _log.info("%s refuses %s; omitting it for a day", self._api.url, name)

    def _post(self, body: bytes) -> Answer:
        answer = self._api.post(body)
        if answer.status == 401 and self._enrolment and self._enrolment.enrol_again(self._api):
            answer = self._api.post(body)
        return answer

    def _judge(self, answer: Answer) -> None:
        """Return if the API has stored the report."""
        summary = f"{self._api.url} answered {answer.status} {answer.reason}".rstrip()
        if 200 <= answer.status < 300:
            # An HTML page comes from a proxy or the login page of a network, not from the API.
            if not answer.content_type.lower().startswith("text/html"):
                return
            raise DeliveryError(f"{summary} with an HTML page; is this the API?")
        if answer.status in _REFUSALS:
            raise ReportRefusedError(answer)
        raise answer_error(answer, summary)


def _without(body: bytes, members: set[str]) -> bytes:
    return wire.encode(wire.without(json.loads(body), members)) if members else body
