"""/consultar: a form for one SELECT over the relations, and its answer. For administrators."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import falcon

from service.errors import (
    AnswerTimeoutError,
    InvalidSqlError,
    QueriesBusyError,
    QueriesOffError,
    SqlLimitError,
)
from service.http.asker import facts_of, is_abandoned
from service.http.filters import AT_MOMENT, STATE, moment_of
from service.http.listing import CUT_OFF, FORMAT, show_csv
from service.http.parameters import text
from service.pages.forms import form_of, text_of
from service.pages.site import PageQuery, Site
from service.policies.queries.query_faults import MAX_LENGTH, relation_columns
from service.policies.queries.query_runner import (
    MAX_ROWS,
    SECONDS,
    QueryRunner,
    SqlAnswer,
    SqlQuery,
)

_SQL = text("sql", 2 * MAX_LENGTH)  # a longer one than may run is shown again with its fault
_PARAMETERS = (_SQL, *AT_MOMENT, STATE)
_MAX_FORM_BYTES = 128 * 1024  # the longest text in any script, percent-encoded, and the rest
_STATUSES: Mapping[type[Exception], str] = {
    InvalidSqlError: falcon.HTTP_400,
    SqlLimitError: falcon.HTTP_400,
    QueriesBusyError: falcon.HTTP_503,
    AnswerTimeoutError: falcon.HTTP_503,
}


class QueryPage:
    def __init__(self, site: Site, queries: QueryRunner, clock: Callable[[], int]) -> None:
        self._site = site
        self._queries = queries
        self._clock = clock

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The form; a link may fill it in, and runs nothing."""
        query = self._site.query(req, resp, *_PARAMETERS)
        if not self._queries.is_on:
            resp.status = falcon.HTTP_404
        self._show(req, resp, query)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = PageQuery(form_of(req, _SQL, _MAX_FORM_BYTES), *_PARAMETERS, FORMAT)
        try:
            asked = SqlQuery(_sql(query), moment_of(query), of_silent=bool(query[STATE]))
            found = self._queries.answer(asked, facts_of(req), is_abandoned(req))
        except QueriesOffError:
            resp.status = falcon.HTTP_404
            self._show(req, resp, query)
        except tuple(_STATUSES) as error:
            resp.status = _STATUSES[type(error)]
            if isinstance(error, QueriesBusyError):
                resp.set_header("Retry-After", str(error.retry_after))
            self._show(req, resp, query, error=error)
        else:
            if query[FORMAT] == "csv":
                cut = [[CUT_OFF]] if found.is_cut else []
                show_csv(req, resp, found.columns, [*found.rows, *cut])
            else:
                self._show(req, resp, query, found)
        resp.cache_control = ["no-store"]

    def _show(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        query: PageQuery,
        found: SqlAnswer | None = None,
        error: Exception | None = None,
    ) -> None:
        self._site.show(
            req,
            resp,
            "query.html",
            sql=_sql(query),
            moment=moment_of(query),
            of_silent=bool(query[STATE]),
            is_on=self._queries.is_on,
            found=found,
            fault=None if error is None else str(error),
            is_limit=isinstance(error, SqlLimitError | AnswerTimeoutError),
            is_busy=isinstance(error, QueriesBusyError),
            relations=relation_columns(),
            max_rows=MAX_ROWS,
            seconds=SECONDS,
            max_length=MAX_LENGTH,
        )


def _sql(query: PageQuery) -> str:
    return text_of(query[_SQL])
