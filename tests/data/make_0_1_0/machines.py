"""Machines that report to 0.1.0: what runs on each, how it writes times, and how its clock goes."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

BOOTED = datetime(2026, 11, 9, 4, 12, 33, 250_000, tzinfo=UTC)

# name, user, executable, command line
Programs = list[tuple[str | None, str | None, str | None, str | None]]
PROGRAMS: Programs = [
    ("sshd", "root", "/usr/sbin/sshd", "sshd: /usr/sbin/sshd -D [listener]"),
    ("cron", "root", "/usr/sbin/cron", "/usr/sbin/cron -f"),
    ("systemd-journald", "root", "/usr/lib/systemd/systemd-journald", ""),
    ("nginx", "www-data", "/usr/sbin/nginx", "nginx: worker process"),
    ("nginx", "root", "/usr/sbin/nginx", "nginx: master process /usr/sbin/nginx"),
    ("postgres", "postgres", "/usr/lib/postgresql/15/bin/postgres", "postgres: walwriter"),
    ("python3", "juan", "/usr/bin/python3.11", "python3 -m http.server --password ***"),
    ("bash", "juan", "/usr/bin/bash", "-bash"),
    ("bash", "ana", "/usr/bin/bash", "-bash"),
    ("vim", "ana", "/usr/bin/vim.basic", "vim informe-año-2026.txt"),
    ("java", "tomcat", "/usr/lib/jvm/java-17/bin/java", "java -Xmx2g -jar app.jar " + "x" * 300),
    ("kworker/0:1", "root", None, None),
    (None, None, None, None),  # the system denied both
    (None, "ana", None, None),
    ("gpg-agent", None, "/usr/bin/gpg-agent", None),
    ("", "", "", ""),
    ("contraseña", "maría", "/opt/españa/bin/contraseña", "contraseña --año"),
    ("デーモン", "利用者", "/opt/デーモン", "デーモン 🚀"),
]
HOSTILE: Programs = [
    ("<script>alert(1)</script>", "ma\"rc'os", '/tmp/"><b>', "a&b=c; DROP TABLE servers; --"),
    ("=cmd|'/C calc'!A0", "@SUM(1)", None, "-1+1"),
    ("line\nbreak\ttab\r", "\x1b[31mred", None, '\u202edetrevni\\"\\\\'),
    ("n" * 1024, "u" * 256, "/" + "p" * 4095, None),
    ("100%_*", "DOMINIO\\juan", "C:\\Program Files\\a.exe", '"C:\\Program Files\\a.exe" /q'),
]


def plain(moment: datetime) -> str:
    """2026-11-16 08:00:00.250000: UTC, no zone said."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def seconds(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def zulu(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def at_offset(hours: float, *, said: bool = True) -> Callable[[datetime], str]:
    """Local time, with its offset or (as the first client sends it) without."""
    zone = timezone(timedelta(hours=hours))

    def written(moment: datetime) -> str:
        local = moment.astimezone(zone)
        return local.isoformat() if said else local.strftime("%Y-%m-%d %H:%M:%S.%f")

    return written


