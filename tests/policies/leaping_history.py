"""What servers report over days, most of which changes nothing that a rule looks for."""

from __future__ import annotations

import random
from collections.abc import Iterator

from service import times
from service.report import Login, Process, ProcessDetails, Profile, Report
from service.times import HOUR, MINUTE

Processes = list[tuple[Process, ProcessDetails]]
_FOUND = ["bad", "bad", "in.telnetd", "in.telnetd", "cron"]
_PATHS = [None, "/bin/x", "/tmp/x", "/usr/sbin/in.telnetd"]
START = times.parse("2026-01-15 12:00:00")


def _profile(number: int) -> Profile:
    return Profile(
        f"10.0.0.{number}", "x86_64", "Intel", "Linux", "12", 2, f"host-{number}", "6.1", "1.0.0",
        "logind", None, None,
    )  # fmt: skip


def history(generator: random.Random, number: int, count: int) -> Iterator[Report]:
    """The reports of a server, most of which change nothing that a rule looks for."""
    profile, at, interval = _profile(number), START + number, number * 4 * MINUTE
    processes: Processes = [((1, "init", "root", None), (0, None, None))]
    logins: list[Login] = []
    for _ in range(count):
        yield Report(
            at,
            profile,
            [process for process, _ in processes],
            list(logins),
            generator.randbytes(16),
            [details for _, details in processes],
            f"m{number}",
            generator.choice([None, 3]),
        )
        at += generator.choices([interval, 20 * MINUTE, 3 * HOUR], [60, 2 * number, 1])[0]
        if generator.random() < 0.5:  # what no rule looks for comes and goes
            processes = [row for row in processes if row[0][0] < 100 or generator.random() < 0.5]
            pid = generator.randrange(100, 10_000)
            processes.append(
                (
                    (pid, generator.choice(["sshd", "cron", "bash"]), "ana", None),
                    (1, "/bin/x", None),
                )
            )
        kind = generator.random()
        if kind < 0.06:
            processes = [
                row for row in processes if row[0][0] in {1, 2} or generator.random() < 0.5
            ]
            ppid = generator.choice([1, 2])
            name, path = generator.choice(_FOUND), generator.choice(_PATHS)
            if number == 1 and generator.random() < 0.6:
                name = "rare"
            processes.append(((generator.randrange(5, 99), name, "root", None), (ppid, path, None)))
        elif kind < 0.1:
            logins = [(generator.choice([None, 1, 5]), "ana", None, None, None)]
        elif kind < 0.12:
            logins = []
        elif kind < 0.18:
            profile = profile._replace(nucleo=generator.choice([None, "6.1", "6.2"]))
        else:
            processes = _less_told(generator, processes, kind)
        if 0.28 < kind < 0.3:
            start = at - generator.choice([MINUTE, HOUR, 5 * HOUR])
            profile = profile._replace(booted_at=generator.choice([None, start, start]))


def _less_told(generator: random.Random, processes: Processes, kind: float) -> Processes:
    """Processes by which facts are told, and kernel threads, come and go."""
    if 0.18 <= kind < 0.22:
        return _toggled(processes, 1, "init")
    if 0.22 <= kind < 0.26:
        return _toggled(processes, 2, "kthreadd")
    if 0.26 <= kind < 0.28:
        pid, is_told = generator.randrange(100, 999), generator.random() < 0.5
        process: Process = (pid, "cron", "ana" if is_told else None, None)
        return [*processes, (process, (None, None, None) if is_told else (1, "/bin/y", None))]
    return processes


def _toggled(processes: Processes, pid: int, name: str) -> Processes:
    others = [row for row in processes if row[0][0] != pid]
    if len(others) < len(processes):
        return others
    return [*others, ((pid, name, "root", None), (0, None, None))]
