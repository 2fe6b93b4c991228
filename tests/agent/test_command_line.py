from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import agent
from agent import __main__ as command_line
from agent.collectors.address import Target
from agent.collectors.processes import collect
from agent.machine import Machine
from tests.agent.collectors.cpuinfos import NEOVERSE_N1
from tests.agent.transport.test_http_client import Said, api_that_says
from tests.agent.trees import write_file, write_process

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(agent.__file__).parents[1]


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    options.setdefault("capture_output", True)
    command = [sys.executable, "-W", "error", "-m", "agent", *arguments]
    return subprocess.run(command, cwd=FOLDER, encoding="utf-8", timeout=30, check=False, **options)


def lines_of(stderr: str) -> list[str]:
    lines = stderr.splitlines()
    assert all(line.startswith("agent: ") for line in lines), stderr
    return lines


def test_print_shows_this_machines_report_and_nothing_else() -> None:
    done = run("--print")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["version_esquema"] == 2
    assert len(json.loads(run("--print", "--esquema", "1").stdout)) == 8
    assert os.getpid() in [process["pid"] for process in document["procesos"]]
    [mine] = [process for process in collect(Machine()) if process.pid == os.getpid()]
    shown = {(row["pid"], row["name"], row["username"]) for row in document["procesos"]}
    assert mine[:3] in shown


def test_print_sends_nothing_even_with_an_api() -> None:
    with api_that_says(Said(201)) as api:
        done = run("--print", "--api", api.url)
        assert api.requests == []
    assert json.loads(done.stdout)["ipaddress"] == "127.0.0.1"


