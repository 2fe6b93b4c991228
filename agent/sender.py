"""Sends a report to the API, POST <api>/servers, and again with full jitter where that can help."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from agent import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
_LARGEST_ANSWER = 1 << 16
_MOST_FAULTS = 10
_LONGEST_LINE = 300
_log = logging.getLogger("agent")


class Undelivered(Exception):  # noqa: N818 — the outcome's name, as the caller reads it
    """No attempt was answered by the API with a yes or a no: it may work later."""


class Refused(Exception):  # noqa: N818 — the same
    """The API said no to this report, and would again; reasons: what it said, a line each."""

    def __init__(self, summary: str, reasons: list[str]) -> None:
        super().__init__(summary)
        self.reasons = reasons


class Answer(NamedTuple):
    status: int
    reason: str
    location: str | None
    retry_after: str | None
    body: bytes


def send(api: str, body: bytes, pause: Callable[[float], None] = time.sleep) -> Answer:
    """Post a report and return the answer, which is 200 or 201 (or another 2xx).

    api: the API's address, such as http://api.example:8000
    body: the report as JSON in UTF-8

    A lost answer is safe to try again: the API recognises a report that it has already.

    Raises Refused or Undelivered.
    """
    for attempt in range(1, ATTEMPTS + 1):
        retry_after = None
        try:
            answer = post(api, body)
        except Undelivered as error:
            trouble = str(error)
        else:
            if 200 <= answer.status < 300:
                return answer
            trouble = f"{api} answered {answer.status} {answer.reason}".rstrip()
            if answer.status not in {408, 429} and answer.status < 500:
                raise Refused(trouble, list(explain(answer)))
            retry_after = answer.retry_after
        if attempt < ATTEMPTS:
            seconds = pause_seconds(attempt, retry_after)
            _log.warning("%s; attempt %d of %d in %.1f s", trouble, attempt + 1, ATTEMPTS, seconds)
            pause(seconds)
    raise Undelivered(trouble)


def post(api: str, body: bytes) -> Answer:
    """One attempt, whatever the answer. Redirects are not followed and proxies are not used.

    Raises Undelivered when there was no answer.
    """
    import urllib3  # noqa: PLC0415 — costs 80 ms, and --print does without

    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=ANSWER_SECONDS)
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json, application/problem+json",
        "User-Agent": f"compliance-agent/{__version__}",
    }
    url = api.rstrip("/") + "/servers"
    try:
        with urllib3.PoolManager(retries=False, timeout=timeout) as http:
            response = http.request(
                "POST",
                url,
                body=body,
                headers=headers,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            try:
                # An answer that says yes needs no reading; of another one the start holds the
                # reasons.
                content = b"" if response.status < 300 else response.read(_LARGEST_ANSWER)
            except urllib3.exceptions.HTTPError:
                content = b""
            response.close()
            return Answer(
                response.status,
                _one_line(response.reason or ""),
                response.headers.get("Location"),
                response.headers.get("Retry-After"),
                content,
            )
    except urllib3.exceptions.HTTPError as error:
        raise Undelivered(f"{api}: {_in_plain_words(error)}") from error


def _in_plain_words(error: Exception) -> str:
    from urllib3 import exceptions  # noqa: PLC0415 — see post()

    cause = error.__cause__ or error.__context__
    said = getattr(cause, "strerror", None) or str(cause or error)
    if isinstance(error, exceptions.NameResolutionError):
        return f"the name is not known: {_one_line(said)}"
    if isinstance(error, exceptions.NewConnectionError):
        return f"no connection: {_one_line(said)}"
    if isinstance(error, exceptions.ConnectTimeoutError):
        return f"no connection within {CONNECT_SECONDS:g} s"
    if isinstance(error, exceptions.ReadTimeoutError):
        return f"no answer within {ANSWER_SECONDS:g} s"
    return f"the connection broke: {_one_line(said)}"


def pause_seconds(attempt: int, retry_after: str | None) -> float:
    """How long to wait after an attempt (1, 2, …): full jitter, after what Retry-After asks for.

    Full jitter: anything from nothing to 1, 2, 4, … seconds, so that many agents do not come back
    at once (Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog).
    """
    import random  # noqa: PLC0415 — rarely needed

    ceiling = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
    asked = min(LONGEST_PAUSE_SECONDS, parse_retry_after(retry_after))
    return asked + random.uniform(0, ceiling)  # noqa: S311 — no secret


def parse_retry_after(text: str | None) -> float:
    """Seconds that a Retry-After header asks for, as a number or a date; 0 for nothing sane."""
    from urllib3.exceptions import InvalidHeader  # noqa: PLC0415 — see post()
    from urllib3.util import Retry  # noqa: PLC0415

    try:
        return max(0.0, float(Retry().parse_retry_after(text))) if text else 0.0
    except (InvalidHeader, ValueError, OverflowError):
        return 0.0


def explain(answer: Answer) -> Iterator[str]:
    """The reasons in an answer that says no, a line each, at most ten faults.

    A problem document (RFC 9457) has a title, a detail and, as an extension, a list of faults.
    Anything else, such as the page of a proxy, gives no line.
    """
    if answer.status in {301, 302, 303, 307, 308} and answer.location:
        yield f"it has moved; give --api the new address: {_one_line(answer.location)}"
    try:
        problem: Any = json.loads(answer.body)
    except (ValueError, RecursionError):
        return
    if not isinstance(problem, dict):
        return
    yield from (
        _one_line(problem[key]) for key in ("title", "detail") if isinstance(problem.get(key), str)
    )
    for value in problem.values():
        if isinstance(value, list):
            yield from (_fault(fault) for fault in value[:_MOST_FAULTS])


def _fault(fault: object) -> str:
    """One fault in a line, its JSON Pointer first: `/procesos/3/pid: expected an integer`."""
    if not isinstance(fault, dict):
        return _one_line(str(fault))
    # The pointer of a fault of the whole report is empty.
    words = [value for value in fault.values() if isinstance(value, str) and value]
    pointers = [word for word in words if word.startswith("/")]
    return _one_line(": ".join(pointers + [word for word in words if word not in pointers]))


def _one_line(text: str) -> str:
    """What somebody else wrote, fit for a log: one line, nothing that a terminal would obey."""
    printable = "".join(
        character if character.isprintable() else " " for character in text[:_LONGEST_LINE]
    )
    return " ".join(printable.split())
