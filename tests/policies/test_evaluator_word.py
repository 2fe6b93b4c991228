"""What pages show where the evaluator's word cannot be read, or is of another version."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from service.policies.evaluator.evaluator import Evaluator
from service.store.evaluator_word import EvaluatorWord
from service.times import HOUR, MINUTE, SECOND
from tests.support.answers_seen import AnswersSeen
from tests.support.judged_field import START, Arrival, Field, work

UNREADABLE = [
    b"",
    b'{"files": "a", "ep',
    b"null",
    b"\0" * 512,
    b'{"files": "a", "epoch": 1, "other": 1}',
    b'{"files": "a", "epoch": "1"}',
    b'{"files": "a", "epoch": 1, "next_tick": "2026"}',
    b'{"files": "a", "epoch": 1, "held_at": [1]}',
    b'{"files": "a", "epoch": 1, "held_at": true}',
    b'{"files": "a", "epoch": 1, "held_at": 1e999}',
    b'{"files": "a", "epoch": 18446744073709551616}',
    b'{"files": null, "epoch": 1}',
]


@pytest.mark.parametrize("content", UNREADABLE)
def test_what_cannot_be_read_is_no_word(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "evaluator.lock"
    path.write_bytes(content)
    assert EvaluatorWord.read(path) is None


def test_without_word_no_moment_lies_after_an_hour_that_is_not_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = Field(tmp_path, monkeypatch)
    field.config.evaluator_lock.touch()
    answers = AnswersSeen(field.config, field.database)
    with closing(field.database), Evaluator(field.config) as evaluator:
        evaluator.begin(look_seconds=0)
        at = field.now = START + HOUR + 55 * MINUTE
        field.add(Arrival(at, at, "m0", ("bad",)))
        field.now += 2 * SECOND
        work(evaluator)
        field.config.evaluator_lock.unlink()
        field.now = START + 2 * HOUR + 10 * SECOND
        assert answers.look() == START + 2 * HOUR - SECOND
        work(evaluator)
        assert answers.look() == field.now - SECOND
        answers.assert_lasting()


def test_word_that_could_not_be_left_is_left_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = Field(tmp_path, monkeypatch)
    path = field.config.evaluator_lock
    with closing(field.database), Evaluator(field.config) as evaluator:
        evaluator.begin(look_seconds=0)
        assert EvaluatorWord.read(path) is None
        path.touch()
        work(evaluator)
        assert EvaluatorWord.read(path) is not None
