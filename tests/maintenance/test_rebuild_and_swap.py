"""Rebuild and swap beside the real service: nothing acknowledged is lost, in whatever order."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import run
from tests.support.durability import assert_sound, stored
from tests.support.live import PROJECT, LiveService
from tests.support.reports import report
from tests.support.small_disk import small_disk

pytestmark = pytest.mark.torture

SWAP = ("rebuild", "--swap")


def marked(number: int, **members: object) -> dict[str, object]:
    """A report of its own server and moment, known by its mark."""
    return report(
        5,
        marca_proc=f"report {number}",
        ipaddress=f"10.0.{number % 5}.1",
        fecha_hora=f"2026-02-15 02:{number // 60:02d}:{number % 60:02d}",
        **members,
    )


def create_token(live: LiveService, *options: str) -> str:
    made = run(("token", "create", *options), live.data)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def numbers(live: LiveService) -> dict[str, int]:
    return dict(live.rows("SELECT marca_proc, id_serv FROM servers"))


@pytest.fixture
def live(fresh_service: LiveService) -> LiveService:
    return fresh_service.start()


def post_all(live: LiveService, which: range, secret: str) -> dict[str, int]:
    """Posts reports. Returns the number of each acknowledged one."""
    given = {}
    for number in which:
        answer = live.post(marked(number), Authorization=f"Bearer {secret}")
        assert answer.status == 201, answer
        given[f"report {number}"] = answer.json()["id_serv"]
    return given


def put_into_place_by_hand(live: LiveService) -> None:
    """As earlier versions of `rebuild` told operators."""
    for suffix in ("-wal", "-shm"):
        live.database.with_name(live.database.name + suffix).unlink(missing_ok=True)
    live.database.with_name("compliance.db.rebuilt").rename(live.database)


def put_into_place_by_hand_and_leave_the_log(live: LiveService) -> None:
    live.database.with_name("compliance.db.rebuilt").rename(live.database)


@pytest.mark.parametrize("how", ["mv", "cp"])
def test_a_log_that_a_replaced_database_left_behind_stops_the_start(
    live: LiveService, how: str
) -> None:
    given = {f"report {n}": live.post(marked(n)).json()["id_serv"] for n in range(20)}
    assert run("rebuild", live.data).returncode == 0
    given |= {f"report {n}": live.post(marked(n)).json()["id_serv"] for n in range(20, 40)}
    live.kill()
    rebuilt = live.database.with_name("compliance.db.rebuilt")
    subprocess.run([how, str(rebuilt), str(live.database)], check=True)
    for command in ("check", "migrate"):
        refused = run(command, live.data)
        assert refused.returncode == 1
        assert "compliance.db-wal is of the file before: remove" in refused.stderr
    with pytest.raises(AssertionError, match="is of the file before: remove"):
        live.start()
    for suffix in ("-wal", "-shm"):  # as the line says
        live.database.with_name(f"compliance.db{suffix}").unlink()
    live.start()
    assert numbers(live) == given
    live.stop()
    assert run("check", live.data).returncode == 0


@pytest.mark.parametrize(
    "order",
    ["stop, swap", "stop, by hand", "by hand, kill", "kill, by hand", "kill, swap"],
)
def test_reports_and_revocations_after_a_rebuild_survive_the_swap(
    live: LiveService, order: str
) -> None:
    admin = create_token(live, "--scope", "admin")
    revoked = create_token(live, "--scope", "lectura")
    given = post_all(live, range(20), admin)
    outcome = run("rebuild", live.data)
    assert outcome.returncode == 0, outcome.stdout
    assert "all records keep their number" in outcome.stdout

    given |= post_all(live, range(20, 70), admin)
    assert live.get("/servers", Authorization=f"Bearer {revoked}").status == 200
    assert run(("token", "revoke", "2"), live.data).returncode == 0
    later = create_token(live, "--scope", "lectura")
    for step in order.split(", "):
        if step == "stop":
            live.stop()
        elif step == "kill":
            live.kill()
        elif step == "by hand":
            put_into_place_by_hand(live)
        else:
            assert run(SWAP, live.data).returncode == 0
    live.start()
    assert stored(live).keys() == given.keys()
    if "swap" in order:
        assert numbers(live) == given
    assert live.get("/servers", Authorization=f"Bearer {revoked}").status == 401
    for secret in (admin, later):
        assert live.get("/servers", Authorization=f"Bearer {secret}").status == 200
    live.stop()
    assert run("check", live.data).returncode == 0
    assert_sound(live)


def test_a_swap_beside_a_running_service_is_refused(live: LiveService) -> None:
    assert live.post(marked(1)).status == 201
    assert run("rebuild", live.data).returncode == 0
    refused = run(SWAP, live.data)
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "is in use by the service or by another command: stop it" in refused.stderr
    assert live.post(marked(2)).status == 201
    assert run("compact", live.data).returncode == 1
    live.stop()
    assert run(SWAP, live.data).returncode == 0
    assert run("check", live.data).returncode == 0
    live.start()
    assert stored(live).keys() == {"report 1", "report 2"}


def test_reports_that_were_refused_shift_no_number(live: LiveService) -> None:
    given = {}
    for number in range(30):
        if number == 10:
            live.execute(
                "CREATE TRIGGER no BEFORE INSERT ON report BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
            assert live.post(marked(100)).status == 503
            live.execute("DROP TRIGGER no")
        given[f"report {number}"] = live.post(marked(number)).json()["id_serv"]
    received: dict[int, int] = dict(
        live.rows("SELECT id_serv, received_at FROM servers JOIN report ON id = id_serv")
    )
    live.stop()
    outcome = run("rebuild", live.data)
    assert "all records keep their number" in outcome.stdout
    assert "to be stored last: 1" in outcome.stdout
    assert "archived reports that the database before lacked: 1" in run(SWAP, live.data).stdout
    after = numbers(live)
    assert after.pop("report 100") == 31
    assert after == given
    again: dict[int, int] = dict(live.rows("SELECT id, received_at FROM report WHERE id <= 30"))
    assert again == received


def test_a_report_that_the_archive_lost_stops_the_swap(live: LiveService) -> None:
    for number in range(5):
        assert live.post(marked(number)).status == 201
    live.stop()
    (day,) = live.archive.iterdir()
    lines = day.read_bytes().splitlines(keepends=True)
    day.write_bytes(b"".join(lines[:2] + lines[3:]))
    assert run("rebuild", live.data).returncode == 1
    refused = run(SWAP, live.data)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "1 reports are in" in refused.stderr
    assert len(numbers(live)) == 5
    accepted = run((*SWAP, "--accept-loss"), live.data)
    assert accepted.returncode == 1
    kept = re.search(r"The one before is (\S+);", accepted.stdout)
    assert kept is not None
    assert Path(kept[1]).exists()
    assert numbers(live) == {"report 0": 1, "report 1": 2, "report 3": 4, "report 4": 5}
    live.start()
    assert live.post(marked(9)).json()["id_serv"] == 6


@pytest.mark.parametrize("moment", ["rebuild", "swap"])
def test_a_killed_rebuild_leaves_no_half_that_anything_uses(live: LiveService, moment: str) -> None:
    given = {f"report {n}": live.post(marked(n)).json()["id_serv"] for n in range(60)}
    if moment == "swap":
        assert run("rebuild", live.data).returncode == 0
        given |= {f"report {n}": live.post(marked(n)).json()["id_serv"] for n in range(60, 90)}
        live.stop()
    arguments = ["rebuild"] if moment == "rebuild" else [*SWAP]
    for milliseconds in (150, 300, 450, 600, 750, 900):
        child = subprocess.Popen(
            [sys.executable, "-m", "service", *arguments],
            cwd=PROJECT,
            env=os.environ | {"COMPLIANCE_DATA": str(live.data)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            child.wait(milliseconds / 1000)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
        child.wait()
        live.database.with_name("compliance.db.rebuilt").unlink(missing_ok=True) if (
            moment == "rebuild"
        ) else None
    if moment == "rebuild":
        live.stop()
        assert run("rebuild", live.data).returncode == 0
    if live.database.with_name("compliance.db.rebuilt").exists():
        assert run(SWAP, live.data).returncode == 0
    assert not live.database.with_name("compliance.db.rebuilding").exists()
    assert numbers(live) == given
    assert run("check", live.data).returncode == 0


def test_two_rebuilds_at_once_do_not_meet(live: LiveService) -> None:
    for number in range(40):
        assert live.post(marked(number)).status == 201
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "service", "rebuild"],
            cwd=PROJECT,
            env=os.environ | {"COMPLIANCE_DATA": str(live.data)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    ended = [(*child.communicate(timeout=60), child.returncode) for child in children]
    codes = sorted(code for _, _, code in ended)
    assert codes in ([0, 1], [0, 0])
    for _, faults, code in ended:
        if code:
            assert "another rebuild is at work" in faults or "exists: put it" in faults
    live.stop()
    assert run(SWAP, live.data).returncode == 0
    assert run("check", live.data).returncode == 0


@pytest.mark.parametrize("room", [0, 100, 400])
def test_a_full_disk_stops_a_rebuild_and_a_swap_without_harm(tmp_path: Path, room: int) -> None:
    with small_disk(tmp_path / "disk", 12 * 1024 * 1024) as disk:
        live = LiveService(disk.path).start()
        for number in range(60):
            assert live.post(marked(number)).status == 201
        live.stop()
        before = numbers(live)
        disk.fill(room * 1024)
        refused = run("rebuild", disk.path)
        if refused.returncode:
            assert refused.stderr.count("\n") == 1, refused.stderr
            assert not live.database.with_name("compliance.db.rebuilding").exists()
            disk.free()
            assert run("rebuild", disk.path).returncode == 0
            disk.fill(room * 1024)
        swapped = run(SWAP, disk.path)
        assert swapped.stderr.count("\n") <= 1
        disk.free()
        assert numbers(live) == before
        assert swapped.returncode == 0 or run(SWAP, disk.path).returncode == 0
        assert numbers(live) == before
        assert run("check", disk.path).returncode == 0
