"""The cost of a hostile body in time and memory: at most about that of a valid one."""

from __future__ import annotations

import json
import os
import string
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count as count_from
from itertools import islice, product
from pathlib import Path
from typing import NamedTuple

import pytest

from service.ingest.validation import ReportValidator
from tests.support.live import LiveService
from tests.support.reports import report

LIMIT = 8 * 1024 * 1024
TRIES = 3  # of which the least counts: other load of the machine only adds
MARGIN = 1.25  # the least of a few tries still varies by a few clock ticks of 10 ms
BOUNDS = ReportValidator().bounds
REPORT = json.dumps(report()).encode()
TICKS = os.sysconf("SC_CLK_TCK")


class Cost(NamedTuple):
    seconds: float  # of a processor
    mebibytes: float  # at the worker's peak, over what it held when it had done little


class Single(NamedTuple):
    """A service with one worker, whose cost is then that of the request."""

    live: LiveService
    idle: float  # MiB that the worker held after a small report


@contextmanager
def running(folder: Path) -> Iterator[Single]:
    live = LiveService(folder / "var", COMPLIANCE_WORKERS="1")
    try:
        assert live.start().post(report()).status == 201
        yield Single(live, memory(live.worker_pids()[0], "VmRSS"))
    finally:
        live.stop()


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Single]:
    with running(tmp_path_factory.mktemp("hostile")) as single:
        yield single


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> Cost:
    """The cost of a valid report, in a service without hostile requests."""
    with running(tmp_path_factory.mktemp("valid")) as single:
        return least_cost_of(single, [valid_of_8_mebibytes(number) for number in range(TRIES)], 201)


def processor_seconds(pid: int) -> float:
    """utime + stime of proc_pid_stat(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(pid: int, name: str) -> float:
    """A line of proc_pid_status(5), in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise AssertionError(name)


def cost_of(single: Single, raw: bytes, status: int) -> Cost:
    (pid,) = single.live.worker_pids()
    # A client with a large report after the other has to pause.
    (single.live.data / "large-reports.json").unlink(missing_ok=True)
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")  # VmHWM starts anew
    used = processor_seconds(pid)
    answer = single.live.post(raw)
    assert answer.status == status, answer.body
    return Cost(processor_seconds(pid) - used, memory(pid, "VmHWM") - single.idle)


def least_cost_of(single: Single, bodies: Sequence[bytes], status: int) -> Cost:
    """The least time and the least memory of several bodies of the same kind."""
    costs = [cost_of(single, raw, status) for raw in bodies]
    return Cost(min(cost.seconds for cost in costs), min(cost.mebibytes for cost in costs))


def valid_of_8_mebibytes(server: int) -> bytes:
    """The maximum of processes, of usual programs; new programs would cost more."""
    document = report(100_000, ipaddress=f"10.0.1.{server}")
    for process in document["procesos"]:
        process["name"] = f"{process['pid'] % 50:035d}"
    raw = json.dumps(document).encode()
    assert LIMIT * 0.95 < len(raw) <= LIMIT
    return raw


def filled(unit: bytes, head: bytes = b"[", tail: bytes = b"0]", most: int = LIMIT) -> bytes:
    return head + unit * ((most - len(head) - len(tail)) // len(unit)) + tail


def in_a_text(unit: bytes) -> bytes:
    head, tail = REPORT.split(b"Linux")
    return filled(unit, head, tail)


def members(count: int) -> bytes:
    """An object with so many members, under the shortest names of letters and digits."""
    alphabet = string.digits + string.ascii_letters
    names = ("".join(name) for length in count_from(1) for name in product(alphabet, repeat=length))
    return b"{" + b",".join(b'"%s":0' % name.encode() for name in islice(names, count)) + b"}"


def among_processes(value: bytes) -> bytes:
    return REPORT.replace(b'"procesos": [', b'"procesos": [' + value + b",", 1)


KINDS = {
    "flat lists": filled(b"[],"),
    "flat objects": filled(b"{},"),
    "objects of a member": filled(b'{"a":0},'),
    "nested lists": filled(b"[" * 200 + b"]" * 200 + b","),
    "nested objects": filled(b'{"a":' * 200 + b"0" + b"}" * 200 + b","),
    "opened lists": b"[" * LIMIT,
    "opened objects": filled(b'{"a":', b"", b""),
    "many members": members(840_000),
    "as many members as pass": members(BOUNDS.commas),
    "as many members of a process as pass": among_processes(members(BOUNDS.commas - 100)),
    "as many members in place of a pid as pass": REPORT.replace(
        b'"pid": 1,', b'"pid": ' + members(BOUNDS.commas - 100) + b",", 1
    ),
    "as many lists as pass": b"[" + b"[]," * (BOUNDS.containers - 1) + b"0]",
    "as many texts as pass": b"[" + b'"abcdef",' * BOUNDS.commas + b"0]",
    "too many processes": among_processes(b",".join([b'{"pid":0}'] * 700_000)),
    "a long text": in_a_text(b"a"),
    "a long text of two bytes a letter": in_a_text("ñ".encode()),
    "a long text of four bytes a letter": in_a_text("🐧".encode()),
    "escaped backslashes": in_a_text(b"\\\\"),
    "escaped quotes": in_a_text(b'\\"'),
    "escaped controls": in_a_text(b"\\u0001"),
    "escaped pairs": in_a_text(b"\\ud83d\\udc27"),
    "texts of commas": filled(b'",",'),
    "quotes": b'"' * LIMIT,
    "backslashes": b"\\" * LIMIT,
    "commas": b"," * LIMIT,
    "digits": b"1" * LIMIT,
    "digits of a fraction": filled(b"1", b"0.", b""),
    "small numbers": filled(b"1,"),
    "fractions": filled(b"0.1,"),
    "spaces": b" " * LIMIT,
    "spaces in a report": filled(b" ", REPORT[:-1], b"0}"),
    "NUL": b"\0" * LIMIT,
    "no UTF-8": b"\xff" * LIMIT,
}


@pytest.mark.torture
@pytest.mark.parametrize("kind", KINDS)
def test_8_mebibytes_of_any_body_cost_no_more_than_a_valid_report(
    single: Single, valid: Cost, kind: str
) -> None:
    assert len(KINDS[kind]) <= LIMIT
    cost = least_cost_of(single, [KINDS[kind]] * TRIES, 400)
    assert cost.seconds < MARGIN * valid.seconds
    assert cost.mebibytes < 2 * valid.mebibytes


@pytest.mark.torture
@pytest.mark.parametrize("bad", ["{}", "[[[]]]", '{"username":1,"pid":"x","name":[],"x":0}'])
def test_20000_bad_items_cost_less_than_as_many_good_ones(single: Single, bad: str) -> None:
    addresses = [f"10.0.{len(bad)}.{number}" for number in range(TRIES)]  # of new servers
    reports = [json.dumps(report(20_000, ipaddress=address)).encode() for address in addresses]
    good = least_cost_of(single, reports, 201)
    bodies = [among_processes(b",".join([bad.encode()] * 20_000))] * TRIES
    cost = least_cost_of(single, bodies, 400)
    assert cost.seconds < MARGIN * good.seconds
