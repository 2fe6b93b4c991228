"""compliance-agent.pyz on every installed Python, on arm64, and for a simulated day."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest

from agent.build.interpreters import interpreters
from tests.agent.apis import Reply, scripted_api
from tests.agent.arm64 import arm64_python
from tests.agent.one_file import LOOK, environment, run, shown

MINORS = range(9, 15)


@pytest.fixture(scope="module")
def pythons() -> dict[tuple[int, int], str]:
    return interpreters()


@pytest.fixture(params=MINORS, ids=lambda minor: f"3.{minor}")
def python(request: pytest.FixtureRequest, pythons: dict[tuple[int, int], str]) -> str:
    """Each supported Python; missing ones are skipped."""
    version = (3, request.param)
    if version not in pythons:
        assert version != sys.version_info[:2]
        pytest.skip(f"there is no Python 3.{request.param} here")
    return pythons[version]


def test_pyz_reports_on_every_python(python: str, pyz: Path, tmp_path: Path) -> None:
    with scripted_api(Reply(201)) as api:
        options = ["--api", api.url, "--spool", str(tmp_path / "spool")]
        done = run(python, "-W", "error", pyz, *options, cwd="/")
    assert done.returncode == 0, done.stderr
    assert "201 Created" in done.stderr
    pids = [process["pid"] for process in json.loads(api.requests[0][2])["procesos"]]
    assert os.getpid() in pids


def test_psutil_is_loaded_on_every_python(python: str, pyz: Path, tmp_path: Path) -> None:
    looked = run(python, "-W", "error", "-c", LOOK, pyz, env=environment(HOME=str(tmp_path)))
    assert looked.returncode == 0, looked.stderr
    assert looked.stdout.startswith(f"{tmp_path}/.cache/compliance-agent/linux-")


WHICH_URLLIB3 = """
import runpy, sys
sys.path[:0] = [""]
runpy.run_path(sys.argv[1], run_name="look")["find_modules"](sys.argv[1])
import urllib3, agent.report
print(urllib3.__version__, urllib3.__file__.startswith(sys.argv[1]))
print(type(agent.report.__loader__).__name__)
"""


def test_included_urllib3_and_bytecode_are_used(python: str, pyz: Path, tmp_path: Path) -> None:
    """Another urllib3 in the first folder of the path is not imported."""
    (tmp_path / "urllib3.py").write_text("raise RuntimeError", "utf-8")
    looked = run(python, "-c", WHICH_URLLIB3, pyz, cwd=tmp_path)
    version = "2.6.3" if "python3.9" in python else "2.8.0"
    assert (looked.stdout.split(), looked.stderr) == ([version, "True", "Modules"], "")


def test_pyz_runs_in_isolated_mode_through_a_link_and_in_a_removed_folder(
    pyz: Path, tmp_path: Path
) -> None:
    link = tmp_path / "agent-link"
    link.symlink_to(pyz)
    for flags, file in (("-I", pyz), ("-I", link), ("-SE", pyz), ("-O", pyz)):
        assert shown(run(sys.executable, flags, file, "--print"))
    assert shown(run(sys.executable, os.path.relpath(pyz), "--print"))
    gone = tmp_path / "gone"
    gone.mkdir()
    leave = ("sh", "-c", 'rmdir "$PWD"; exec "$@"', "sh")
    assert shown(run(*leave, sys.executable, pyz, "--print", cwd=gone))


def test_pyz_is_executable(pyz: Path) -> None:
    assert shown(run(pyz, "--print"))


def test_old_python_prints_one_line(pyz: Path) -> None:
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    old = [
        path
        for pattern in ("2.7.*/bin/python2.7", "3.[5-8].*/bin/python3.[5-8]")
        for path in sorted(versions.glob(pattern))
    ]
    if not old:
        pytest.skip("there is no old Python here")
    for python in old:
        done = run(python, pyz, "--print")
        version = python.name.removeprefix("python")
        assert done.stderr == (
            f"compliance-agent: error: Python 3.9 or later is needed, and {python} is {version}\n"
        )
        assert (done.returncode, done.stdout) == (2, "")


def test_closed_stdout_and_closed_stderr_are_not_errors(pyz: Path) -> None:
    show = f"{sys.executable} {pyz} --print"
    script = f"{show} | head -c 1 >/dev/null; {show} 2>&- | wc -c"
    done = run("sh", "-c", script)
    assert done.stderr == ""
    assert int(done.stdout) > 1000


def test_exit_codes_are_passed_on(pyz: Path, tmp_path: Path) -> None:
    assert run(sys.executable, pyz, "--version").returncode == 0
    assert run(sys.executable, pyz, "--unknown").returncode == 2
    with scripted_api(Reply(400)) as api:
        done = run(sys.executable, pyz, "--api", api.url, "--spool", tmp_path / "spool")
    assert done.returncode == 3


def test_run_imports_no_slow_module(pyz: Path, tmp_path: Path) -> None:
    """Imports take most of the time of a run."""
    with scripted_api(Reply(201)) as api:
        options = ["--api", api.url, "--spool", str(tmp_path / "spool")]
        # Without loginctl, which the agent needs subprocess for. libsystemd comes before it.
        alone = environment(PATH="/missing")
        done = run(sys.executable, "-S", "-X", "importtime", pyz, *options, env=alone)
    imported = set(re.findall(r"\| +([\w.]+)$", done.stderr, re.MULTILINE))
    assert {"urllib3", "agent.transport.http_client"} <= imported
    dear = {"bz2", "configparser", "importlib.metadata", "inspect", "pathlib", "platform", "psutil"}
    dear |= {"shutil", "subprocess", "tempfile", "zipfile", "asyncio", "dataclasses"}
    assert imported & dear == set()


REPLACED_AT_ONCE = """
import runpy, sys
file = sys.argv[1]
runpy.run_path(file, run_name="look")["find_modules"](file)
open(file, "wb").write(b"another")
from agent.__main__ import main
sys.exit(main(sys.argv[2:]))
"""


def test_running_agent_is_not_affected_if_its_file_is_replaced(pyz: Path, tmp_path: Path) -> None:
    """An upgrade replaces it; all modules were read at the start."""
    copy = tmp_path / "compliance-agent.pyz"
    copy.write_bytes(pyz.read_bytes())
    with scripted_api(Reply(201)) as api:
        options = ["--spool", str(tmp_path / "spool"), "--api", api.url]
        done = run(sys.executable, "-c", REPLACED_AT_ONCE, copy, *options)
    assert done.returncode == 0, done.stderr
    assert len(api.requests) == 1


# Runs --every with a simulated clock, and prints the memory in KiB after 24 and 288 turns.
A_DAY = """
import re, runpy, sys, types
file, *options = sys.argv[1:]
runpy.run_path(file, run_name="look")["find_modules"](file)
from agent import __main__
from agent.transport import schedule
now, turns = [1000.0], 0
def sleep(seconds):
    global turns
    now[0] += seconds
    turns += 1
    if turns in (24, 288):
        print(re.search("VmRSS:\\\\s+(\\\\d+)", open("/proc/self/status").read())[1], flush=True)
    if turns == 288:
        raise KeyboardInterrupt
