"""The cost of a run of the agent, against ps and two well-known inventory programs.

The agent reads /proc itself on Linux; what it costs with psutil instead is shown beside it.

All are measured in the same run, in turns: with the processes that there are, and with a thousand
more. CPU is user and system time of the program and its children, memory is its largest resident
set. The inventory programs run without a network: they would ask cloud services for facts.

    python -m tests.benchmarks.agent_cost [--python /usr/bin/python3] [--file FILE.pyz]
"""

from __future__ import annotations

import argparse
import contextlib
import http.server
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.outcome import Cell, Progress, show

MORE = 1000
CPU_LIMIT_MS, MEMORY_LIMIT_MB, PS_LIMIT = 120, 30, 2
PS = ["ps", "-eo", "pid,user,comm"]
# Slow programs get few turns: their cost is far from everything else's.
INVENTORIES = (["facter"], ["fusioninventory-inventory"])
SLOW_ROUNDS = 3

# Ends its processes, and waits for them, when its stdin is closed, since its parent may have died.
CROWD = """
import os, signal, sys
children = []
for _ in range(int(sys.argv[1])):
    child = os.fork()
    if child == 0:
        signal.pause()
    children.append(child)
print("there", flush=True)
sys.stdin.read()
for child in children:
    os.kill(child, signal.SIGKILL)
for child in children:
    os.waitpid(child, 0)
"""


class Cost(NamedTuple):
    """Of one run of a program."""

    cpu_ms: float
    memory_mb: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--python", default=_system_python(), help="the Python that runs the agent")
    parser.add_argument("--file", type=Path, help="a compliance-agent.pyz; without it one is built")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, api() as url:
        folder = Path(name)
        file = options.file or build(folder / "compliance-agent.pyz")
        agent = [options.python, str(file), "--api", url, "--spool", str(folder / "spool")]
        asking = ["env", f"HOME={name}", "COMPLIANCE_AGENT_PSUTIL=1", *agent]
        programs = {"agent": agent, "agent, by psutil": asking, "ps": PS}
        programs |= {command[0]: alone(command) for command in INVENTORIES if installed(command)}
        processes = count_processes()
        few = measure(f"{processes} processes", programs, options.rounds)
        with crowd(MORE):
            many = measure(f"{processes + MORE} processes", programs, options.rounds)
    rows: list[dict[str, Cell]] = [
        {
            "program": program,
            f"CPU ms at {processes} processes": few[program].cpu_ms,
            f"for {MORE} more": many[program].cpu_ms - few[program].cpu_ms,
            "memory MB": _memory(few[program]),
            "with more": _memory(many[program]),
        }
        for program in programs
    ]
    for command in INVENTORIES:
        if command[0] not in programs:
            sys.stderr.write(f"{command[0]} is not installed, and is left out\n")
    growth = {name: many[name].cpu_ms - few[name].cpu_ms for name in ("agent", "ps")}
    show(
        f"cost of a run of the agent (collect and post), {version_of(options.python)}",
        rows,
        {
            f"CPU, ratio to the limit of {CPU_LIMIT_MS} ms": few["agent"].cpu_ms / CPU_LIMIT_MS,
            f"memory, ratio to the limit of {MEMORY_LIMIT_MB} MB": few["agent"].memory_mb
            / MEMORY_LIMIT_MB,
            f"{MORE} more processes, ratio to ps (limit {PS_LIMIT})": growth["agent"]
            / growth["ps"],
        },
    )


def _memory(cost: Cost) -> Cell:
    """A program starts with the memory of the one that starts it: less than ours cannot be seen."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return cost.memory_mb if cost.memory_mb > own else f"below {own:.0f}"


def measure(step: str, programs: dict[str, list[str]], rounds: int) -> dict[str, Cost]:
    """The median of each program; they take turns, since machines are noisy."""
    costs: dict[str, list[Cost]] = {program: [] for program in programs}
    progress = Progress(step)
    for turn in range(rounds):
        for program, command in programs.items():
            if turn < SLOW_ROUNDS or [program] not in INVENTORIES:
                progress.show(turn, rounds, program)
                costs[program].append(cost_of(command))
    progress.show(rounds, rounds)
    return {
        program: Cost(*(statistics.median(column) for column in zip(*each, strict=True)))
        for program, each in costs.items()
    }


def cost_of(command: list[str]) -> Cost:
    """Run a program once. Raises CalledProcessError.

    facter ends with 1 where a single fact could not be found out, as in a virtual machine.
    """
    null = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=null, stdout=null, stderr=null) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in {0, 1 if "facter" in command else 0}:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(1e3 * (used.ru_utime + used.ru_stime), used.ru_maxrss / 1024)


@contextlib.contextmanager
def crowd(size: int) -> Iterator[None]:
    """So many more processes, which wait for a signal."""
    command = [sys.executable, "-S", "-c", CROWD, str(size)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        parent.stdout.readline()
        try:
            yield
        finally:
            parent.stdin.close()


class _Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


@contextlib.contextmanager
def api() -> Iterator[str]:
    """An API on loopback that stores nothing: its cost is not the agent's."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def build(file: Path) -> Path:
    command = [sys.executable, "-m", "agent.build", "--output", str(file)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return file


def alone(command: list[str]) -> list[str]:
    """Without a network, where that can be done."""
    return ["unshare", "--net", *command] if os.getuid() == 0 else command


def installed(command: list[str]) -> bool:
    return shutil.which(command[0]) is not None


def count_processes() -> int:
    return sum(name.isdecimal() for name in os.listdir("/proc"))  # noqa: PTH208


def version_of(python: str) -> str:
    done = subprocess.run([python, "--version"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _system_python() -> str:
    """The system's own: what an installed environment loads at its start is not the agent's."""
    system = "/usr/bin/python3"
    return system if Path(system).exists() else sys.executable


if __name__ == "__main__":
    main()