def test_print_of_a_tree_is_what_the_tree_says(tmp_path: Path) -> None:
    write_process(tmp_path / "proc", 7, "init", uid=5)
    write_file(tmp_path, "/proc/cpuinfo", NEOVERSE_N1)
    write_file(tmp_path, "/etc/os-release", "NAME=Void\nPRETTY_NAME='Void Linux'\n")
    write_file(tmp_path, "/etc/passwd", "games:x:5:60::/:/bin/sh\n")
    done = run("--print", "--rootfs", str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["procesos"] == [{"username": "games", "pid": 7, "name": "init", "ppid": 1}]
    assert document["marca_proc"] == "ARM Neoverse-N1"
    assert document["arquitectura_proc"] == "aarch64"
    assert (document["nombre_so"], document["version_so"]) == ("Void", "Void Linux")
    assert document["usuarios_activos"] == []


def test_a_procfs_alone_leaves_the_rest_to_this_machine(tmp_path: Path) -> None:
    write_process(tmp_path, 7, "init", uid=0)
    document = json.loads(run("--print", "--procfs", str(tmp_path)).stdout)
    assert document["procesos"] == [{"username": "root", "pid": 7, "name": "init", "ppid": 1}]
    assert document["nombre_so"] == json.loads(run("--print").stdout)["nombre_so"]


def test_a_root_without_processes_is_told_and_this_kernels_are_shown(tmp_path: Path) -> None:
    write_file(tmp_path, "/etc/os-release", "NAME=Void\n")
    done = run("--print", "--rootfs", str(tmp_path))
    document = json.loads(done.stdout)
    assert document["nombre_so"] == "Void"
    assert os.getpid() in [process["pid"] for process in document["procesos"]]
    assert lines_of(done.stderr) == [
        f"agent: warning: {tmp_path}/proc shows no processes; reporting those of this kernel"
    ]


def test_a_procfs_without_processes_is_told(tmp_path: Path) -> None:
    done = run("--print", "--procfs", str(tmp_path))
    assert json.loads(done.stdout)["procesos"] == []
    assert lines_of(done.stderr) == [f"agent: warning: {tmp_path} shows no processes"]


def test_an_event_is_one_line_whatever_is_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "two\nlines\r"
    folder.mkdir()
    done = run("--print", "--procfs", str(folder))
    assert lines_of(done.stderr) == [
        f"agent: warning: {tmp_path}/two\\nlines\\r shows no processes"
    ]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_names_are_shown_in_utf_8_whatever_the_terminal_is(tmp_path: Path, encoding: str) -> None:
    write_process(tmp_path, 7, "ñandú-犬", uid=0)
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    document = json.loads(run("--print", "--procfs", str(tmp_path), env=environment).stdout)
    assert document["procesos"][0]["name"] == "ñandú-犬"


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    """As `| head -1`, which is gone before all is written."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = run("--print", capture_output=False, stdout=writing, stderr=subprocess.PIPE)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_stored_report_is_one_line_and_exit_code_0() -> None:
    with api_that_says(Said(201)) as api:
        done = run("--api", api.url)
    assert (done.returncode, done.stdout) == (0, "")
    [line] = lines_of(done.stderr)
    assert re.fullmatch(
        rf"agent: reported \d+ processes, \d+ logins to {api.url}: 201 Created", line
    )
    document = json.loads(api.requests[0][2])
    assert document["ipaddress"] == "127.0.0.1"


def test_a_refused_report_shows_the_reasons_and_is_exit_code_3(spool_folder: Path) -> None:
    problem = b'{"title": "Bad report", "faults": [{"at": "/ipaddress", "expected": "an address"}]}'
    with api_that_says(Said(400, {}, problem)) as api:
        done = run("--api", api.url)
    assert done.returncode == 3
    first, *reasons = lines_of(done.stderr)
    assert first == f"agent: error: a report was refused: {api.url} answered 400 Bad Request"
    assert reasons == ["agent: error: Bad report", "agent: error: /ipaddress: an address"]
    [answer] = (spool_folder / "rejected").glob("*.answer")
    assert answer.read_bytes() == b"400 Bad Request\n" + problem


@pytest.mark.parametrize(("status", "code"), [(503, 1), (404, 1), (401, 4), (403, 4)])
def test_a_report_that_cannot_be_delivered_waits_in_the_spool(
    status: int, code: int, spool_folder: Path
) -> None:
    said = Said(status, {"Retry-After": "3600"})  # longer than one run has patience
    with api_that_says(said, Said(201), Said(201)) as api:
        done = run("--api", api.url)
        assert done.returncode == code
        assert f"answered {status} " in lines_of(done.stderr)[-1]
        assert "reports waiting: 1" in lines_of(done.stderr)[-1]
        assert run("--api", api.url).returncode == 0
    [first, second, third] = [body for _, _, body in api.requests]
    assert first == second != third
    assert list(spool_folder.glob("*.json")) == []


def test_a_report_that_can_be_neither_delivered_nor_kept_is_exit_code_5(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with api_that_says(Said(503, {"Retry-After": "3600"}), Said(201)) as api:
        folder = str(tmp_path / "file" / "spool")
        done = run("--api", api.url, "--spool", folder)
        assert done.returncode == 5
        assert "lost" in lines_of(done.stderr)[-1]
        done = run("--api", api.url, "--spool", folder)
        assert done.returncode == 0
        assert f"the spool cannot be written, reports wait in memory: {folder}: Not a dir" in (
            done.stderr
        )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "--api URL is needed, or --print"),
        (["--api", "api.example"], "expected http"),
        (["--api", "ftp://api.example"], "expected http"),
        (["--api", "http://"], "expected http"),
        (["--api", "http://host:0"], "expected http"),
        (["--api", "http://host:99999"], "Port out of range"),
        (["--api", "http://host:port"], "Port could not be cast"),
        (["--api", "http://[::1"], "Invalid IPv6 URL"),
        (["--api", f"http://{'x' * 64}.example"], "label"),
        (["--api", "http://user:secret@host"], "neither a user"),
        (["--api", "http://host", "--esquema", "3"], "argument --esquema: '3': expected 1 or 2"),
        (["--api", "http://host", "--token", "secret"], "unrecognized arguments: --token"),
        (["--api", "http://host", "--key", "/etc/passwd"], "--key is of no use without --cert"),
        (["--api", "http://host/?a=b"], "nor a query"),
        (["--api", "http://host", "--every", "0"], "seconds from 1"),
        (["--api", "http://host", "--every", "0.5"], "seconds from 1"),
        (["--api", "http://host", "--every", "-5"], "seconds from 1"),
        (["--api", "http://host", "--every", "nan"], "seconds from 1"),
        (["--api", "http://host", "--every", "inf"], "seconds from 1"),
        (["--api", "http://host", "--every", "often"], "seconds from 1"),
        (["--api", "http://host", "--every", "5", "--once"], "not allowed with"),
        (["--print", "--procfs", "/missing"], "'/missing': there is no such folder"),
        (["--print", "--rootfs", "/etc/passwd"], "'/etc/passwd': there is no such folder"),
        (["--prin"], "unrecognized arguments: --prin"),
        (["--print", "more"], "unrecognized arguments: more"),
    ],
)
def test_a_wrong_argument_is_one_clear_line_and_exit_code_2(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command_line.main(arguments)
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("python -m agent: error: ")
    assert told in err


def test_help_names_every_option_and_every_exit_code() -> None:
    done = run("--help", env={**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "100"})
    assert done.returncode == 0
    options = ("--api", "--once", "--every", "--print", "--procfs", "--rootfs", "--version")
    for word in (*options, "exit codes", "stderr"):
        assert word in done.stdout
    for code in (
        command_line.DELIVERED,
        command_line.UNDELIVERED,
        command_line.WRONG_ARGUMENTS,
        command_line.REFUSED,
        command_line.NOT_LET_IN,
        command_line.LOST,
        130,
        143,
    ):
        assert re.search(rf"\b{code}  ", done.stdout)
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_version_is_the_packages() -> None:
    assert run("--version").stdout == f"compliance-agent {agent.__version__}\n"


@pytest.mark.parametrize(
    ("api", "target"),
    [
        (None, None),
        ("http://api.example", Target("api.example", 80)),
        ("https://api.example/path", Target("api.example", 443)),
        ("http://10.0.0.5:8000", Target("10.0.0.5", 8000)),
        ("http://[2001:db8::5]:8000/", Target("2001:db8::5", 8000)),
        ("http://[fe80::5%25eth0]:8000", Target("fe80::5%eth0", 8000)),
    ],
)
def test_the_way_to_the_api_is_known_from_its_address(
    api: str | None, target: Target | None
) -> None:
    assert command_line.target_of(api) == target


@contextlib.contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "agent", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=FOLDER, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def assert_ends(process: subprocess.Popen[str], number: int, code: int) -> str:
    """Within a second, with this code; returns what it wrote to stderr since."""
    before = time.monotonic()
    process.send_signal(number)
    _, err = process.communicate(timeout=10)
    assert time.monotonic() - before < 1
    assert process.returncode == code
    return err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_waiting_agent_at_once_and_quietly(number: int) -> None:
    with (
        api_that_says(Said(201)) as api,
        started("--every", "60", "--now", "--api", api.url) as process,
    ):
        assert process.stderr is not None
        assert "reported" in process.stderr.readline()
        assert assert_ends(process, number, 0) == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_an_agent_whose_api_hangs(number: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with started("--api", url) as process:
            connection, _ = silent.accept()
            with connection:
                assert connection.recv(100).startswith(b"POST /servers")
                assert assert_ends(process, number, 128 + number) == ""


def test_a_signal_ends_even_a_step_that_python_cannot_interrupt() -> None:
    """As resolving a name is, while the name server is silent."""
    code = (
        "import ctypes, agent.__main__ as m; m._end_on_signals(None, ends_well=False); "
        "print(flush=True); libc = ctypes.CDLL(None)\nwhile True: libc.sleep(60)"
    )
    command = [sys.executable, "-c", code]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=FOLDER, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert assert_ends(process, signal.SIGTERM, 143) == ""


def test_every_reports_again_and_outlives_trouble() -> None:
    answers = [Said(201), Said(400), Said(503), Said(201), Said(200), *[Said(200)] * 9]
    with api_that_says(*answers) as api, started("--every", "1", "--api", api.url) as process:
        end = time.monotonic() + 12
        while len(api.requests) < 5 and time.monotonic() < end:
            time.sleep(0.02)
        assert len(api.requests) >= 5
        lines = lines_of(assert_ends(process, signal.SIGTERM, 0))
    assert "201 Created" in lines[0]
    assert "was refused" in lines[1]
    assert "503" in lines[2]
    assert "201 Created" in lines[3]
    times = [json.loads(body)["fecha_hora"] for _, _, body in api.requests[:5]]
    assert times == sorted(times)
    assert len(set(times)) == 4  # the 503 was the third report, and was tried again


def test_importing_the_agent_has_no_effect_and_print_needs_no_network_library() -> None:
    code = (
        "import sys, threading, signal; before = signal.getsignal(signal.SIGTERM); "
        "import agent.__main__, agent.report, agent.cli.settings; "
        "import agent.transport.http_client, agent.transport.delivery; "
        "assert threading.active_count() == 1; "
        "assert signal.getsignal(signal.SIGTERM) == before; "
        "print([name for name in ('urllib3', 'psutil', 'http.client', 'ssl', 'pathlib', "
        "'dataclasses', 'platform', 'subprocess', 'configparser', 'random') "
        "if name in sys.modules])"
    )
    # -S: what site brings along (an installed .pth file) is not the agent's.
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_the_agent_needs_only_the_standard_library_psutil_and_urllib3() -> None:
    foreign = set()
    for file in Path(agent.__file__).parent.rglob("*.py"):
        for name in re.findall(
            r"^\s*(?:from|import) ([\w]+)", file.read_text("utf-8"), re.MULTILINE
        ):
            if name not in sys.stdlib_module_names:
                foreign.add(name)
    assert foreign <= {"agent", "psutil", "urllib3"}
