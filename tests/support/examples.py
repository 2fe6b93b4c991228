"""Short histories of one server, to show in a test what a reader should learn."""

from __future__ import annotations

from service.report import Login, Process, Profile, Report

HOUR = 3_600_000_000  # microseconds
PROFILE = Profile("10.0.0.1", "x86_64", "Intel", "Linux", "12")
CRON: Process = (7, "cron", "root", None)
SSHD: Process = (9, "sshd", "root", None)
JUAN: Login = (829, "juan", None, None, None)


def report(hour: float, *rows: Process | Login, profile: Profile = PROFILE) -> Report:
    """Of version 1, as taken at that hour; a row of four is a process, one of five a login."""
    processes = [row for row in rows if len(row) == 4]
    logins = [row for row in rows if len(row) == 5]
    digest = repr((hour, rows, profile)).encode()
    return Report(round(hour * HOUR), profile, processes, logins, digest)


def arrived(*reports: Report) -> list[tuple[Report, int]]:
    """Each as soon as it was taken, and not before the one before it."""
    at, history = 0, []
    for each in reports:
        at = max(at, each.taken_at)
        history.append((each, at))
    return history
