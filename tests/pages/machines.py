"""The servers of the test fleet: platform, programs, logins and incidents."""

from __future__ import annotations

import hashlib
import ipaddress
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from service import times
from tests.pages.hostile import NAMES

MINUTE = 60_000_000  # microseconds
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Runs(NamedTuple):
    """A program that runs permanently, and its number of processes."""

    name: str
    username: str | None
    path: str
    arguments: str = ""
    copies: int = 1


class Job(NamedTuple):
    """A program that runs at intervals; times are minutes from the start of an 8-hour cycle."""

    name: str
    username: str | None
    begins: int
    ends: int
    line: str = ""


class Session(NamedTuple):
    username: str
    terminal: str
    origin: str | None
    begins: int  # minutes
    ends: int


class Running(NamedTuple):
    pid: int
    ppid: int
    started_at: int
    name: str
    username: str | None
    path: str
    line: str


@dataclass(slots=True)
class Machine:
    """One server; report() is the report of its agent at a given time."""

    name: str
    address: str
    starts_at: int
    system: tuple[str, str] = ("Debian GNU/Linux", "12")
    processor: tuple[str, str] = ("x86_64", "Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz")
    kernel: str = "6.1.0-28-amd64"
    runs: list[Runs] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    version: int = 2
    machine_id: str | None = None  # null: derived from the name
    upgraded: tuple[int, str] | None = None  # minutes, new version
    restarted: int | None = None  # minutes
    silent_after: int | None = None  # number of reports
    late: frozenset[int] = frozenset()  # reports that arrive last

    def last_time(self, reports: int) -> int:
        return reports if self.silent_after is None else self.silent_after

    def report(self, taken_at: int) -> dict[str, Any]:
        minute = (taken_at - self.starts_at) // MINUTE
        system, version = self.system
        if self.upgraded and minute >= self.upgraded[0]:
            version = self.upgraded[1]
        architecture, brand = self.processor
        document: dict[str, Any] = {
            "arquitectura_proc": architecture,
            "marca_proc": brand,
            "nombre_so": system,
            "version_so": version,
            "ipaddress": self.address,
            "fecha_hora": times.to_text(taken_at)[:19],
            "procesos": [self._process(row) for row in self._running(minute)],
            "usuarios_activos": [self._login(at, row) for at, row in self._open(minute)],
        }
        if self.version > 1:
            document |= {
                "version_esquema": self.version,
                "id_maquina": self.machine_id or hashlib.md5(self.name.encode()).hexdigest(),
                "nombre_host": self.name,
                "nucleo": self.kernel,
                "version_agente": "0.1.0",
                "fuente_usuarios": "logind",
            }
        return document

    def _running(self, minute: int) -> Iterator[Running]:
        """The processes at a minute. PIDs are the same in every run."""
        booted_at = self.starts_at - 9 * DAY
        if self.restarted is not None and minute >= self.restarted:
            booted_at = self.starts_at + (self.restarted - 2) * MINUTE
        numbers = random.Random(f"{self.name} {booted_at}")
        pid, parent = 1, 0
        for program in self.runs:
            for copy in range(program.copies):
                started_at = booted_at + pid % 40 * 1_000_000
                path, line = program.path, f"{program.path} {program.arguments}".strip()
                above = parent if copy else min(pid - 1, 1)
                yield Running(pid, above, started_at, program.name, program.username, path, line)
                parent = parent if copy else pid
                pid += numbers.randrange(1, 90)
        for job in self.jobs:
            # Jobs repeat in every cycle.
            if job.begins <= minute % 480 < job.ends:
                round_ = minute // 480
                started_at = self.starts_at + (round_ * 480 + job.begins) * MINUTE
                own = 20_000 + random.Random(f"{job} {round_}").randrange(40_000)
                path = f"/usr/bin/{job.name}"
                line = job.line or path
                yield Running(own, 1, started_at, job.name, job.username, path, line)

    def _process(self, row: Running) -> dict[str, Any]:
        process: dict[str, Any] = {"username": row.username, "pid": row.pid, "name": row.name}
        if self.version > 1:
            process |= {
                "ppid": row.ppid,
                "inicio": _second(row.started_at),
                "ejecutable": row.path,
                "linea_comando": row.line,
            }
        return process

    def _open(self, minute: int) -> Iterator[tuple[int, Session]]:
        for at, session in enumerate(self.sessions):
            if session.begins <= minute < session.ends:
                yield at, session

    def _login(self, at: int, session: Session) -> dict[str, Any]:
        login: dict[str, Any] = {"pid": 900 + at, "name": session.username}
        if self.version > 1:
            login |= {
                "terminal": session.terminal,
                "desde": _second(self.starts_at + (session.begins - 7) * MINUTE),
            }
            if session.origin:
                login["origen"] = session.origin
        return login


