"""Commands beside a service under load, whose workers are killed: nothing is lost or doubled."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.load import Load
from tests.faults.test_kill import kill_a_worker
from tests.support.commands import run
from tests.support.durability import archived, assert_rows_are, assert_sound, stored
from tests.support.live import LiveService


@pytest.mark.torture
@pytest.mark.timeout(400)
def test_checks_and_rebuilds_beside_killed_workers(fresh_service: LiveService) -> None:
    seed = random.SystemRandom().randrange(10**6)
    sys.stdout.write(f"seed {seed}\n")
    live = fresh_service.start()
    load = Load(live, seed)
    chance = random.Random(seed)
    rebuilt = live.database.with_name("compliance.db.rebuilt")
    try:
        load.goes_on()
        for _ in range(2):
            kill_a_worker(live, chance)
            load.goes_on()
            assert run(("check", "--repair"), live.data).returncode == 0
            rebuilt.unlink(missing_ok=True)
            outcome = run("rebuild", live.data)
            assert outcome.returncode == 0, outcome.stdout
            assert "in use" in run(("rebuild", "--swap"), live.data).stderr
            load.check()
        live.kill()
        live.start()
        load.goes_on()
    finally:
        load.drain()
    assert load.faults() == []
    acknowledged, sent = load.acknowledged(), load.sent()
    live.stop()
    assert run(("rebuild", "--swap"), live.data).returncode == 0
    assert (
        acknowledged.items() <= dict(live.rows("SELECT marca_proc, id_serv FROM servers")).items()
    )
    assert stored(live) == Counter(sent.keys())
    assert archived(live).keys() == sent.keys()
    for mark in chance.sample(sorted(sent), min(200, len(sent))):
        assert_rows_are(live, sent[mark])
    assert_sound(live)
    checked = run("check", live.data)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.torture
def test_commands_at_the_same_time_refuse_or_wait(fresh_service: LiveService) -> None:
    load = Load(fresh_service.start(), 1)
    load.goes_on()
    load.drain()
    live = fresh_service
    acknowledged = load.acknowledged()
    live.stop()
    assert run("rebuild", live.data).returncode == 0
    commands = [("rebuild", "--swap"), ("compact",), ("rebuild", "--swap"), ("check", "--repair")]
    commands += [("compact",), ("migrate",), ("token", "list"), ("rebuild",)]
    children = [start(live.data, command) for command in commands]
    for command, child in zip(commands, children, strict=True):
        _, faults = child.communicate(timeout=120)
        assert child.returncode == 0 or faults.count("\n") == 1, (command, faults)
    live.database.with_name("compliance.db.rebuilt").unlink(missing_ok=True)
    assert dict(live.rows("SELECT marca_proc, id_serv FROM servers")) == acknowledged
    assert run("check", live.data).returncode == 0


def start(data: Path, arguments: tuple[str, ...]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "service", *arguments],
        cwd=Path(__file__).resolve().parents[2],
        env={"COMPLIANCE_DATA": str(data)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
