"""Filters: the query parameters that endpoints and pages share."""

from __future__ import annotations

from service.http.parameters import Query, choice, integer, network, text, time
from service.store.read.fleet import ServerFilter
from service.store.read.occurrences import LoginFilter, ProcessFilter

# The longest texts that schemas/report.v2.json allows.
ADDRESS = network("ipaddress")
SYSTEM = text("nombre_so", 512)
VERSION = text("version_so", 512)
ARCHITECTURE = text("arquitectura_proc", 512)
SEARCH = text("q", 512)
STATE = choice("estado", {"al_dia": False, "silencioso": True})
OF_SERVERS = (ADDRESS, SYSTEM, VERSION, ARCHITECTURE, SEARCH, STATE)

MOMENT = time("fecha_hora")
SINCE = time("desde")
UNTIL = time("hasta")

NAME = text("name", 1024)
USERNAME = text("username", 256)
PID = integer("pid", 0, 4_294_967_295)


def server_filter(query: Query) -> ServerFilter:
    """The servers that a query over OF_SERVERS selects."""
    return ServerFilter(
        ipaddress=query[ADDRESS],
        nombre_so=query[SYSTEM],
        version_so=query[VERSION],
        arquitectura_proc=query[ARCHITECTURE],
        q=query[SEARCH],
        silent=query[STATE],
    )


def process_filter(query: Query) -> ProcessFilter:
    """The processes that a query over NAME, USERNAME and PID selects."""
    return ProcessFilter(name=query[NAME], username=query[USERNAME], pid=query[PID])


def login_filter(query: Query) -> LoginFilter:
    """The logins that a query over USERNAME and PID selects."""
    return LoginFilter(username=query[USERNAME], pid=query[PID])
