"""What a page shows as SQL: the same rows, by a SELECT over the relations that rules read.

Null where SQL cannot say it: Python and SQLite differ in the case of letters, so a search has none,
and neither has a text that would not show as itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from service.end_of_life import CONTINUOUS, UNKNOWN, Support
from service.http.filters import AT_MOMENT, STATE, TAG
from service.http.parameters import Query
from service.pages.escaping import plain_name
from service.store.read.name_filters import LoginFilter, ProcessFilter, escape_like
from service.store.read.server_filter import ServerFilter
from service.store.tag_format import WantedTag

_MAX_ADDRESS = 8000
_MAX_PATTERN = 256  # bytes: service/store/engines/sandbox.py
_ESCAPED = "ESCAPE '!'"

_CONTINUOUS = (
    "EXISTS (SELECT 1 FROM listas AS l WHERE l.lista = 'sistemas-continuos'"
    " AND nombre_so GLOB l.valor)"
)
_SUPPORT = {
    CONTINUOUS: _CONTINUOUS,
    **{
        str(state): f"NOT {_CONTINUOUS} AND servidor IN (SELECT servidor FROM soporte_vigente"  # noqa: S608 — constants
        f" WHERE estado_soporte(fin, fin_ampliado, contratos, soporte, :ahora) IS {value})"
        for state, value in [*((each, f"'{each}'") for each in Support), (UNKNOWN, "NULL")]
    },
}


@dataclass(frozen=True, slots=True)
class AsSql:
    """moment: the parameters of the moment. of_silent: the rows are those of silent servers."""

    sql: str
    moment: Mapping[str, str]
    of_silent: bool = False

    @property
    def address(self) -> str | None:
        """Of the page that runs it; null where it does not fit into an address."""
        return self._address(of_silent=self.of_silent)

    @property
    def address_of_silent(self) -> str | None:
        """The same question about silent servers."""
        return self._address(of_silent=True)

    def _address(self, *, of_silent: bool) -> str | None:
        state = {STATE.name: "silencioso"} if of_silent else {}
        address = f"/consultar?{urlencode({'sql': self.sql, **self.moment, **state})}"
        return address if len(address) <= _MAX_ADDRESS else None


def servers(criteria: ServerFilter, query: Query) -> AsSql | None:
    """The list of servers."""
    if criteria.q is not None or criteria.retired:
        return None
    conditions = [
        _equal("nombre_so", criteria.nombre_so),
        _equal("version_so", criteria.version_so),
        _equal("arquitectura_proc", criteria.arquitectura_proc),
    ]
    if criteria.ipaddress is not None:
        conditions.append(f"en_red(ipaddress, '{criteria.ipaddress}')")
    if criteria.support is not None:
        conditions.append(_SUPPORT[criteria.support])
    conditions.append(_with_tag(criteria.tag))
    if criteria.silent is not None:
        conditions.append(_equal("estado", "silencioso" if criteria.silent else "al_dia"))
    return _select(
        "servidor, nombre_host, ipaddress, nombre_so, version_so, arquitectura_proc, marca_proc,\n"
        "  recibido, estado, reloj",
        "servers_vigentes",
        conditions,
        "servidor",
        query,
    )


def processes_of_server(server_id: int, query: Query, *, silent: bool) -> AsSql | None:
    return _select(
        "pid, name, username, inicio, ppid, linea_comando, ejecutable",
        "procesos_vigentes",
        [f"servidor = {server_id}"],
        "pid, id_proc",
        query,
        of_silent=silent,
    )


def logins_of_server(server_id: int, query: Query, *, silent: bool) -> AsSql | None:
    return _select(
        "username, terminal, origen, desde, pid",
        "usuarios_vigentes",
        [f"servidor = {server_id}"],
        "id_usr",
        query,
        of_silent=silent,
    )


def processes(criteria: ProcessFilter, query: Query) -> AsSql | None:
    """Where a program runs."""
    return _select(
        "servidor, ip_server, name, pid, username, inicio, linea_comando, ejecutable",
        "procesos_vigentes",
        [
            _matches("name", criteria.name),
            _matches("username", criteria.username),
            _with_tag(query[TAG]),
        ],
        "servidor, id_proc",
        query,
    )


def users_of(criteria: ProcessFilter, query: Query) -> AsSql | None:
    """The users of a program, with the number of their processes."""
    return _select(
        "username, count(*) AS procesos",
        "procesos_vigentes",
        [_matches("name", criteria.name), _matches("username", criteria.username)],
        "procesos DESC, username",
        query,
        group="username",
    )


def logins(criteria: LoginFilter, query: Query) -> AsSql | None:
    """Where a user is logged in."""
    return _select(
        "servidor, ip_server, username, terminal, origen, desde, pid",
        "usuarios_vigentes",
        [_matches("username", criteria.username), _with_tag(query[TAG])],
        "servidor, id_usr",
        query,
    )


def programs_of(criteria: LoginFilter, query: Query) -> AsSql | None:
    """The programs that run as a user now, with the number of their processes."""
    return _select(
        "name, count(*) AS procesos",
        "procesos_vigentes",
        [_matches("username", criteria.username)],
        "procesos DESC, name",
        query,
        group="name",
        is_now=True,
    )


def _select(  # noqa: PLR0913 — the parts of a SELECT
    columns: str,
    relation: str,
    conditions: list[str],
    order: str,
    query: Query,
    *,
    group: str = "",
    of_silent: bool = False,
    is_now: bool = False,
) -> AsSql | None:
    """Null where a text would not show as itself, or is too long."""
    given = [each for each in conditions if each]
    if not all(plain_name(each) == each for each in given) or any(map(_is_too_long, given)):
        return None
    sql = "\n".join(_lines(columns, relation, given, group, order))
    moment = {} if is_now else {each.name: query.text(each) for each in AT_MOMENT}
    return AsSql(sql, {name: text for name, text in moment.items() if text}, of_silent)


def _lines(
    columns: str, relation: str, conditions: list[str], group: str, order: str
) -> Iterator[str]:
    yield f"SELECT {columns}"
    yield f"FROM {relation}"
    if conditions:
        yield "WHERE " + "\n  AND ".join(conditions)
    if group:
        yield f"GROUP BY {group}"
    yield f"ORDER BY {order}"


def _equal(column: str, value: str | None) -> str:
    return "" if value is None else f"{column} = {_text(value)}"


def _matches(column: str, pattern: str | None) -> str:
    """As a filter by name does: exactly, or with * for any text."""
    if pattern is None or "*" not in pattern:
        return _equal(column, pattern)
    return f"{column} LIKE {_text(escape_like(pattern).replace('*', '%'))} {_ESCAPED}"


def _with_tag(tag: WantedTag | None) -> str:
    if tag is None:
        return ""
    wanted = " AND ".join(filter(None, [_equal("clave", tag.key), _equal("valor", tag.value)]))
    return f"servidor IN (SELECT servidor FROM etiquetas WHERE {wanted})"  # noqa: S608 — quoted


def _is_too_long(condition: str) -> bool:
    return condition.endswith(_ESCAPED) and len(condition.encode()) > _MAX_PATTERN


def _text(value: str) -> str:
    quoted = value.replace("'", "''")
    return f"'{quoted}'"
