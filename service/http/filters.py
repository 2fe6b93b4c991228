"""Filters: the query parameters that endpoints and pages share."""

from __future__ import annotations

from service.end_of_life import SUPPORT_STATES
from service.errors import InvalidParameterError
from service.http.parameters import (
    Parameter,
    Query,
    choice,
    integer,
    network,
    past_time,
    text,
    time,
)
from service.store.engines import MAX_INTEGER
from service.store.read.changes import Period
from service.store.read.moments import Moment
from service.store.read.name_filters import LoginFilter, ProcessFilter
from service.store.read.notifications import STATES
from service.store.read.period_filter import PeriodFilter
from service.store.read.server_filter import ServerFilter
from service.store.read.violations import ViolationFilter
from service.store.tag_format import wanted_tag

# The longest texts that schemas/report.v2.json allows.
ADDRESS = network("ipaddress")
SYSTEM = text("nombre_so", 512)
VERSION = text("version_so", 512)
ARCHITECTURE = text("arquitectura_proc", 512)
SEARCH = text("q", 512)
STATE = choice("estado", {"al_dia": False, "silencioso": True})
# Whether it is silent, and whether it is retired.
STATE_OF_SERVER = choice(
    "estado", {"al_dia": (False, False), "silencioso": (True, False), "retirado": (None, True)}
)
TAG = Parameter("etiqueta", "a tag such as entorno=produccion, or its key alone", wanted_tag)
SUPPORT = choice("soporte", {str(word): str(word) for word in SUPPORT_STATES})
OF_SERVERS = (ADDRESS, SYSTEM, VERSION, ARCHITECTURE, SEARCH, STATE_OF_SERVER, SUPPORT, TAG)

MOMENT = time("fecha_hora")
KNOWN_AT = past_time("conocido_en")
AT_MOMENT = (MOMENT, KNOWN_AT)
SINCE = time("desde")
UNTIL = time("hasta")
IN_PERIOD = (SINCE, UNTIL, KNOWN_AT)

NAME = text("name", 1024)
USERNAME = text("username", 256)
PID = integer("pid", 0, 4_294_967_295)

POLICY = text("politica", 64)
SERVER = integer("servidor", 1, MAX_INTEGER)
SEVERITY = choice("severidad", {word: word for word in ("baja", "media", "alta", "critica")})
FRAMEWORK = choice("marco", {word: word for word in ("ens", "iso27001", "nist", "cis")})
OPEN = choice("abiertas", {"si": True, "no": False})
VERDICT = choice(
    "veredicto", {word: word for word in ("cumple", "falla", "desconocido", "no_aplica")}
)

WAIVER_STATE = choice(
    "estado", {word: word for word in ("vigente", "por_vencer", "ociosa", "terminada")}
)

OF_VIOLATIONS = (POLICY, SERVER, SEVERITY, FRAMEWORK, OPEN, TAG)
OF_PERIODS = (*IN_PERIOD, SERVER, TAG, POLICY, FRAMEWORK, SEVERITY)

RECEIVER = text("receptor", 64)
MESSAGE_STATE = choice("estado", {word: word for word in STATES})
OF_MESSAGES = (RECEIVER, MESSAGE_STATE)


def moment_of(query: Query) -> Moment | None:
    """The moment that a query over AT_MOMENT asks about; null for now."""
    known_at = query[KNOWN_AT]
    at = known_at if query[MOMENT] is None else query[MOMENT]
    return None if at is None else Moment(at, known_at)


def period_of(query: Query) -> Period:
    """The period that a query over IN_PERIOD asks about."""
    return Period(query[SINCE], query[UNTIL], query[KNOWN_AT])


def server_filter(query: Query) -> ServerFilter:
    """The servers that a query over OF_SERVERS selects; without a state, those not retired."""
    silent, retired = query[STATE_OF_SERVER] or (None, False)
    return ServerFilter(
        ipaddress=query[ADDRESS],
        nombre_so=query[SYSTEM],
        version_so=query[VERSION],
        arquitectura_proc=query[ARCHITECTURE],
        q=query[SEARCH],
        silent=silent,
        retired=retired,
        support=query[SUPPORT],
        tag=query[TAG],
    )


def violation_filter(query: Query) -> ViolationFilter:
    """The violations that a query over OF_VIOLATIONS, AT_MOMENT, SINCE and UNTIL selects."""
    return ViolationFilter(
        rule=query[POLICY],
        server_id=query[SERVER],
        severity=query[SEVERITY],
        framework=query[FRAMEWORK],
        is_open=query[OPEN],
        tag=query[TAG],
        moment=moment_of(query),
        since=query[SINCE],
        until=query[UNTIL],
    )


def period_filter(query: Query) -> PeriodFilter:
    """The period that a query over OF_PERIODS asks about. Raises InvalidParameterError."""
    since, until = query[SINCE], query[UNTIL]
    if since is not None and until is not None and until <= since:
        raise InvalidParameterError(UNTIL.name, f"expected a moment after {SINCE.name}")
    return PeriodFilter(
        since=since,
        until=until,
        known_at=query[KNOWN_AT],
        rule=query[POLICY],
        server_id=query[SERVER],
        severity=query[SEVERITY],
        framework=query[FRAMEWORK],
        tag=query[TAG],
    )


def process_filter(query: Query) -> ProcessFilter:
    """The processes that a query over NAME, USERNAME and PID selects."""
    return ProcessFilter(name=query[NAME], username=query[USERNAME], pid=query[PID])


def login_filter(query: Query) -> LoginFilter:
    """The logins that a query over USERNAME and PID selects."""
    return LoginFilter(username=query[USERNAME], pid=query[PID])