def _second(moment: int) -> str:
    return times.to_text(moment)[:19].replace(" ", "T") + "Z"


LINUX = [
    Runs("systemd", "root", "/usr/lib/systemd/systemd", "--system --deserialize=31"),
    Runs("systemd-journald", "root", "/usr/lib/systemd/systemd-journald"),
    Runs("systemd-udevd", "root", "/usr/lib/systemd/systemd-udevd"),
    Runs("systemd-timesyncd", "systemd-timesync", "/usr/lib/systemd/systemd-timesyncd"),
    Runs("dbus-daemon", "messagebus", "/usr/bin/dbus-daemon", "--system --address=systemd:"),
    Runs("systemd-logind", "root", "/usr/lib/systemd/systemd-logind"),
    Runs("cron", "root", "/usr/sbin/cron", "-f"),
    Runs("sshd", "root", "/usr/sbin/sshd", "-D"),
    Runs("agetty", "root", "/sbin/agetty", "-o '-p -- \\u' --noclear - linux"),
    Runs("compliance-agent", "compliance", "/usr/bin/python3", "compliance-agent.pyz --every 1800"),
]
JOBS = [
    Job("logrotate", "root", 60, 95, "/usr/sbin/logrotate /etc/logrotate.conf"),
    Job("apt-get", "root", 200, 250, "/usr/bin/apt-get -qq -y update"),
]
NGINX = [
    Runs("nginx", "root", "/usr/sbin/nginx", "-g 'daemon on; master_process on;'"),
    Runs("nginx", "www-data", "/usr/sbin/nginx", "worker process", 4),
]
PHP = [
    Runs("php-fpm8.2", "root", "/usr/sbin/php-fpm8.2", "--nodaemonize"),
    Runs("php-fpm8.2", "www-data", "/usr/sbin/php-fpm8.2", "pool www", 8),
]
POSTGRES = [
    Runs("postgres", "postgres", "/usr/lib/postgresql/15/bin/postgres", "-D /var/lib/pg", 14),
]
ARM = ("aarch64", "Neoverse-N1")
RASPBERRY = ("aarch64", "Cortex-A72")
EPYC = ("x86_64", "AMD EPYC 7763 64-Core Processor")


