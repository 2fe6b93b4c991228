"""Rules are taken up as their files change; what cannot be read changes nothing, and is told."""

from __future__ import annotations

import json

import pytest

from service.policies.evaluator.kept_data import with_kept
from service.policies.evaluator.take_up import KEPT_FOR
from service.policies.guard.names import KERNEL_THREADS
from service.policies.rules.data_files import DataFiles
from service.times import DAY, HOUR
from tests.policies.rule_texts import write_rule
from tests.support.rule_folders import B_RULE, NOW, Folders, look, looks


def test_texts_are_in_force_once_two_looks_agree(folders: Folders) -> None:
    take_up = folders.take_up()
    assert not look(take_up, NOW)
    assert take_up.judged == {}
    assert look(take_up, NOW)
    assert take_up.judged.keys() == {"a-rule", "b-rule"}
    assert not look(take_up, NOW)
    assert folders.audited() == [("rule taken up", "a-rule"), ("rule taken up", "b-rule")]
    assert folders.kinds() == [("a-rule", "taken_up"), ("b-rule", "taken_up")]


def test_a_restart_takes_up_nothing_anew(folders: Folders) -> None:
    first = folders.take_up()
    looks(first)
    second = folders.take_up()
    looks(second)
    assert second.epoch == first.epoch
    assert len(folders.audited()) == 2
    assert all(rule.text_id for rule in second.judged.values())


def test_stored_texts_are_judged_before_any_look(folders: Folders) -> None:
    (folders.users / "ajustes.toml").write_text("", encoding="utf-8")
    first = folders.take_up()
    looks(first)
    (folders.users / "b-rule.sql").unlink()
    again = folders.take_up()
    again.resume()
    assert again.judged.keys() == {"a-rule", "b-rule"}
    assert again.epoch == first.epoch
    assert {r.id: r.inspection for r in again.judged.values()} == {
        r.id: r.inspection for r in first.judged.values()
    }
    again.is_due(NOW)
    assert again.is_due(NOW)
    assert again.changes_texts()


def test_texts_are_kept_with_the_data_they_decide_by() -> None:
    outsides = [
        {"listas": {"b": ["y", "x"]}, "redes": [["10.0.0.0/8", None], ["192.168.0.0/16", "lab"]]},
        {"listas": {"b": ["x", "y"], "a": ["z*"]}, KERNEL_THREADS: ["kthreadd"]},
        {"fin_de_vida": [["Debian", "12", "2026-06-10", None, None, None]]},
        {},
    ]
    assert with_kept(DataFiles(), map(json.dumps, outsides)).tables() == {
        "listas": [("a", "z*"), ("b", "x"), ("b", "y"), (KERNEL_THREADS, "kthreadd")],
        "redes": [("10.0.0.0/8", None), ("192.168.0.0/16", "lab")],
        "fin_de_vida": [("Debian", "12", "2026-06-10", None, None, None)],
    }


def test_a_refused_file_leaves_its_text_in_force_and_is_audited_once(folders: Folders) -> None:
    take_up = folders.take_up()
    looks(take_up)
    before = take_up.epoch
    path = write_rule(folders.users, B_RULE, ("version = 2", "version = two"), name="b-rule")
    for started in (take_up, folders.take_up()):
        looks(started)
        assert started.epoch == before
        assert "b-rule" in started.judged
    assert folders.audited()[2:] == [("rule refused", str(path))]
    (fault,) = folders.store.noted_faults()
    assert (fault.path, fault.line) == (str(path), 2)


def test_a_rule_whose_cases_fail_leaves_its_text_in_force(folders: Folders) -> None:
    take_up = folders.take_up()
    looks(take_up)
    before = take_up.epoch
    changes = (B_RULE, ("version = 2", "version = 3"), ("= 'bad'", "= 'other'"))
    write_rule(folders.users, *changes, name="b-rule")
    looks(take_up)
    assert take_up.epoch == before
    assert "prueba 1" in next(iter(folders.store.noted_faults())).reason


