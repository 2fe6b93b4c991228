"""Runs a query of an administrator: one SELECT over the relations, now or at a moment.

The query is written to the audit log before anything else happens. It runs in a process of its own
over copies of the relations, which are made for it and end with it, as the process does. Whatever
is wrong with the query, the database and the service are out of its reach.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from service import times
from service.auth.audit_entries import QUERY_ASKED
from service.auth.audit_log import AuditLog
from service.auth.token_format import masked
from service.errors import (
    GuardEndedError,
    InvalidSqlError,
    QueriesOffError,
    SqlLimitError,
    StorageUnavailableError,
)
from service.policies.guard.guard_connection import GuardConnection, ProcessLimits
from service.policies.queries.query_faults import MAX_LENGTH, check_text, with_expectation
from service.policies.queries.query_slots import slot
from service.policies.rules.data_files import read_data_files
from service.policies.rules.places import SHIPPED_FOLDER
from service.policies.rules.relations import reads_logins, reads_processes
from service.policies.rules.sql_text import without_double_quotes
from service.store.engines.question import Question, begin, end
from service.store.read.moments import Moment
from service.store.read.relation_copies import RelationCopies, Wanted

_LOG = logging.getLogger(__name__)

MAX_ROWS = 1000
SECONDS = 2.0  # of processor, for the statement
_MAX_CHARACTERS = 4 * 1024 * 1024  # of texts in the rows
_WHOLE_SECONDS = 15.0  # for the copies as well; a fleet of 1,000 x 300 takes about 2
_MAX_AUDITED = MAX_LENGTH  # characters
_MEMORY = 512 * 1024 * 1024  # of its process; the copies of 1,000 servers x 300 take 170 MiB
_MODULE = "service.policies.queries.query_process"
_LISTED = "procesos_listados"

Facts = Mapping[str, str | int | None]
Cell = str | int | float | None


class SqlQuery(NamedTuple):
    """A SELECT, and what the relations show. of_silent: what silent servers said last."""

    sql: str
    moment: Moment | None = None
    of_silent: bool = False


@dataclass(frozen=True, slots=True)
class SqlAnswer:
    """at: when the relations were so. is_cut: there are more rows than may be shown."""

    at: int
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    is_cut: bool


class QueryRunner:
    """is_on: whether queries run here at all. places: a file for each query that may run at a time.

    user_folder: of rules, whose data files are relations too.
    """

    def __init__(  # noqa: PLR0913 — its collaborators
        self,
        copies: RelationCopies,
        audit_log: AuditLog,
        places: Sequence[Path],
        *,
        is_on: bool,
        user_folder: Path | None = None,
        limits: ProcessLimits | None = None,
    ) -> None:
        self.is_on = is_on
        self._copies = copies
        self._audit_log = audit_log
        self._places = places
        self._folders = [SHIPPED_FOLDER, *([] if user_folder is None else [user_folder])]
        self._limits = limits or ProcessLimits(
            memory=_MEMORY, processor=SECONDS, answer=_WHOLE_SECONDS
        )

    def require_on(self) -> None:
        """Raises QueriesOffError."""
        if not self.is_on:
            raise QueriesOffError

    def answer(
        self, query: SqlQuery, asker: Facts, is_abandoned: Callable[[], bool] = lambda: False
    ) -> SqlAnswer:
        """asker: who asks, for the audit log. is_abandoned: whether nobody waits for the answer.

        Raises QueriesOffError, InvalidSqlError, SqlLimitError, QueriesBusyError,
        StorageUnavailableError, QuestionStoppedError.
        """
        self.require_on()
        # As long as the text is bounded, so is the line; a longer one is refused, whoever asks.
        self._audit_log.write(
            QUERY_ASKED,
            **asker,
            sql=masked(query.sql[:_MAX_AUDITED]),
            length=len(query.sql),
            fecha_hora=None if query.moment is None else times.to_text(query.moment.at),
            conocido_en=_text(query.moment.known_at if query.moment else None),
            estado="silencioso" if query.of_silent else "al_dia",
        )
        check_text(query.sql)
        with slot(self._places) as place:
            asked = Question(_WHOLE_SECONDS, is_abandoned)
            token = begin(asked)
            try:
                return self._answer(query, asked, place)
            except GuardEndedError as error:
                if asked.stopped is not None:
                    raise asked.stopped from error
                _LOG.warning("a query ended its process: %s", error)
                raise SqlLimitError("more processor or memory than it may use") from error
            finally:
                end(token)

    def _answer(self, query: SqlQuery, asked: Question, place: int) -> SqlAnswer:
        at = times.now() if query.moment is None else query.moment.at
        common = {"sql": without_double_quotes(query.sql), "now": times.to_text(at)}
        with closing(_Process(self._limits, asked, place)) as process:
            found = process.ask({**common, "do": "describe", "processor": SECONDS})
            reads = [tuple(each) for each in found["reads"]]
            wanted = Wanted(
                processes=reads_processes(reads),
                logins=reads_logins(reads),
                of_silent=query.of_silent,
                first_sight=any(column == "visto_desde" for _, column in reads),
            )
            image = self._copies.image(query.moment, wanted)
            found = process.ask(
                {
                    **common,
                    "do": "run",
                    "processor": self._limits.fleet_processor,
                    "seconds": SECONDS,
                    "rows": MAX_ROWS,
                    "characters": _MAX_CHARACTERS,
                    "lists": any(relation == _LISTED for relation, _ in reads),
                    "data": read_data_files(self._folders).tables(),
                },
                image,
            )
        if found["cut"] and not found["rows"]:
            raise SqlLimitError(f"its first row has more than {_MAX_CHARACTERS} characters")
        return SqlAnswer(at, found["columns"], found["rows"], found["cut"])


class _Process:
    """A process of service/policies/queries/query_process.py, for one query. It keeps the place."""

    def __init__(self, limits: ProcessLimits, asked: Question, place: int) -> None:
        try:
            self._connection = GuardConnection(limits, _MODULE, asked.stops, [place])
        except OSError as error:
            raise StorageUnavailableError(f"no process can be started: {error}") from error

    def ask(self, request: Mapping[str, Any], image: bytes | None = None) -> Any:  # noqa: ANN401
        """What it answers. Raises InvalidSqlError, SqlLimitError, GuardEndedError."""
        (found,) = self._connection.ask(request, image)
        if "error" not in found:
            return found
        detail = with_expectation(request["sql"], found["detail"])
        raise (SqlLimitError if found["error"] == "limit" else InvalidSqlError)(detail)

    def close(self) -> None:
        self._connection.end()


def _text(at: int | None) -> str | None:
    return None if at is None else times.to_text(at)