schedule.time = types.SimpleNamespace(monotonic=lambda: now[0], sleep=sleep)
sys.exit(__main__.main(options))
"""


@pytest.mark.torture
def test_memory_does_not_grow_in_a_day_of_runs(pyz: Path, tmp_path: Path) -> None:
    """288 runs, one every five minutes; caches may fill in the first two hours."""
    with scripted_api(*[Reply(201)] * 300) as api:
        options = ["--every", "300", "--now", "--spool", str(tmp_path / "spool")]
        done = run(sys.executable, "-S", "-c", A_DAY, pyz, "--api", api.url, *options)
    assert done.returncode == 0, done.stderr
    assert len(api.requests) == 288
    early, late = map(int, re.findall(r"\d+", done.stdout))
    assert late < early + 1024


@pytest.mark.torture
def test_pyz_runs_on_arm64_with_its_build_of_psutil(pyz: Path, tmp_path: Path) -> None:
    python = arm64_python(tmp_path)
    looked = run(*python, "-c", LOOK, pyz, env=environment(HOME=str(tmp_path)))
    assert looked.returncode == 0, looked.stderr
    assert looked.stdout.startswith(f"{tmp_path}/.cache/compliance-agent/linux-aarch64-glibc-")
    with scripted_api(Reply(201)) as api:
        options = ["--api", api.url, "--spool", str(tmp_path / "spool")]
        done = run(*python, pyz, *options)
    assert done.returncode == 0, done.stderr
    document = json.loads(api.requests[0][2])
    assert document["arquitectura_proc"] == "aarch64"
    assert os.getpid() in [process["pid"] for process in document["procesos"]]