def compact(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def escaped(document: Any) -> bytes:
    return json.dumps(document).encode()


def pretty(document: Any) -> bytes:
    """Many lines, CR LF between them, members in another order."""
    return json.dumps(document, indent=1, sort_keys=True).replace("\n", "\r\n").encode() + b"\r\n"


@dataclass
class Machine:
    """One machine. live() lets time pass on it, document() says what it is and runs now."""

    name: str
    ipaddress: str
    version: int = 2
    members: dict[str, Any] = field(default_factory=dict)  # others than the lists and the time
    size: int = 8  # processes, about
    write: Callable[[datetime], str] = plain
    spell: Callable[[Any], bytes] = compact
    clock: timedelta = timedelta()  # how far its clock is ahead
    stands_at: datetime | None = None  # where its clock stands still
    booted: datetime = BOOTED
    programs: Programs = field(default_factory=lambda: PROGRAMS)
    processes: list[dict[str, Any]] = field(default_factory=list)
    logins: list[dict[str, Any]] = field(default_factory=list)
    last: bytes = b""  # what it sent last

    def __post_init__(self) -> None:
        self._random = random.Random(self.name)
        self.boot(self.booted)

    def boot(self, moment: datetime) -> None:
        """It starts anew: what ran is gone, numbers begin again."""
        self.booted, self.processes, self.logins = moment, [], []
        self._next_pid = 300
        init = {"username": "root", "pid": 1, "name": "systemd", "ppid": 0}
        init |= {"inicio": self.write(moment), "ejecutable": "/usr/lib/systemd/systemd"}
        self.processes.append(init)
        while len(self.processes) < self.size:
            self._start(moment + timedelta(seconds=len(self.processes)))

    def set_clock(self, ahead: timedelta) -> None:
        """As a system does that counts from now back to its start: that moves with the clock."""
        self.clock = ahead
        self.processes[0]["inicio"] = self.write(self.booted + ahead)

    def live(self, moment: datetime) -> None:
        """Some processes end and some start, a login opens or closes, a command line changes."""
        chance = self._random.random
        for _ in range(2):
            if chance() < 0.45 and len(self.processes) > self.size // 2:
                ended = self.processes.pop(self._random.randrange(1, len(self.processes)))
                if chance() < 0.3:  # and starts at once with its old number
                    self._start(moment, ended["pid"])
            if chance() < 0.45 and len(self.processes) < self.size * 1.3:
                self._start(moment)
        if self.size > 3 and chance() < 0.3:
            seen = self._random.choice(self.processes[1:])
            seen |= {"ppid": 1, "linea_comando": f"renamed at {moment:%H:%M}"}
        if chance() < 0.3 and self.logins:
            self.logins.pop(0)
        if chance() < 0.4 and len(self.logins) < 3:
            self._log_in(moment)
        if chance() < 0.1:  # rows that are alike stand twice
            self.processes.append(dict(self._random.choice(self.processes)))

    def document(self, moment: datetime, **members: Any) -> dict[str, Any]:
        """What it says at this moment (of the right clock). Members replace its own."""
        document: dict[str, Any] = {
            "arquitectura_proc": "x86_64",
            "marca_proc": "Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz",
            "procesos": [self._row(row, ("username", "pid", "name")) for row in self.processes],
            "usuarios_activos": [self._row(row, ("pid", "name")) for row in self.logins],
            "nombre_so": "Debian GNU/Linux",
            "version_so": "12",
            "ipaddress": self.ipaddress,
            "fecha_hora": self.write(self.stands_at or moment + self.clock),
        }
        if self.version == 2:
            document["version_esquema"] = 2
        return document | self.members | members

    def report(self, moment: datetime, **members: Any) -> bytes:
        self.live(moment)
        self.last = self.spell(self.document(moment, **members))
        return self.last

    def _row(self, row: dict[str, Any], of_version_1: tuple[str, ...]) -> dict[str, Any]:
        known = {name: value for name, value in row.items() if value is not None}
        required = {name: row[name] for name in of_version_1}
        return known | required if self.version == 2 else required

    def _start(self, moment: datetime, pid: int | None = None) -> None:
        if pid is None:
            pid, self._next_pid = self._next_pid, self._next_pid + self._random.randrange(1, 9)
        name, username, executable, command_line = self._random.choice(self.programs)
        row = {"username": username, "pid": pid, "name": name, "ppid": self._random.choice((1, 2))}
        if self._random.random() < 0.9:
            row["inicio"] = self.write(moment + self.clock)
        if self._random.random() < 0.1:
            del row["ppid"]
        self.processes.append(row | {"ejecutable": executable, "linea_comando": command_line})

    def _log_in(self, moment: datetime) -> None:
        name = self._random.choice(["juan", "ana", "maría", None])
        row: dict[str, Any] = {"pid": self._random.choice([829, 830, 4120, None]), "name": name}
        if self._random.random() < 0.8:
            row |= {"terminal": self._random.choice(["pts/0", "pts/1", "tty1", ""])}
            row |= {"origen": self._random.choice(["192.168.1.10", "2001:db8::77", "", None])}
            row |= {"desde": self.write(moment + self.clock)}
        self.logins.append(row)
