"""What is wrong with a query of an administrator, in words that say what was expected."""

from __future__ import annotations

from contextlib import closing
from functools import cache

from service.errors import InvalidSqlError
from service.policies.guard.workspace import Workspace
from service.policies.rules.relations import ALLOWED, RELATIONS
from service.policies.rules.sql_text import tokens
from service.policies.rules.statement import statement_faults

MAX_LENGTH = 8000  # characters of a query

# Of every report ever, so not here; where their rows of this moment stand.
_OF_THE_DATABASE = {
    "servers": "servers_vigentes",
    "procesos": "procesos_vigentes",
    "usuarios_activos": "usuarios_vigentes",
}


@cache
def relation_columns() -> dict[str, tuple[str, ...]]:
    """The columns of each relation, in their order."""
    with closing(Workspace()) as workspace, workspace.sandbox.trusted() as connection:
        return {
            relation: tuple(
                str(name) for _, name, *_ in connection.execute(f"PRAGMA table_info({relation})")
            )
            for relation in sorted(RELATIONS)
        }


def check_text(sql: str) -> None:
    """Raises InvalidSqlError for a text that is no single SELECT."""
    if len(sql) > MAX_LENGTH:
        raise InvalidSqlError(f"expected at most {MAX_LENGTH} characters, got {len(sql)}")
    if "\0" in sql:
        raise InvalidSqlError("expected a text without NUL")
    for line, reason in statement_faults(sql, RELATIONS):
        detail = f"line {line}: {reason}"
        if reason.endswith("there is no such relation"):
            detail += f": expected one of {', '.join(sorted(RELATIONS))}"
        raise InvalidSqlError(detail)


def with_expectation(sql: str, detail: str) -> str:
    """What SQLite or its authorizer says of a statement, and what was expected."""
    if detail.startswith(("no such table: ", "not allowed: the table ")):
        name = detail.rpartition(" ")[2].rpartition(".")[2].lower()
        if name in _OF_THE_DATABASE:
            return f"{detail}: here it is {_OF_THE_DATABASE[name]}, the rows of this moment"
        return f"{detail}: expected one of {', '.join(sorted(RELATIONS))}"
    if detail.startswith("no such column: "):
        named = {token.name for token in tokens(sql)}
        expected = [
            f"{relation} has {', '.join(columns)}"
            for relation, columns in relation_columns().items()
            if relation in named
        ]
        return f"{detail}: {'; '.join(expected)}" if expected else detail
    if detail.startswith(("no such function: ", "not allowed: the function ")):
        return f"{detail}: expected one of {', '.join(sorted(ALLOWED.functions))}"
    return detail
