"""Every kind of request to a fleet, and its limits.

In an address, {record} is the number of any report, {server} of any server, {moment} any moment
of the history, {hour} and {day} a span that begins then, {since} one of six hours that ends then,
{next} the cursor of the second page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.benchmarks.asked_fleet import (
    COMMON,
    GONE,
    GONE_UNIQUE,
    ONE_SERVER,
    RARE,
    USER_COMMON,
    USER_GONE,
    USER_RARE,
)

LIMIT_MS, LIMIT_OF_A_NAME_MS = 50, 20
LIMIT_OF_THE_RATIO = 1.3

COMPARISON = "/healthz"  # answers without asking the database

# A server that has reported 20 times has no 100 records to return, nor a day.
RETURN_HISTORY = (
    "/servers/{record}/historial",
    "/servers/{record}/historial?{day}",
    "/servers/{record}/cambios",
    "/servers/{record}/historial?limit=1000",
    "/servers/{record}/cambios?limit=1000",
    "/servers/{record}/cambios?{day}",
    "/servidor/{server}?desde=2020-01-01",
)

OF_SERVERS = (
    "/servers",
    "/servers?limit=1000",
    "/servers?cursor={next}",
    "/servers?ipaddress=10.0.1.0/24",
    "/servers?nombre_so=Ubuntu",
    "/servers?version_so=9.4.1",
    "/servers?arquitectura_proc=aarch64",
    "/servers?q=server-77",
    "/servers?q=nowhere",
    "/servers?estado=silencioso",
    "/servers?estado=al_dia",
    "/servers?formato=csv",
    "/servers?fecha_hora={moment}",
    "/servers?limit=1000&fecha_hora={moment}",
    "/servers?q=server-77&fecha_hora={moment}",
    "/servers?estado=silencioso&fecha_hora={moment}",
    "/servers?conocido_en={moment}",
)
OF_ONE_SERVER = (
    "/servers/{record}",
    "/servers/{record}/procesos",
    "/servers/{record}/procesos?formato=csv",
    "/servers/{record}/usuarios_activos",
    "/servers/{record}/historial?limit=10",
    "/servers/{record}/cambios?limit=10",
    "/servers/{record}/cambios?{hour}",
)
NAMES = (
    COMMON,
    RARE,
    ONE_SERVER,
    GONE,
    GONE_UNIQUE,
    "nowhere",
    "program-14*",
    "*-on-*",
    "*out*",
    "*",
)
PROCESSES = (
    *(f"name={name}" for name in NAMES),
    f"name={COMMON}&username={USER_COMMON}",
    f"name={COMMON}&username=www-data",
    "username=juan",
    "username=j*",
    "username=nowhere",
)
LOGINS = tuple(
    f"username={name}" for name in (USER_COMMON, USER_RARE, USER_GONE, "nowhere", "user-*")
)
PAGES = (
    "/",
    "/?q=server-77",
    "/?estado=silencioso",
    "/?fecha_hora={moment}",
    "/?q=server-77&fecha_hora={moment}",
    "/?fecha_hora={moment}&conocido_en={moment}",
    "/servidor/{server}",
    "/servidor/{server}?fecha_hora={moment}",
    "/servidor/{server}?q=program-14",
    "/servidor/{server}?{since}",
)
PROGRAMS = tuple(
    f"/programa?name={name}" for name in (COMMON, RARE, ONE_SERVER, GONE, "nowhere", "program-14*")
)
USERS = tuple(
    f"/usuario?username={name}" for name in (USER_COMMON, "root", USER_RARE, USER_GONE, "nowhere")
)


@dataclass(frozen=True, slots=True)
class Request:
    address: str

    @property
    def limit_ms(self) -> int:
        name = self.address.startswith("/procesos?name=")
        return LIMIT_OF_A_NAME_MS if name else LIMIT_MS

    @property
    def returns_history(self) -> bool:
        return self.address in RETURN_HISTORY


def requests() -> list[Request]:
    return [Request(address) for address in _addresses()]


def _addresses() -> Iterator[str]:
    yield COMPARISON
    yield from OF_SERVERS
    yield from OF_ONE_SERVER
    yield from RETURN_HISTORY[:-1]
    yield "/procesos"
    yield f"/procesos?name={COMMON}&cursor={{next}}"
    yield f"/procesos?name={COMMON}&limit=1000"
    yield f"/procesos?name={COMMON}&formato=csv"
    yield "/procesos?pid=829"
    yield "/procesos?pid=200"
    yield "/procesos?estado=silencioso"
    yield "/procesos?estado=silencioso&fecha_hora={moment}"
    yield f"/procesos?name={RARE}&fecha_hora={{moment}}&conocido_en={{moment}}"
    yield from _now_and_then("/procesos", PROCESSES)
    yield from (f"/procesos/historial?{query}" for query in PROCESSES)
    yield "/usuarios_activos"
    yield "/usuarios_activos?pid=829"
    yield "/usuarios_activos?fecha_hora={moment}&conocido_en={moment}"
    yield from _now_and_then("/usuarios_activos", LOGINS)
    yield from (f"/usuarios_activos/historial?{query}" for query in LOGINS)
    yield "/resumen"
    yield "/resumen?formato=csv"
    yield from PAGES
    yield RETURN_HISTORY[-1]
    for page in (*PROGRAMS, *USERS):
        yield page
        yield f"{page}&fecha_hora={{moment}}"


def _now_and_then(path: str, queries: tuple[str, ...]) -> Iterator[str]:
    yield from (f"{path}?{query}" for query in queries)
    yield from (f"{path}?{query}&fecha_hora={{moment}}" for query in queries)
