"""The machines of the fixture, and when each reports: five days, seven rounds a day."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from tests.data.make_0_1_0.machines import (
    BOOTED,
    HOSTILE,
    Machine,
    at_offset,
    escaped,
    pretty,
    seconds,
    zulu,
)

FIRST_DAY = datetime(2026, 11, 16, tzinfo=UTC)  # a Monday
DAYS, ROUNDS = range(5), range(7)  # rounds begin at 08:00, half an hour apart
HOUR = timedelta(hours=1)

WEB = "1b4e28ba2fa14bd2883f0016d3cca427"
CLONED = "c10ec10ec10ec10ec10ec10ec10ec10e"
DOUBLE = "d0b1ed0b1ed0b1ed0b1ed0b1ed0b1e00"
ENROLLED = ("e0e0e0e0e0e0e0e0e0e0e0e0e0e0e001", "e0e0e0e0e0e0e0e0e0e0e0e0e0e0e002")


class Turns(NamedTuple):
    """The rounds in which a machine reports: of these days, each n-th from the first on."""

    days: Collection[int]
    every: int
    first: int = 0
    token: str = "any"  # whose token it shows from the second day on

    def is_due(self, day: int, turn: int) -> bool:
        return day in self.days and turn % self.every == self.first


def facts(id_maquina: str, host: str, **others: object) -> dict[str, object]:
    """The optional members of version 2 that agent 0.1.0 knows."""
    return {
        "id_maquina": id_maquina,
        "nombre_host": host,
        "nucleo": "6.1.0-18-amd64",
        "version_agente": "0.1.0",
        "fuente_usuarios": "logind",
    } | others


def machines() -> dict[str, Machine]:
    several = [
        # Everything that version 2 can say.
        Machine("web-1", "10.0.0.1", members=facts(WEB, "web-1"), size=25, write=zulu),
        Machine(
            "db-1",
            "2001:DB8::0A01",
            members={"id_maquina": "db-1", "arquitectura_proc": "aarch64", "nucleo": "6.1.0-rpi"},
            size=18,
            write=at_offset(1),
        ),
        Machine("legacy-1", "10.0.0.3", 1, {"arquitectura_proc": "X86_64"}, 12, seconds, escaped),
        Machine("legacy-2", "::ffff:10.0.0.4", 1, size=6, spell=pretty),
        # Local time, and no word of it.
        Machine("madrid", "10.0.1.1", 1, size=5, write=at_offset(1, said=False)),
        Machine("bogota", "10.0.1.2", 1, size=5, write=at_offset(-5, said=False)),
        Machine(
            "kathmandu",
            "10.0.1.3",
            members=facts("kathmandu", "kathmandu"),
            size=5,
            write=at_offset(5.75, said=False),
        ),
        # Two that were copied from one image, and live at once.
        Machine("clon-a", "10.0.2.1", members=facts(CLONED, "clon-a")),
        Machine("clon-b", "10.0.2.2", members=facts(CLONED, "clon-b"), booted=BOOTED + 5.25 * HOUR),
        # Odd clocks.
        Machine("futuro", "10.0.3.1", 1, size=6),
        Machine("atras-1", "10.0.3.2", 1, size=6, clock=timedelta(minutes=107)),
        Machine("atras-2", "10.0.3.3", members=facts("atras-2", "atras-2"), size=6, write=zulu),
        Machine("parado", "10.0.3.4", 1, size=6),
        Machine("sin-pila", "10.0.3.5", members=facts("sin-pila", "sin-pila"), size=5),
        # One that has two agents, the second of them twenty minutes behind.
        Machine("doble-1", "10.0.4.1", members=facts(DOUBLE, "doble")),
        Machine(
            "doble-2", "10.0.4.1", members=facts(DOUBLE, "doble"), clock=timedelta(minutes=-20)
        ),
        Machine(
            "windows",
            "10.0.5.1",
            1,
            {"arquitectura_proc": "AMD64", "nombre_so": "Windows", "version_so": "10.0.19045"},
            6,
            spell=escaped,
        ),
        Machine("movil", "10.0.5.2", members=facts("movil", "móvil"), size=5),
        Machine("inscrita", "10.0.5.3", members=facts(ENROLLED[0], "inscrita")),
        Machine("repetida", "10.0.5.4", members=facts(ENROLLED[1], "repetida"), size=4),
        Machine("antiguo", "10.0.5.5", 1, size=6),
        Machine("hostil", "10.0.5.6", members=facts("hostil", "<b>h"), size=5, programs=HOSTILE),
        # Those that fall silent, and one that comes back with a spool.
        Machine("silencio-1", "10.0.6.1", 1, size=5),
        Machine("silencio-2", "10.0.6.2", members=facts("silencio-2", "s2"), size=5),
        Machine("bandeja", "10.0.6.3", members=facts("bandeja", "bandeja"), size=7),
    ]
    fleet = {machine.name: machine for machine in several}
    fleet["atras-2"].set_clock(HOUR)
    fleet["clon-a"].members["fuente_usuarios"] = "utmp"
    fleet["hostil"].members["fuente_usuarios"] = "ninguna"
    fleet["movil"].members["descartados"] = 0
    return fleet


TURNS = {
    "web-1": Turns(DAYS, 1, token="web-1"),
    "db-1": Turns(DAYS, 1, token="network"),
    "legacy-1": Turns(DAYS, 1, token="address"),
    "legacy-2": Turns(DAYS, 2),
    "madrid": Turns(DAYS, 2),
    "bogota": Turns(DAYS, 2),
    "kathmandu": Turns(DAYS, 2),
    "clon-a": Turns(DAYS, 2),
    "clon-b": Turns(DAYS, 2, 1),
    "futuro": Turns(DAYS, 3),
    "atras-1": Turns(DAYS, 1),
    "atras-2": Turns(DAYS, 2, 1),
    "parado": Turns((1, 2, 3), 1),
    "sin-pila": Turns((1, 2, 3, 4), 3),
    "doble-1": Turns((1, 2, 3), 2),
    "doble-2": Turns((1, 2, 3), 2),
    "windows": Turns(DAYS, 3, 1),
    "movil": Turns(DAYS, 3),
    "inscrita": Turns((2, 3, 4), 2, token="enrolled"),
    "repetida": Turns((4,), 2, token="enrolled again"),
    "antiguo": Turns(DAYS, 3, 2),
    "hostil": Turns((0, 2, 4), 3),
    "silencio-1": Turns((0,), 1),
    "silencio-2": Turns((0, 1, 2), 2, token="admin"),
    "bandeja": Turns((0, 3, 4), 2),
}


def round_begins(day: int, turn: int) -> datetime:
    return FIRST_DAY + timedelta(days=day, hours=8, minutes=30 * turn)
