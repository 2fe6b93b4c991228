"""A process goes on over reports by its ticks within a boot, and by the time of its start else."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from service import times
from service.ingest.json_reader import Document
from service.ingest.validation import ReportValidator
from service.report import Profile, Report
from service.times import HOUR, MINUTE
from tests.support.reports import report_2
from tests.support.stores import Stores, stores


class Reported(NamedTuple):
    """A process as a report has it."""

    pid: int
    name: str
    inicio: int | None
    ticks: int | None


class Shown(NamedTuple):
    """A process as the relation shows it."""

    id_serv: int
    pid: int
    name: str
    inicio: str | None
    ejecutable: str


PROCESS = st.builds(
    Reported,
    st.integers(1, 3),
    st.sampled_from(["cron", "sshd"]),
    st.sampled_from([None, HOUR, 2 * HOUR]),
    st.sampled_from([None, 5, 6]),
)
PROCESSES = st.lists(PROCESS, max_size=3, unique_by=lambda process: process.pid)
BOOTS = st.sampled_from([None, "one", "one", "two"])


def report(hour: int, boot_id: str | None, processes: list[Reported]) -> Report:
    profile = Profile("10.0.0.1", "x86_64", "Intel", "Linux", "12", 2, boot_id=boot_id)
    return Report(
        hour * HOUR,
        profile,
        [(each.pid, each.name, "root", each.inicio) for each in processes],
        [],
        hour.to_bytes(16, "big"),
        [(None, f"seen at {hour}", None) for _ in processes],
        process_ticks=() if boot_id is None else [each.ticks for each in processes],
    )


def is_same(now: Reported, boot_id: str | None, then: Reported, boot_then: str | None) -> bool:
    """then: with the start of its first sight."""
    if now.name != then.name:
        return False
    if None not in (boot_id, boot_then, now.ticks, then.ticks):
        return (boot_id, now.ticks) == (boot_then, then.ticks)
    return now.inicio == then.inicio


def expected(history: list[tuple[str | None, list[Reported]]]) -> tuple[list[Shown], int]:
    """The rows of all reports, and how many processes they are."""
    shown, lives = [], 0
    before: dict[int, tuple[Reported, str]] = {}
    boot_before: str | None = None
    for hour, (boot_id, processes) in enumerate(history, start=1):
        now = {}
        for each in processes:
            then = before.get(each.pid)
            if then is not None and is_same(each, boot_id, then[0], boot_before):
                now[each.pid] = (each._replace(inicio=then[0].inicio), then[1])
            else:
                now[each.pid] = (each, f"seen at {hour}")
                lives += 1
        for each, executable in now.values():
            inicio = None if each.inicio is None else times.to_text(each.inicio)
            shown.append(Shown(hour, each.pid, each.name, inicio, executable))
        before, boot_before = now, boot_id
    return sorted(shown, key=repr), lives


def shown_by(both: Stores) -> list[Shown]:
    rows = both.rows("SELECT id_serv, pid, name, inicio, ejecutable FROM procesos")
    return sorted((Shown(*row) for row in rows), key=repr)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(BOOTS, PROCESSES, st.booleans()), min_size=2, max_size=10))
def test_processes_go_on_by_ticks_or_by_time(
    history: list[tuple[str | None, list[Reported], bool]],
) -> None:
    with stores() as both:
        for hour, (boot_id, processes, to_a_new_worker) in enumerate(history, start=1):
            if to_a_new_worker:
                both.restart()
            both.store.add(report(hour, boot_id, processes), hour * HOUR)
        rows, lives = expected([each[:2] for each in history])
        assert shown_by(both) == rows
        assert both.rows("SELECT count(*) FROM process_span") == [(lives,)]


CRON = Reported(7, "cron", HOUR, 500)


def spans(*history: tuple[str | None, Reported]) -> int:
    """How many processes these reports of one process each are."""
    with stores() as both:
        for hour, (boot_id, process) in enumerate(history, start=1):
            both.store.add(report(hour, boot_id, [process]), hour * HOUR)
        return len(both.rows("SELECT 1 FROM process_span"))


def test_a_machine_that_was_paused_ends_no_process() -> None:
    # The kernel moves its boot time, and with it all starts, by the length of the pause.
    after_the_pause = CRON._replace(inicio=HOUR + 40 * MINUTE)
    assert spans(("one", CRON), ("one", after_the_pause), ("one", after_the_pause)) == 1


def test_a_reboot_ends_every_process() -> None:
    assert spans(("one", CRON), ("two", CRON)) == 2


def test_a_pid_that_was_used_again_is_another_process() -> None:
    assert spans(("one", CRON), ("one", CRON._replace(ticks=501))) == 2


def test_an_upgrade_of_the_agent_ends_no_process() -> None:
    before = CRON._replace(ticks=None)
    set_later = CRON._replace(inicio=2 * HOUR)
    assert spans((None, before), ("one", CRON), ("one", set_later)) == 1
    assert spans(("one", CRON), (None, before), ("one", CRON)) == 1


def test_the_start_of_the_first_sight_is_shown() -> None:
    with stores() as both:
        for hour, inicio in enumerate((HOUR, 2 * HOUR), start=1):
            shown = report(hour, "one", [CRON._replace(inicio=inicio)])
            both.store.add(shown, hour * HOUR)
        assert {row.inicio for row in shown_by(both)} == {times.to_text(HOUR)}


def test_the_members_of_version_2_reach_the_report() -> None:
    document = report_2(2)
    document["procesos"][0]["inicio_ticks"] = 100
    assert ReportValidator().validate(Document(document, b"")).process_ticks == ()
    document["id_arranque"] = "3f2a"
    read = ReportValidator().validate(Document(document, b""))
    assert (read.profile.boot_id, read.process_ticks) == ("3f2a", [100, None])
