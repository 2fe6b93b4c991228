"""Whole runs of the agent against an API with prepared answers."""

from __future__ import annotations

import json
import re
import signal
import time
from pathlib import Path

import pytest

from tests.agent.apis import Reply, scripted_api
from tests.agent.command import end_agent, log_lines, run, start_agent
from tests.agent.trees import write_process


def test_stored_report_logs_one_line_and_exits_with_0() -> None:
    with scripted_api(Reply(201)) as api:
        done = run("--api", api.url)
    assert (done.returncode, done.stdout) == (0, "")
    [line] = log_lines(done.stderr)
    assert re.fullmatch(
        rf"agent: reported \d+ processes, (\d+ logins|logins unknown) to {api.url}: 201 Created",
        line,
    )
    document = json.loads(api.requests[0][2])
    assert document["ipaddress"] == "127.0.0.1"


def test_refused_report_logs_the_reasons_and_exits_with_3(spool_folder: Path) -> None:
    problem = b'{"title": "Bad report", "faults": [{"at": "/ipaddress", "expected": "an address"}]}'
    with scripted_api(Reply(400, {}, problem)) as api:
        done = run("--api", api.url)
    assert done.returncode == 3
    first, *reasons = log_lines(done.stderr)
    assert first == f"agent: error: a report was refused: {api.url} answered 400 Bad Request"
    assert reasons == ["agent: error: Bad report", "agent: error: /ipaddress: an address"]
    [answer] = (spool_folder / "rejected").glob("*.answer")
    assert answer.read_bytes() == b"400 Bad Request\n" + problem


@pytest.mark.parametrize(("status", "code"), [(503, 1), (404, 1), (401, 4), (403, 4)])
def test_undelivered_report_waits_in_the_spool(status: int, code: int, spool_folder: Path) -> None:
    unavailable = Reply(status, {"Retry-After": "3600"})  # beyond the patience of a single run
    with scripted_api(unavailable, Reply(201), Reply(201)) as api:
        done = run("--api", api.url)
        assert done.returncode == code
        assert f"answered {status} " in log_lines(done.stderr)[-1]
        assert "reports waiting: 1" in log_lines(done.stderr)[-1]
        assert run("--api", api.url).returncode == 0
    [first, second, third] = [body for _, _, body in api.requests]
    assert first == second != third
    assert list(spool_folder.glob("*.json")) == []


def test_lost_report_exits_with_5(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with scripted_api(Reply(503, {"Retry-After": "3600"}), Reply(201)) as api:
        folder = str(tmp_path / "file" / "spool")
        done = run("--api", api.url, "--spool", folder)
        assert done.returncode == 5
        assert "lost" in log_lines(done.stderr)[-1]
        done = run("--api", api.url, "--spool", folder)
        assert done.returncode == 0
        assert f"cannot write the spool, keeping reports in memory: {folder}: Not a dir" in (
            done.stderr
        )


def test_run_that_can_read_no_process_exits_with_6_and_sends_what_waits(
    tmp_path: Path, spool_folder: Path
) -> None:
    with scripted_api(Reply(503, {"Retry-After": "3600"}), Reply(201)) as api:
        assert run("--api", api.url).returncode == 1
        done = run("--api", api.url, "--procfs", str(tmp_path))
    assert done.returncode == 6
    assert log_lines(done.stderr) == [
        f"agent: error: no processes can be read: {tmp_path}/ shows none",
        "agent: delivered 1 waiting reports",
    ]
    assert [body for _, _, body in api.requests] == [api.requests[0][2]] * 2
    assert list(spool_folder.glob("*-*.json")) == []


def test_every_reports_again_once_processes_can_be_read(tmp_path: Path) -> None:
    procfs = tmp_path / "proc"
    procfs.mkdir()
    arguments = ("--every", "1", "--procfs", str(procfs))
    with (
        scripted_api(*[Reply(201)] * 9) as api,
        start_agent(*arguments, "--api", api.url) as process,
    ):
        assert process.stderr is not None
        assert "no report this time: no processes can be read" in process.stderr.readline()
        write_process(procfs, 1, "init")
        deadline = time.monotonic() + 60
        while not api.requests and time.monotonic() < deadline:
            time.sleep(0.02)
        end_agent(process, signal.SIGTERM, 0)
    assert [row["pid"] for row in json.loads(api.requests[0][2])["procesos"]] == [1]


def test_every_continues_after_refusals_and_errors() -> None:
    answers = [Reply(201), Reply(400), Reply(503), *[Reply(201)] * 11]
    with scripted_api(*answers) as api, start_agent("--every", "1", "--api", api.url) as process:
        deadline = time.monotonic() + 60
        while len(api.requests) < 5 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(api.requests) >= 5
        lines = log_lines(end_agent(process, signal.SIGTERM, 0))
    assert "201 Created" in lines[0]
    assert "was refused" in lines[1]
    assert "503" in lines[2]
    assert "201 Created" in lines[3]
    times = [json.loads(body)["fecha_hora"] for _, _, body in api.requests[:5]]
    assert times == sorted(times)
    assert len(set(times)) == 4  # the third report was answered 503 and sent again
