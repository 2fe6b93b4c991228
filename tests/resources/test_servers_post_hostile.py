"""POST /servers with hostile bodies and headers: 400, and nothing is stored."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.live import Answer, LiveService
from tests.support.raw_http import exchange, head
from tests.support.reports import report
from tests.support.strict_json import NOT_A_REPORT, NOT_JSON

LIMIT = 8 * 1024 * 1024
REPORT = json.dumps(report()).encode()


@pytest.fixture(autouse=True)
def nothing_is_stored(service: LiveService) -> Iterator[None]:
    yield
    assert service.rows("SELECT count(*) FROM report") == [(0,)]
    assert service.rows("SELECT count(*) FROM server") == [(0,)]
    assert [path.read_bytes() for path in service.archive.iterdir()] == []


def refused(answer: Answer) -> list[str]:
    """The details of the faults of an answer, which must be one that refuses a report."""
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "urn:compliance-continuo:problems:invalid-report"
    assert problem["status"] == 400
    assert 1 <= len(problem["errors"]) <= 10
    assert answer.body.isascii()
    return [f"{fault['pointer']}: {fault['detail']}" for fault in problem["errors"]]


def quickest(ask: Callable[[], Answer]) -> float:
    """The seconds of the quickest try: a busy machine delays some, not all."""
    best = float("inf")
    for _ in range(20):
        start = time.perf_counter()
        ask()
        best = min(best, time.perf_counter() - start)
    return best


# --- the content of the body ---

ATTACKS = NOT_JSON | NOT_A_REPORT


@pytest.mark.parametrize("raw", ATTACKS.values(), ids=ATTACKS.keys())
def test_hostile_json_is_refused(service: LiveService, raw: bytes) -> None:
    refused(service.post(raw))


@pytest.mark.torture
@pytest.mark.parametrize("raw", ATTACKS.values(), ids=ATTACKS.keys())
def test_hostile_json_is_refused_within_50_ms(service: LiveService, raw: bytes) -> None:
    assert quickest(lambda: service.post(raw)) < 0.050


BAD_ITEMS = ["{}", "[[[]]]", '{"username":1,"pid":"x","name":[],"x":0}']


def with_20000(bad: str) -> bytes:
    rows = ",".join([bad] * 20_000)
    return REPORT.replace(b'"procesos": [', f'"procesos": [{rows},'.encode())


@pytest.mark.parametrize("bad", BAD_ITEMS)
def test_20000_bad_items_get_ten_faults(service: LiveService, bad: str) -> None:
    assert len(refused(service.post(with_20000(bad)))) == 10


@pytest.mark.torture
@pytest.mark.parametrize("bad", BAD_ITEMS)
def test_20000_bad_items_are_refused_within_100_ms(service: LiveService, bad: str) -> None:
    assert quickest(lambda: service.post(with_20000(bad))) < 0.100


def test_a_fault_has_the_pointer_of_its_value(service: LiveService) -> None:
    document = report(5)
    document["procesos"][3]["pid"] = "abc"
    assert refused(service.post(document)) == [
        '/procesos/3/pid: expected an integer from 0 to 4294967295, got "abc"'
    ]


# --- the length of the body ---


def test_a_body_over_the_limit_is_refused_before_it_is_read(service: LiveService) -> None:
    answer = exchange(service, head({"Content-Length": LIMIT + 1}))
    assert refused(answer) == [f": expected at most {LIMIT} bytes, got {LIMIT + 1}"]


def test_expect_100_continue_is_refused_before_a_large_body(service: LiveService) -> None:
    asked = head({"Content-Length": 10**12, "Expect": "100-continue"})
    refused(exchange(service, asked))


def test_a_body_of_exactly_the_limit_is_read(service: LiveService) -> None:
    (fault,) = refused(service.post(b" " * LIMIT))
    assert "expected a JSON document" in fault


@pytest.mark.parametrize("chunks", [b"2\r\n{}\r\n0\r\n\r\n", b"", b"zz\r\n"])
def test_a_chunked_body_is_refused(service: LiveService, chunks: bytes) -> None:
    answer = exchange(service, head({"Transfer-Encoding": "chunked"}) + chunks)
    assert refused(answer) == [": expected a body with Content-Length, got a chunked one"]


def test_a_chunked_body_with_a_length_as_well_is_refused(service: LiveService) -> None:
    both = head({"Transfer-Encoding": "chunked", "Content-Length": len(REPORT)})
    assert exchange(service, both + b"0\r\n\r\n").status == 400


@pytest.mark.parametrize("headers", [{}, {"Content-Length": 0}])
def test_a_body_without_a_length_counts_as_empty(
    service: LiveService, headers: dict[str, int]
) -> None:
    answer = exchange(service, head(headers))
    assert refused(answer) == [": expected a report as JSON, got an empty body"]


@pytest.mark.parametrize("length", ["-1", "+5", "1e3", "0x10", "five", "5, 6", "9" * 30, "\u0665"])
def test_an_invalid_length_is_refused(service: LiveService, length: str) -> None:
    assert exchange(service, head({"Content-Length": length}) + REPORT).status == 400


def test_two_lengths_are_refused(service: LiveService) -> None:
    twice = head({"Content-Length": 5}).replace(b"\r\n\r\n", b"\r\nContent-Length: 6\r\n\r\n")
    assert exchange(service, twice + b"12345").status == 400


def test_a_body_shorter_than_its_length_is_refused(service: LiveService) -> None:
    announced = head({"Content-Length": len(REPORT) + 1})
    (fault,) = refused(exchange(service, announced + REPORT, then_close=True))
    assert fault == (
        f": expected {len(REPORT) + 1} bytes as Content-Length says, got {len(REPORT)}"
    )


def test_a_truncated_report_that_is_still_json_is_refused(service: LiveService) -> None:
    announced = head({"Content-Length": len(REPORT) + 10})
    refused(exchange(service, announced + REPORT, then_close=True))


# --- the headers of the body ---


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/jsonl",
        "json",
        "x" * 5000,
    ],
)
def test_another_content_type_is_refused(service: LiveService, content_type: str) -> None:
    (fault,) = refused(service.post(REPORT, Content_Type=content_type))
    assert fault.startswith(": expected Content-Type application/json, got ")
    assert len(fault) < 200


@pytest.mark.parametrize("encoding", ["br", "deflate", "zstd", "gzip, gzip", "utf-8"])
def test_another_content_encoding_is_refused(service: LiveService, encoding: str) -> None:
    (fault,) = refused(service.post(REPORT, Content_Encoding=encoding))
    assert fault == f": expected Content-Encoding gzip or none, got {encoding!a}"


# --- gzip ---

SQUEEZED = gzip.compress(REPORT)
BAD_GZIP = {
    "not gzip": REPORT,
    "zlib": zlib.compress(REPORT),
    "truncated": SQUEEZED[:-20],
    "without its last byte": SQUEEZED[:-1],
    "only its header": SQUEEZED[:10],
    "with trailing bytes": SQUEEZED + b"\0",
    "two members": SQUEEZED + gzip.compress(b" "),
    "a report in two members": gzip.compress(REPORT[:50]) + gzip.compress(REPORT[50:]),
    "with a wrong checksum": SQUEEZED[:-8] + b"\0\0\0\0" + SQUEEZED[-4:],
    "with a wrong length": SQUEEZED[:-4] + b"\0\0\0\0",
    "gzip in gzip": gzip.compress(SQUEEZED),
    "of nothing": gzip.compress(b""),
}


@pytest.mark.parametrize("body", BAD_GZIP.values(), ids=BAD_GZIP.keys())
def test_bad_gzip_is_refused(service: LiveService, body: bytes) -> None:
    refused(service.post(body, Content_Encoding="gzip"))


def gzip_bomb() -> bytes:
    deflate = zlib.compressobj(wbits=31)
    mebibyte = b" " * 2**20
    return b"".join(deflate.compress(mebibyte) for _ in range(256)) + deflate.flush()


BOMB = gzip_bomb()  # a quarter of a mebibyte


@pytest.mark.parametrize(
    "claim", [None, LIMIT, 100, 0], ids=["honest", "limit", "small", "nothing"]
)
def test_a_gzip_bomb_costs_little_memory(service: LiveService, claim: int | None) -> None:
    bomb = BOMB
    if claim is not None:  # the size that a gzip member says of itself
        bomb = bomb[:-4] + claim.to_bytes(4, "little")
    before = peak_memory(service)
    for _ in range(4):
        (fault,) = refused(service.post(bomb, Content_Encoding="gzip"))
        assert fault == f": expected at most {LIMIT} bytes after inflation, got more"
    grown = [after - start for start, after in zip(before, peak_memory(service), strict=True)]
    assert max(grown) < 20 * 2**20


@pytest.mark.torture
def test_a_gzip_bomb_is_refused_within_50_ms(service: LiveService) -> None:
    assert quickest(lambda: service.post(BOMB, Content_Encoding="gzip")) < 0.050


def peak_memory(service: LiveService) -> list[int]:
    """The most bytes of memory that each worker ever held (VmHWM of proc_pid_status(5))."""
    peaks = []
    for pid in sorted(service.worker_pids()):
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
        peaks.append(int(line.split()[1]) * 1024)
    return peaks
