"""Posts to the API, reports to <api>/servers, and reads what it answers."""

from __future__ import annotations

import contextlib
import json
import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from agent import __version__

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    import urllib3

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 300.0
LONGEST_RETRY_AFTER_SECONDS = 3600.0
_LARGEST_ANSWER = 1 << 16
_MOST_FAULTS = 10
_LONGEST_LINE = 300
_log = logging.getLogger("agent")


class Undelivered(Exception):  # noqa: N818 — the outcome's name, as the caller reads it
    """There was no answer: no connection, none in time, or one that broke."""


class Answer(NamedTuple):
    status: int
    reason: str
    location: str | None
    retry_after: str | None
    content_type: str
    body: bytes
    date: str | None = None


class Access(NamedTuple):
    """What it takes to be let in.

    ca_file: certificates to trust instead of the system's
    cert, key: the agent's own certificate, and its key where that is a file of its own
    token_file: a file with the token, read again for every connection; or the token itself
    enrolment_file: a file with an enrolment token; or that itself
    """

    ca_file: str | None = None
    cert: str | None = None
    key: str | None = None
    token_file: str | None = None
    token: str | None = None
    enrolment_file: str | None = None
    enrolment: str | None = None

    @property
    def has_token(self) -> bool:
        """Whether the agent was given a token; then it gets none of its own."""
        return self.token_file is not None or self.token is not None

    @property
    def may_enrol(self) -> bool:
        return self.enrolment_file is not None or self.enrolment is not None


class Api:
    """The API at an address such as http://api.example:8000, over connections that are kept.

    Redirects are not followed, answers are not decoded and proxies are not used.
    """

    def __init__(self, url: str, access: Access) -> None:
        self.url = url
        self._access = access
        self._pool: urllib3.PoolManager | None = None
        self._headers: dict[str, str] = {}

    def __enter__(self) -> Api:  # noqa: PYI034 — Self needs Python 3.11
        """Raises Undelivered when a file that it takes to be let in is missing or wrong."""
        import urllib3  # noqa: PLC0415 — costs 60 ms, and --print does without

        timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=ANSWER_SECONDS)
        self._headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, application/problem+json",
            "User-Agent": f"compliance-agent/{__version__}",
        }
        token = read_token(self._access)
        if token is not None:
            self.use(token)
        context = _tls_context(self._access) if self.url.startswith("https:") else None
        self._pool = urllib3.PoolManager(retries=False, timeout=timeout, ssl_context=context)
        return self

    def __exit__(self, *_error: object) -> None:
        if self._pool is not None:
            self._pool.clear()
            self._pool = None

    def use(self, token: str) -> None:
        """Show this token from now on, until the connections are closed."""
        self._headers["Authorization"] = f"Bearer {token}"

    def post(self, body: bytes, path: str = "/servers", token: str | None = None) -> Answer:
        """One attempt, whatever the answer. Raises Undelivered when there was none.

        token: to show this once instead of the one in use
        """
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 — see above

        assert self._pool is not None, "used outside of `with`"  # noqa: S101
        shown = {} if token is None else {"Authorization": f"Bearer {token}"}
        try:
            response = self._pool.request(
                "POST",
                self.url.rstrip("/") + path,
                body=body,
                headers={**self._headers, **shown},
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        except HTTPError as error:
            raise Undelivered(f"{self.url}: {_in_plain_words(error)}") from error
        content = b""
        # What follows the status of a yes need not be read, and may never end.
        if response.status >= 300 or "Content-Length" in response.headers:
            # Of a no, only the reasons are missed when it breaks here: the answer counts.
            with contextlib.suppress(HTTPError):
                content = response.read(_LARGEST_ANSWER)
        if len(content) < _LARGEST_ANSWER and "Content-Length" in response.headers:
            response.release_conn()
        else:
            response.close()
        return Answer(
            response.status,
            _one_line(response.reason or ""),
            response.headers.get("Location"),
            response.headers.get("Retry-After"),
            response.headers.get("Content-Type", ""),
            content,
            response.headers.get("Date"),
        )


def read_token(access: Access) -> str | None:
    """The token, never shown: it is in no message. Raises Undelivered when it cannot be read."""
    return _secret("token", access.token_file, access.token, "COMPLIANCE_AGENT_TOKEN")


def read_enrolment_token(access: Access) -> str | None:
    """The same of the enrolment token."""
    variable = "COMPLIANCE_AGENT_ENROLMENT_TOKEN"
    return _secret("enrolment token", access.enrolment_file, access.enrolment, variable)


def _secret(what: str, path: str | None, text: str | None, variable: str) -> str | None:
    if path is not None:
        try:
            with open(path, encoding="ascii") as file:  # noqa: PTH123 — see machine.py
                text = file.read(4096).strip()
        except OSError as error:
            raise Undelivered(f"the {what} in {path}: {error.strerror}") from error
        except ValueError:
            text = "\0"  # told below
    if text is not None and not (text and text.isascii() and text.isprintable()):
        raise Undelivered(f"the {what} in {path or variable} is not one line of printable ASCII")
    return text


def _tls_context(access: Access) -> ssl.SSLContext:
    from urllib3.util import create_urllib3_context  # noqa: PLC0415 — see above

    context = create_urllib3_context()
    what = str(access.ca_file)
    try:
        if access.ca_file is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(access.ca_file)
        if access.cert is not None:
            what = " and ".join(filter(None, (access.cert, access.key)))
            # A key with a passphrase must not make the agent ask for it.
            context.load_cert_chain(access.cert, access.key, password="")
    except OSError as error:  # ssl.SSLError is one
        raise Undelivered(f"{what}: {_one_line(str(error))}") from error
    return context


def _in_plain_words(error: Exception) -> str:
    from urllib3 import exceptions  # noqa: PLC0415 — see above

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

    ceiling = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(attempt - 1, 30))
    asked = min(LONGEST_RETRY_AFTER_SECONDS, parse_retry_after(retry_after))
    return asked + random.uniform(0, ceiling)  # noqa: S311 — no secret


def parse_retry_after(text: str | None) -> float:
    """Seconds that a Retry-After header asks for, as a number or a date; 0 for nothing sane."""
    if not text:
        return 0.0
    from urllib3.exceptions import InvalidHeader  # noqa: PLC0415 — see above
    from urllib3.util import Retry  # noqa: PLC0415

    try:
        return max(0.0, float(Retry().parse_retry_after(text)))
    except (InvalidHeader, ValueError, OverflowError):
        return 0.0


def explain(answer: Answer) -> Iterator[str]:
    """The reasons in an answer that says no, a line each, at most ten faults.

    A problem document (RFC 9457) has a title, a detail and, as an extension, a list of faults.
    Anything else, such as the page of a proxy, gives no line.
    """
    if answer.status in {301, 302, 303, 307, 308} and answer.location:
        yield f"it has moved; give --api the new address: {_one_line(answer.location)}"
    problem = _problem(answer)
    yield from (
        _one_line(problem[key]) for key in ("title", "detail") if isinstance(problem.get(key), str)
    )
    for value in problem.values():
        if isinstance(value, list):
            yield from (_fault(fault) for fault in value[:_MOST_FAULTS])


def names_fault_at(pointer: str, answer: Answer) -> bool:
    """Whether a problem document has a fault with this JSON Pointer."""
    return any(
        isinstance(fault, dict) and pointer in fault.values()
        for value in _problem(answer).values()
        if isinstance(value, list)
        for fault in value
    )


def _problem(answer: Answer) -> dict[str, Any]:
    try:
        problem: Any = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return problem if isinstance(problem, dict) else {}


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
