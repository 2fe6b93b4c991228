from __future__ import annotations

import json
from typing import Any

import pytest

from agent import wire
from agent.wire import sendable, sendable_or_none


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("python", "python"),
        ("ñandú 犬 🐕", "ñandú 犬 🐕"),
        ("two\nlines\tand\x1bmore", "two\nlines\tand\x1bmore"),
        (b"caf\xe9".decode("utf-8", "surrogateescape"), r"caf\xe9"),
        ("\ud800x\udfff", r"\ud800x\udfff"),
        ("nul\0byte", r"nul\x00byte"),
        ("", ""),
    ],
)
def test_unsendable_characters_are_escaped(text: str, sent: str) -> None:
    assert sendable(text, 100) == sent
    sendable(text, 100).encode("utf-8")


def test_different_bytes_stay_different() -> None:
    assert sendable("\udce9", 9) != sendable("\udce8", 9)


@pytest.mark.parametrize("text", ["x" * 11, "犬" * 11, "\udce9" * 11, "\0" * 3, "x" * 9 + "\0"])
def test_escaped_text_is_cut_at_the_limit(text: str) -> None:
    assert len(sendable(text, 10)) == 10


def test_none_stays_none() -> None:
    assert sendable_or_none(None, 5) is None
    assert sendable_or_none("", 5) == ""


def test_report_too_large_for_the_api_omits_the_longest_optional_member_first(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rows: list[wire.WireProcess] = [
        {
            "username": "root",
            "pid": pid,
            "name": "java",
            "ppid": 1,
            "inicio": "2026-11-23T10:00:00Z",
            "ejecutable": "/usr/lib/jvm/java-17-openjdk-amd64/bin/java",
            "linea_comando": "java -jar " + "x" * 200,
        }
        for pid in range(1, 50_001)
    ]
    document: Any = {"version_esquema": 2, "procesos": rows}
    body = wire.encode(document)
    assert len(body) <= wire.MAX_BODY_BYTES
    sent = json.loads(body)["procesos"]
    assert len(sent) == 50_000
    assert not any("linea_comando" in row for row in sent)
    assert all("inicio" in row for row in sent)
    assert "omitting linea_comando" in caplog.text


def test_long_command_lines_are_cut_and_not_omitted() -> None:
    rows: list[Any] = [
        {"username": "root", "pid": pid, "name": "java", "linea_comando": "java " + "x" * length}
        for pid, length in enumerate([32_000] * 300 + [50] * 300)
    ]
    body = wire.encode({"version_esquema": 2, "procesos": rows})  # type: ignore[typeddict-item]
    assert len(body) <= wire.MAX_BODY_BYTES
    sent = [len(row["linea_comando"]) for row in json.loads(body)["procesos"]]
    assert sent == [16_384] * 300 + [55] * 300


def test_report_within_the_limit_is_complete() -> None:
    row: Any = {"username": None, "pid": 1, "name": "init", "linea_comando": "/sbin/init splash"}
    document: Any = {"procesos": [row]}
    assert json.loads(wire.encode(document)) == document