def machines(starts_at: int, *, hostile: bool = True) -> list[Machine]:
    """The servers in the order of their first report. hostile: the one with odd names as well."""
    web = [*LINUX, *NGINX, *PHP]
    maria = Session("maria", "pts/0", "10.0.9.21", 300, 520)
    juan = Session("juan", "pts/1", "10.0.9.22", 610, 1500)
    deploy = Session("deploy", "pts/2", "ci-1.example.com", 700, 760)
    windows = [
        Runs("System", None, "System"),
        Runs("svchost.exe", "NT AUTHORITY\\SYSTEM", "C:\\Windows\\System32\\svchost.exe", "", 22),
        Runs("lsass.exe", None, "C:\\Windows\\System32\\lsass.exe"),
        Runs("sqlservr.exe", "NT SERVICE\\MSSQLSERVER", "C:\\MSSQL\\Binn\\sqlservr.exe", "-s"),
    ]
    fleet = [
        Machine("web-1", "10.0.1.11", starts_at, runs=web, sessions=[maria, deploy]),
        Machine("web-2", "10.0.1.12", starts_at, runs=web, sessions=[deploy]),
        Machine("web-3", "10.0.1.13", starts_at, processor=ARM, runs=web, restarted=820),
        Machine("bd-1", "10.0.2.21", starts_at, processor=EPYC, runs=LINUX + POSTGRES),
        Machine("bd-2", "10.0.2.22", starts_at, processor=EPYC, runs=LINUX + POSTGRES),
        Machine("cache-1", "10.0.2.31", starts_at, ("Ubuntu", "24.04"), ARM),
        Machine("correo", "10.0.3.5", starts_at, runs=list(LINUX), late=frozenset({20, 21, 22})),
        Machine("ci-1", "10.0.4.40", starts_at, ("Fedora Linux", "42"), EPYC),
        Machine("borde-bogota", "2001:db8:40::7", starts_at, ("Alpine Linux", "3.22"), ARM),
        Machine("archivo", "10.0.5.2", starts_at, ("Rocky Linux", "9.6"), runs=list(LINUX)),
        Machine("sensor-planta", "192.168.7.31", starts_at, processor=RASPBERRY),
        Machine("WIN-CONTABLE", "10.0.6.9", starts_at, ("Windows Server", "2022"), version=1),
        Machine("clon-a", "10.0.8.1", starts_at, runs=LINUX + NGINX, machine_id="c10e" * 8),
        Machine("clon-b", "10.0.8.2", starts_at, runs=LINUX + NGINX, machine_id="c10e" * 8),
    ]
    if hostile:
        fleet.append(_hostile(starts_at))
    named = {machine.name: machine for machine in fleet}
    named["bd-1"].upgraded, named["bd-1"].restarted = (1_020, "13"), 1_020
    named["bd-1"].sessions = [Session("postgres", "pts/0", "10.0.9.22", 980, 1_030), juan]
    named["cache-1"].runs = [
        *LINUX,
        Runs("redis-server", "redis", "/usr/bin/redis-server", "*:6379"),
    ]
    named["correo"].runs += [
        Runs("master", "root", "/usr/lib/postfix/sbin/master", "-w"),
        Runs("qmgr", "postfix", "/usr/lib/postfix/sbin/qmgr", "-l -t unix -u"),
        Runs("dovecot", "root", "/usr/sbin/dovecot", "-F"),
        Runs("imap-login", "dovenull", "/usr/lib/dovecot/imap-login", "", 6),
    ]
    named["ci-1"].runs = [*LINUX, Runs("runner", "ci", "/opt/runner/bin/runner", "--queue main", 2)]
    named["ci-1"].jobs = [
        Job(f"cc1plus-{at}", "ci", at * 20, at * 20 + 45, f"cc1plus -O2 -o part{at}.o part{at}.cc")
        for at in range(22)
    ]
    named["borde-bogota"].runs = [
        Runs("init", "root", "/sbin/init"),
        Runs("crond", "root", "/usr/sbin/crond", "-c /etc/crontabs -f"),
        Runs("haproxy", "haproxy", "/usr/sbin/haproxy", "-W -f /etc/haproxy.cfg", 2),
    ]
    named["archivo"].runs.append(Runs("nfsd", "root", "", "", 200))
    named["sensor-planta"].runs = [*LINUX, Runs("mosquitto", "mosquitto", "/usr/sbin/mosquitto")]
    named["sensor-planta"].silent_after = 38
    named["WIN-CONTABLE"].runs = windows
    named["WIN-CONTABLE"].sessions = [Session("EMPRESA\\ana", "", None, 0, 5000)]
    named["web-2"].jobs.append(Job("xmrig", "www-data", 100, 170, "/tmp/.x/xmrig -o pool:3333"))
    for machine in fleet:
        if machine.system[0].startswith(("Debian", "Ubuntu")) and machine.name != "web-2":
            machine.jobs += JOBS
    return fleet


def _hostile(starts_at: int) -> Machine:
    """A server with a hostile name in every field."""
    return Machine(
        '<b onclick="__pwned=1">x</b>',
        str(ipaddress.ip_address("10.0.66.6")),
        starts_at,
        ("<i>Debian</i> {{7*7}}", "12\u202e; DROP TABLE"),
        ("x86_64", "=cmd|'/C calc'!A0 <script>__pwned=1</script>"),
        kernel="</title><script>__pwned=1</script>",
        runs=[
            *LINUX[:2],
            *(Runs(name, NAMES[-at][:256], name, name) for at, name in enumerate(NAMES, 1)),
        ],
        jobs=[Job(name, "<s>x</s>", 60 * at, 60 * at + 60) for at, name in enumerate(NAMES[:5])],
        sessions=[
            Session(name[:256], name[:200], name[:200] or "x", 200 * (at % 6), 5000)
            for at, name in enumerate(NAMES[::2])
        ],
    )