def test_a_known_version_with_another_text_is_refused(folders: Folders) -> None:
    take_up = folders.take_up()
    looks(take_up)
    before = take_up.epoch
    write_rule(folders.users, B_RULE, ("count(*) AS n", "count(*) + 0 AS n"), name="b-rule")
    looks(take_up)
    assert take_up.epoch == before
    write_rule(
        folders.users,
        B_RULE,
        ("count(*) AS n", "count(*) + 0 AS n"),
        ("version = 2", "version = 3"),
        name="b-rule",
    )
    assert looks(take_up)
    assert take_up.epoch != before
    assert folders.audited()[-1] == ("rule taken up", "b-rule")


def test_other_words_are_no_new_text(folders: Folders) -> None:
    take_up = folders.take_up()
    looks(take_up)
    write_rule(folders.users, B_RULE, ('severidad = "alta"', 'severidad = "baja"'), name="b-rule")
    assert not looks(take_up)
    assert take_up.judged["b-rule"].rule.severity == "baja"
    assert folders.kinds()[-1] == ("b-rule", "words")


@pytest.mark.parametrize("how", ["missing", "empty"])
def test_a_folder_that_shows_nothing_changes_nothing(folders: Folders, how: str) -> None:
    take_up = folders.take_up()
    looks(take_up)
    before = take_up.epoch
    (folders.users / "b-rule.sql").unlink()
    if how == "missing":
        folders.users.rmdir()
    for started in (take_up, folders.take_up()):
        looks(started, NOW + 2 * DAY)
        looks(started, NOW + 4 * DAY)
        assert started.epoch == before
        assert "b-rule" in started.judged
    assert [fault.path for fault in folders.store.noted_faults()] == [str(folders.users)]


def test_a_rule_without_its_file_goes_on_when_it_is_back(folders: Folders) -> None:
    (folders.users / "ajustes.toml").write_text("", encoding="utf-8")
    take_up = folders.take_up()
    looks(take_up)
    before = take_up.epoch
    text_id = take_up.judged["b-rule"].text_id
    (folders.users / "b-rule.sql").unlink()
    looks(take_up)
    assert "b-rule" not in take_up.judged
    assert "b-rule" in take_up.rules
    again = folders.take_up()
    looks(again, NOW + 23 * HOUR)
    write_rule(folders.users, B_RULE, name="b-rule")
    looks(again, NOW + 23 * HOUR)
    assert again.epoch == before
    assert again.judged["b-rule"].text_id == text_id
    assert folders.kinds()[2:] == [("b-rule", "missing"), ("b-rule", "back")]


def test_a_rule_without_its_file_is_retired_a_day_later(folders: Folders) -> None:
    (folders.users / "ajustes.toml").write_text("", encoding="utf-8")
    take_up = folders.take_up()
    looks(take_up)
    (folders.users / "b-rule.sql").unlink()
    looks(take_up)
    looks(take_up, NOW + KEPT_FOR)
    assert take_up.rules.keys() == {"a-rule"}
    assert folders.audited()[-1] == ("rule retired", "b-rule")
    assert [row.rule for row in folders.store.in_force()] == ["a-rule"]


def test_the_former_id_of_a_renamed_rule_is_retired_at_once(folders: Folders) -> None:
    take_up = folders.take_up()
    looks(take_up)
    (folders.users / "b-rule.sql").unlink()
    renamed = ('"a-rule"', '"c-rule"\n-- antes = "b-rule"')
    write_rule(folders.users, renamed, name="c-rule")
    looks(take_up)
    assert take_up.rules.keys() == {"a-rule", "c-rule"}
    assert folders.audited()[2:] == [("rule taken up", "c-rule"), ("rule retired", "b-rule")]


def test_refused_adjustments_change_nothing(folders: Folders) -> None:
    adjustments = folders.users / "ajustes.toml"
    adjustments.write_text('[a-rule]\naplica = { so = "Debian*" }\n', encoding="utf-8")
    take_up = folders.take_up()
    looks(take_up)
    before = take_up.epoch
    adjustments.write_text("[a-rule\n", encoding="utf-8")
    for started in (take_up, folders.take_up()):
        looks(started)
        assert started.epoch == before
