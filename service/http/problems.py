"""Problem documents (RFC 9457): the one place that maps our errors to HTTP."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Protocol

import falcon
import orjson

from service.errors import (
    BackTestNotFoundError,
    BusyError,
    ComplianceError,
    ForbiddenError,
    FrameworkNotFoundError,
    InvalidParameterError,
    InvalidReportError,
    InvalidSqlError,
    MessageNotFoundError,
    NotSentAgainError,
    PolicyNotFoundError,
    QueriesOffError,
    QuestionStoppedError,
    RecordNotFoundError,
    ServerNotFoundError,
    ServerRetiredError,
    SourceBusyError,
    SqlLimitError,
    StorageUnavailableError,
    TagNotFoundError,
    TokenNotFoundError,
    TooManyAttemptsError,
    UnauthorizedError,
    ViolationNotFoundError,
    WaiverEndedError,
    WaiverNotFoundError,
)

_LOG = logging.getLogger(__name__)
_RETRY_AFTER_SECONDS = 10
_INVALID_QUERY = ("invalid-query", "Invalid query")
_REPORTS = ("/servers", "/inscripcion")  # what machines post to
_NOT_FOUND: Mapping[type[ComplianceError], tuple[str, str]] = {
    BackTestNotFoundError: ("no-such-backtest", "No such back-test"),
    MessageNotFoundError: ("no-such-message", "No such message"),
    FrameworkNotFoundError: ("no-such-framework", "No such framework"),
    PolicyNotFoundError: ("no-such-rule", "No such rule"),
    RecordNotFoundError: ("no-such-record", "No such record"),
    ServerNotFoundError: ("no-such-server", "No such server"),
    TagNotFoundError: ("no-such-tag", "No such tag"),
    TokenNotFoundError: ("no-such-token", "No such token"),
    ViolationNotFoundError: ("no-such-violation", "No such violation"),
    WaiverNotFoundError: ("no-such-waiver", "No such waiver"),
}


class ErrorPages(Protocol):
    """HTML pages in place of problem documents, for readers."""

    def is_asked_for(self, req: falcon.Request) -> bool: ...

    def show_error(self, req: falcon.Request, resp: falcon.Response, error: Exception) -> None: ...


def add_error_handlers(app: falcon.App[Any, Any], pages: ErrorPages) -> None:
    def add(error_class: type[Exception], answer: Callable[..., None]) -> None:
        def handle(
            req: falcon.Request, resp: falcon.Response, error: Exception, params: object
        ) -> None:
            answer(req, resp, error, params)
            if pages.is_asked_for(req):
                pages.show_error(req, resp, error)

        app.add_error_handler(error_class, handle)

    app.set_error_serializer(_serialize_http_error)
    add(Exception, _unexpected)
    add(falcon.HTTPError, _http_error)
    add(InvalidReportError, _invalid_report)
    add(InvalidParameterError, _invalid_parameter)
    for error_class in _NOT_FOUND:
        add(error_class, _not_found)
    add(NotSentAgainError, _not_sent_again)
    add(StorageUnavailableError, _storage_unavailable)
    add(SourceBusyError, _source_busy)
    add(QuestionStoppedError, _question_stopped)
    add(InvalidSqlError, _invalid_sql)
    add(BusyError, _busy)
    add(QueriesOffError, _queries_off)
    add(UnauthorizedError, _unauthorized)
    add(ForbiddenError, _forbidden)
    add(ServerRetiredError, _server_retired)
    add(WaiverEndedError, _waiver_ended)
    add(TooManyAttemptsError, _too_many_attempts)


def _invalid_report(
    _req: falcon.Request, resp: falcon.Response, error: InvalidReportError, _params: object
) -> None:
    faults = [{"pointer": fault.pointer, "detail": fault.detail} for fault in error.faults]
    first = error.faults[0]
    detail = f"{first.pointer}: {first.detail}" if first.pointer else first.detail
    if len(faults) > 1:
        detail += f" (and {len(faults) - 1} more, see errors)"
    _answer(resp, HTTPStatus.BAD_REQUEST, "invalid-report", "Invalid report", detail, errors=faults)


def _invalid_parameter(
    _req: falcon.Request, resp: falcon.Response, error: InvalidParameterError, _params: object
) -> None:
    faults = [{"parameter": error.parameter, "detail": error.detail}]
    _answer(
        resp,
        HTTPStatus.BAD_REQUEST,
        "invalid-parameter",
        "Invalid parameter",
        str(error),
        errors=faults,
    )


def _not_found(
    _req: falcon.Request, resp: falcon.Response, error: ComplianceError, _params: object
) -> None:
    _answer(resp, HTTPStatus.NOT_FOUND, *_NOT_FOUND[type(error)], str(error))


def _not_sent_again(
    _req: falcon.Request, resp: falcon.Response, error: NotSentAgainError, _params: object
) -> None:
    _answer(resp, HTTPStatus.CONFLICT, "not-sent-again", "Not sent again", str(error))


def _unauthorized(
    _req: falcon.Request, resp: falcon.Response, error: UnauthorizedError, _params: object
) -> None:
    resp.set_header("WWW-Authenticate", 'Bearer realm="compliance"')
    _answer(resp, HTTPStatus.UNAUTHORIZED, "no-good-token", "Valid token required", str(error))


def _forbidden(
    _req: falcon.Request, resp: falcon.Response, error: ForbiddenError, _params: object
) -> None:
    _answer(
        resp, HTTPStatus.FORBIDDEN, "not-with-this-token", "Forbidden for this token", str(error)
    )


def _server_retired(
    _req: falcon.Request, resp: falcon.Response, error: ServerRetiredError, _params: object
) -> None:
    _answer(resp, HTTPStatus.CONFLICT, "server-retired", "Server retired", str(error))


def _waiver_ended(
    _req: falcon.Request, resp: falcon.Response, error: WaiverEndedError, _params: object
) -> None:
    _answer(resp, HTTPStatus.CONFLICT, "waiver-ended", "Waiver ended", str(error))


def _too_many_attempts(
    _req: falcon.Request, resp: falcon.Response, error: TooManyAttemptsError, _params: object
) -> None:
    resp.set_header("Retry-After", str(_RETRY_AFTER_SECONDS))
    _answer(
        resp, HTTPStatus.TOO_MANY_REQUESTS, "too-many-attempts", "Too many attempts", str(error)
    )


def _storage_unavailable(
    req: falcon.Request, resp: falcon.Response, error: StorageUnavailableError, _params: object
) -> None:
    _LOG.error("storage unavailable: %s", error)
    if req.method == "POST" and req.path in _REPORTS:
        detail = "the report could not be stored; keep it and send it again later"
    else:
        detail = "the data folder cannot be used now; try again later"
    _unavailable(resp, detail)


def _source_busy(
    _req: falcon.Request, resp: falcon.Response, error: SourceBusyError, _params: object
) -> None:
    _unavailable(resp, str(error), error.retry_after)


def _question_stopped(
    req: falcon.Request, resp: falcon.Response, error: QuestionStoppedError, _params: object
) -> None:
    _LOG.warning("%s %a stopped: %s", req.method, req.path, error)
    resp.set_header("Retry-After", str(_RETRY_AFTER_SECONDS))
    _answer(
        resp, HTTPStatus.SERVICE_UNAVAILABLE, "answer-timeout", "Answer takes too long", str(error)
    )


def _invalid_sql(
    _req: falcon.Request, resp: falcon.Response, error: InvalidSqlError, _params: object
) -> None:
    is_limit = isinstance(error, SqlLimitError)
    kind, title = ("query-limit", "Query takes too much") if is_limit else _INVALID_QUERY
    _answer(resp, HTTPStatus.BAD_REQUEST, kind, title, str(error))


def _busy(_req: falcon.Request, resp: falcon.Response, error: BusyError, _params: object) -> None:
    resp.set_header("Retry-After", str(error.retry_after))
    kind, title = f"{error.KIND}-busy", f"Too many {error.KIND} now"
    _answer(resp, HTTPStatus.SERVICE_UNAVAILABLE, kind, title, str(error))


def _queries_off(
    _req: falcon.Request, resp: falcon.Response, error: QueriesOffError, _params: object
) -> None:
    _answer(resp, HTTPStatus.NOT_FOUND, "queries-off", "Queries are off", str(error))


def _unexpected(
    req: falcon.Request, resp: falcon.Response, error: Exception, _params: object
) -> None:
    # 503, since a defect of the service loses nothing when the client sends its request again.
    _LOG.error("%s %a failed", req.method, req.path, exc_info=error)
    _unavailable(resp, "the service failed to answer this request; try again later")


def _unavailable(
    resp: falcon.Response, detail: str, retry_after: int = _RETRY_AFTER_SECONDS
) -> None:
    resp.set_header("Retry-After", str(retry_after))
    _answer(
        resp,
        HTTPStatus.SERVICE_UNAVAILABLE,
        "unavailable",
        "Service unavailable",
        detail,
    )


def _http_error(
    req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError, _params: object
) -> None:
    resp.status = error.status
    if error.headers:
        resp.set_headers(error.headers)
    _serialize_http_error(req, resp, error)


def _serialize_http_error(
    _req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError
) -> None:
    status = HTTPStatus(error.status_code)
    _answer(resp, status, None, status.phrase, error.description or status.description)


def _answer(  # noqa: PLR0913 — the members of a problem document
    resp: falcon.Response,
    status: HTTPStatus,
    kind: str | None,
    title: str,
    detail: str,
    *,
    errors: Sequence[Mapping[str, str]] = (),
) -> None:
    problem: dict[str, object] = {
        "type": f"urn:compliance-continuo:problems:{kind}" if kind else "about:blank",
        "title": title,
        "status": status.value,
        "detail": detail,
    }
    if errors:
        problem["errors"] = errors
    resp.status = status.value
    resp.content_type = "application/problem+json"
    resp.data = orjson.dumps(problem)
