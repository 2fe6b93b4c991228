"""Hypothesis strategies for reports, and for histories of reports."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from hypothesis import strategies as st

from service.report import Login, Process, ProcessDetails, Profile, Report
from service.times import HOUR, MINUTE


def time_of(hour: int) -> int:
    return hour * HOUR + hour


# Few values each, so that reports share servers, times, pids, programs and rows.
PIDS = st.integers(1, 4)
NAMES = st.sampled_from([None, "", "cron", "sshd"])
HOURS = st.integers(0, 12)
TIMES = HOURS.map(time_of)
# Moments to ask histories about, some of them after the end of most.
MOMENTS = st.builds(int.__add__, (HOURS | st.integers(0, 40)).map(time_of), st.integers(0, 1))
BOUNDS = st.none() | MOMENTS
WAITS = st.sampled_from([0, 1, 10 * MINUTE, HOUR, 9 * HOUR])
STARTS = st.none() | st.sampled_from([0, 1, HOUR])
BOOTS = st.sampled_from([None, "boot-1", "boot-2"])
PROCESSES: st.SearchStrategy[Process] = st.tuples(PIDS, NAMES, NAMES, st.none())
PROCESSES_2: st.SearchStrategy[Process] = st.tuples(PIDS, NAMES, NAMES, STARTS)
DETAILS: st.SearchStrategy[ProcessDetails] = st.tuples(st.none() | PIDS, NAMES, NAMES)
LOGINS: st.SearchStrategy[Login] = st.tuples(
    st.none() | PIDS, NAMES, st.none(), st.none(), st.none()
)
LOGINS_2: st.SearchStrategy[Login] = st.tuples(st.none() | PIDS, NAMES, NAMES, NAMES, STARTS)
PROFILE = st.builds(
    Profile,
    ipaddress=st.sampled_from(["10.0.0.1", "10.0.0.2", "2001:db8::1"]),
    arquitectura_proc=st.just("x86_64"),
    marca_proc=st.just("Intel"),
    nombre_so=st.just("Linux"),
    version_so=st.sampled_from(["11", "12"]),
    version_esquema=st.none(),
    nombre_host=st.none(),
    nucleo=st.none(),
    version_agente=st.none(),
    fuente_usuarios=st.none(),
    booted_at=st.none(),
    boot_id=st.none(),
)
REPORTS_1 = st.builds(
    Report,
    taken_at=TIMES,
    profile=PROFILE,
    processes=st.lists(PROCESSES, max_size=6),
    logins=st.lists(LOGINS, max_size=3),
    digest=st.binary(min_size=16, max_size=16),
    process_details=st.just(()),
    id_maquina=st.none(),
    discarded=st.none(),
    process_ticks=st.just(()),
    spelled_digest=st.none(),
)


@st.composite
def reports_of_version_2(draw: st.DrawFn) -> Report:
    profile = draw(PROFILE)._replace(
        version_esquema=2,
        nombre_host=draw(st.sampled_from([None, "alfa", "beta"])),
        nucleo=draw(NAMES),
        version_agente=draw(NAMES),
        fuente_usuarios=draw(st.sampled_from([None, "logind", "utmp", "ninguna", "desconocida"])),
        booted_at=draw(STARTS),
        boot_id=draw(BOOTS),
    )
    processes = draw(st.lists(st.tuples(PROCESSES_2, DETAILS), max_size=6))
    return replace(
        draw(REPORTS_1),
        profile=profile,
        processes=[row for row, _ in processes],
        process_details=[details for _, details in processes],
        logins=draw(st.lists(LOGINS_2, max_size=3)),
        id_maquina=draw(st.sampled_from([None, "m1", "m2"])),
        discarded=draw(st.sampled_from([None, 0, 7])),
    )


REPORTS = REPORTS_1 | reports_of_version_2()


# Hours between two reports, and hours by which a report is late.
PASSING, LATENESS = st.sampled_from([1, 1, 1, 0]), st.sampled_from([0, 0, 0, 0, 1, 2, 5])
MACHINES = st.tuples(PROFILE, st.none()) | st.tuples(
    st.builds(
        Profile._replace,
        PROFILE,
        version_esquema=st.just(2),
        nombre_host=st.sampled_from(["alfa", "beta", None]),
        booted_at=STARTS,
        boot_id=BOOTS,
    ),
    st.sampled_from(["m1", "m2", None]),
)


@st.composite
def histories(draw: st.DrawFn, most: int = 12) -> list[tuple[Report, int]]:
    """Reports in order of arrival, each with its time; rows go on, end and appear again."""
    machines = draw(st.lists(MACHINES, min_size=1, max_size=5))
    running = draw(st.lists(PROCESSES_2, min_size=1, max_size=4))
    open_now = draw(st.lists(LOGINS_2, min_size=1, max_size=3))
    known = draw(st.lists(DETAILS, min_size=1, max_size=2))
    drawn = st.tuples(
        WAITS,
        PASSING,
        LATENESS,
        st.sampled_from(machines),
        st.lists(st.tuples(st.sampled_from(running), st.sampled_from(known)), max_size=5),
        st.lists(st.sampled_from(open_now), max_size=3),
    )
    return list(_arriving(draw(st.lists(drawn, min_size=1, max_size=most))))


def _arriving(
    drawn: list[
        tuple[
            int,
            int,
            int,
            tuple[Profile, str | None],
            list[tuple[Process, ProcessDetails]],
            list[Login],
        ]
    ],
) -> Iterator[tuple[Report, int]]:
    now, hour = 0, 0
    for wait, passed, late, (profile, id_maquina), shown, logins in drawn:
        hour += passed
        now = max(now + wait, time_of(hour))
        taken_at = time_of(max(0, hour - late))
        processes, details = [row for row, _ in shown], [its for _, its in shown]
        if profile.version_esquema is None:
            processes = [(*row[:3], None) for row in processes]
            logins = [(*row[:2], None, None, None) for row in logins]  # noqa: PLW2901 — version 1
            details = []
        digest = hashlib.sha256(repr((taken_at, profile, shown, logins)).encode()).digest()[:16]
        yield Report(taken_at, profile, processes, logins, digest, details, id_maquina), now
