from __future__ import annotations

import pytest

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
def test_a_text_is_made_fit_to_be_sent(text: str, sent: str) -> None:
    assert sendable(text, 100) == sent
    sendable(text, 100).encode("utf-8")


def test_names_that_differ_in_a_wrong_byte_still_differ() -> None:
    assert sendable("\udce9", 9) != sendable("\udce8", 9)


@pytest.mark.parametrize("text", ["x" * 11, "犬" * 11, "\udce9" * 11, "\0" * 3, "x" * 9 + "\0"])
def test_a_text_is_cut_at_its_bound_even_when_it_grows(text: str) -> None:
    assert len(sendable(text, 10)) == 10


def test_nothing_stays_nothing() -> None:
    assert sendable_or_none(None, 5) is None
    assert sendable_or_none("", 5) == ""
