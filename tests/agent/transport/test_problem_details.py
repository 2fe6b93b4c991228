from __future__ import annotations

import pytest

from agent.transport.http_client import Answer
from agent.transport.problem_details import explain, has_fault_at


def test_faults_of_a_refused_report_are_explained() -> None:
    problem = b"""{"type": "about:blank", "title": "Bad report", "status": 400, "errors": [
        {"pointer": "/procesos/3/pid", "detail": "expected an integer, got \\"abc\\""},
        {"detail": "expected eight members", "pointer": ""}]}"""
    answer = _problem(problem)
    assert list(explain(answer)) == [
        "Bad report",
        '/procesos/3/pid: expected an integer, got "abc"',
        "expected eight members",
    ]
    assert has_fault_at("/procesos/3/pid", answer)
    assert not has_fault_at("/procesos/3", answer)
    assert not has_fault_at("/procesos/3/pid", _problem(problem[:-1]))


def _problem(body: bytes, status: int = 400) -> Answer:
    return Answer(status, "Bad Request", None, None, "application/problem+json", body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Bad Request</html>",
        b"\xff\xfe",
        b"[1]",
        b"null",
        b"[" * 50_000,
        b'{"title": 5, "errors": "x"}',
        b'{"cut',
    ],
)
def test_other_documents_give_no_reasons(body: bytes) -> None:
    assert list(explain(_problem(body))) == []


def test_reasons_are_limited_and_free_of_control_characters() -> None:
    body = b'{"title": "a\\u001b[2Jb\\nc", "errors": [%b]}' % b",".join(
        [b'"%b"' % (b"x" * 900)] * 99
    )
    reasons = list(explain(_problem(body)))
    assert reasons[0] == "a [2Jb c"
    assert reasons[1:] == ["x" * 300] * 10
