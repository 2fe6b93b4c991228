"""201 means synced: the system calls of the service, their order, and their failures.

strace(1) watches the workers, makes single calls fail, and kills a worker within a chosen call.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support.durability import archived, assert_rows_are, assert_sound, stored
from tests.support.live import LiveService
from tests.support.reports import report
from tests.support.tracing import Call, strace

pytestmark = pytest.mark.torture

WRITES = "trace=write,writev,pwrite64,pwritev,ftruncate,fdatasync,fsync,sendto,sendmsg"
WAL = "compliance.db-wal"


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveService]:
    live = LiveService(tmp_path / "var", COMPLIANCE_WORKERS="1")
    try:
        yield live.start()
    finally:
        live.stop()


def marked(mark: str) -> dict[str, Any]:
    """A report of a server with an address of its own, so that reports are independent."""
    return report(20, marca_proc=mark, ipaddress=f"10.0.0.{sum(mark.encode()) % 250 + 1}")


def archive_file(live: LiveService) -> Path:
    (path,) = live.archive.iterdir()
    return path


def is_write(call: Call, file: str) -> bool:
    return call.name in ("write", "writev", "pwrite64", "pwritev") and call.file == file


def is_sync(call: Call, file: str) -> bool:
    return call.name in ("fdatasync", "fsync") and call.file == file


def is_created(call: Call) -> bool:
    return call.name in ("sendto", "sendmsg", "write") and '"HTTP/1.1 201' in call.arguments


def positions(calls: list[bool]) -> list[int]:
    return [at for at, true in enumerate(calls) if true]


def test_the_archive_and_then_the_database_are_synced_before_a_report_is_acknowledged(
    live: LiveService,
) -> None:
    assert live.post(marked("before")).status == 201
    day = archive_file(live).name
    with strace(live, "-e", WRITES) as trace:
        assert live.post(marked("watched")).status == 201
    calls = trace.calls()
    (archive_write,) = positions([is_write(call, day) for call in calls])
    (archive_sync,) = positions([is_sync(call, day) for call in calls])
    wal_writes = positions([is_write(call, WAL) for call in calls])
    (wal_sync,) = positions([is_sync(call, WAL) for call in calls])
    (answer,) = positions([is_created(call) for call in calls])
    assert archive_write < archive_sync < min(wal_writes)
    assert max(wal_writes) < wal_sync < answer


def test_the_first_report_of_a_day_syncs_the_name_of_its_file_as_well(live: LiveService) -> None:
    with strace(live, "-e", WRITES) as trace:
        assert live.post(marked("first")).status == 201
    calls = trace.calls()
    (answer,) = positions([is_created(call) for call in calls])
    for folder in ("archive", "var"):
        assert [at for at in positions([is_sync(c, folder) for c in calls]) if at < answer], folder
    (archive_sync,) = positions([is_sync(call, archive_file(live).name) for call in calls])
    assert archive_sync < min(positions([is_write(call, WAL) for call in calls]))


def test_each_of_many_at_once_is_synced_in_both_before_it_is_acknowledged(
    live: LiveService,
) -> None:
    assert live.post(marked("before")).status == 201
    day = archive_file(live).name
    marks = [f"report-{number:03d}" for number in range(60)]
    with strace(live, "-e", WRITES, "-s", "100000") as trace, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda mark: live.post(marked(mark)), marks))
    assert [answer.status for answer in answers] == [201] * 60
    calls = trace.calls()
    lines = [call.arguments if is_write(call, day) else "" for call in calls]
    archive_syncs = positions([is_sync(call, day) for call in calls])
    wal_syncs = positions([is_sync(call, WAL) for call in calls])
    assert len(archive_syncs) < 60, "groups formed, or this shows little"
    for mark, answer in zip(marks, answers, strict=True):
        location = f"{answer.headers['location']}\\r"
        (written,) = positions([mark in line for line in lines])
        (answered,) = positions([is_created(c) and location in c.arguments for c in calls])
        archived_at = min(at for at in archive_syncs if at > written)
        stored_at = min(at for at in wal_syncs if at > archived_at)
        assert written < archived_at < stored_at < answered


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("openat", "EACCES"),
        ("flock", "ENOLCK"),
        ("write", "ENOSPC"),
        ("write", "EIO"),
        ("fdatasync", "EIO"),
    ],
)
def test_an_archive_that_fails_acknowledges_and_stores_nothing(
    live: LiveService, call: str, error: str
) -> None:
    live.post(marked("before"))
    inject = f"inject={call}:error={error}"
    with strace(live, "-e", f"trace={call}", "-P", str(archive_file(live)), "-e", inject):
        answer = live.post(marked("failed"))
        assert answer.status == 503
        assert "retry-after" in answer.headers
        assert live.get("/servers").status == 200
    assert stored(live) == Counter(["before"])
    assert live.post(marked("failed")).status == 201
    assert stored(live) == Counter(["before", "failed"])
    assert_sound(live)


@pytest.mark.parametrize(
    ("call", "error", "when"),
    [
        ("pwrite64", "ENOSPC", "1+"),
        ("pwrite64", "EIO", "2"),
        ("fdatasync", "EIO", "1+"),  # that is its commit
    ],
)
def test_a_database_that_fails_acknowledges_and_stores_nothing(
    live: LiveService, call: str, error: str, when: str
) -> None:
    live.post(marked("before"))
    inject = f"inject={call}:error={error}:when={when}"
    with strace(live, "-e", f"trace={call}", "-P", str(live.data / WAL), "-e", inject):
        assert live.post(marked("failed")).status == 503
        assert live.get("/servers/1").status == 200
        assert stored(live) == Counter(["before"])
    assert live.post(marked("other")).status == 201
    assert live.post(marked("failed")).status == 201
    assert stored(live) == Counter(["before", "other", "failed"])
    assert archived(live) == stored(live), "archived once, though sent twice"
    for mark in ("before", "other", "failed"):
        assert_rows_are(live, marked(mark))
    assert_sound(live)


@pytest.mark.parametrize(
    ("call", "file", "when"),
    [
        ("write", "archive", 1),
        ("fdatasync", "archive", 1),
        ("pwrite64", WAL, 1),
        ("pwrite64", WAL, 8),
        ("fdatasync", WAL, 1),
        ("sendto", None, 1),
    ],
    ids=str,
)
def test_a_worker_killed_at_any_step_leaves_a_report_that_is_stored_once_in_the_end(
    live: LiveService, call: str, file: str | None, when: int
) -> None:
    live.post(marked("before"))
    (worker,) = live.worker_pids()
    path = archive_file(live) if file == "archive" else live.data / WAL
    where = ["-P", str(path)] if file else []
    inject = f"inject={call}:signal=KILL:when={when}"
    tracing = strace(live, "-e", f"trace={call}", *where, "-e", inject)
    with tracing, pytest.raises(OSError, match=r"."):
        live.post(marked("killed"))
    assert stored(live).total() == len(stored(live))
    assert stored(live).keys() <= archived_after_kill(live)
    assert until_acknowledged(live, marked("killed")) in (200, 201)
    assert live.worker_pids() != [worker]
    assert stored(live) == Counter(["before", "killed"])
    assert archived(live).keys() == {"before", "killed"}
    assert_rows_are(live, marked("killed"))
    assert_sound(live)


def archived_after_kill(live: LiveService) -> set[str]:
    """The last line may be half there until the next append."""
    lines = archive_file(live).read_bytes().splitlines(keepends=True)
    return {
        mark
        for mark in ("before", "killed")
        for line in lines
        if f'"{mark}"'.encode() in line and line.endswith(b"\n")
    }


def until_acknowledged(live: LiveService, document: dict[str, Any]) -> int | None:
    for _ in range(200):
        with suppress(OSError):
            return live.post(document).status
        time.sleep(0.05)
    return None
