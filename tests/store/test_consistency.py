"""DatabaseContent: the checks that `python -m service check` makes of a database by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.report import Login, Process, Report
from service.store.queries import load_queries
from service.store.read.consistency import content_of, keys_of, open_content
from service.store.write.reports import Stored
from tests.support.examples import CRON, JUAN, PROFILE, SSHD, arrived, report
from tests.support.generated import histories
from tests.support.stores import Stores, stores


def damage(both: Stores) -> list[str]:
    with open_content(both.database, load_queries()) as content:
        return content.damage()


@settings(max_examples=20, deadline=None)
@given(histories(), st.lists(st.booleans(), min_size=12, max_size=12))
def test_no_history_of_reports_and_restarts_leaves_damage(
    history: list[tuple[Report, int]], restarts: list[bool]
) -> None:
    with stores() as both:
        for (each, received_at), restart in zip(history, restarts, strict=False):
            if restart:
                both.restart()
            both.add(each, received_at)
        assert damage(both) == []
        names = both.rows("SELECT name, username FROM process_name")
        assert len(set(names)) == len(names)
        users = both.rows("SELECT username FROM login_name")
        assert len(set(users)) == len(users)


NOBODY: Login = (5, None, None, None, None)
DENIED: Process = (9, None, None, None)


def test_a_login_without_a_name_is_found_again_after_a_restart() -> None:
    with stores() as both:
        both.add(report(1, NOBODY, DENIED))
        both.restart()
        both.add(report(2, NOBODY, JUAN, DENIED, CRON))
        both.restart()
        both.add(report(3, DENIED))
        assert damage(both) == []
        assert both.rows("SELECT username FROM login_name ORDER BY id") == [(None,), ("juan",)]
        assert both.rows("SELECT name, username FROM process_name ORDER BY id") == [
            (None, None),
            ("cron", "root"),
        ]


@pytest.mark.parametrize("kind", ["process", "login"])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE {kind}_sighting SET running = running + 1 WHERE name_id = 1",
        "UPDATE {kind}_sighting SET first_at = first_at + 1 WHERE name_id = 1",
        "DELETE FROM {kind}_sighting WHERE name_id = 1",
    ],
)
def test_sightings_that_disagree_with_the_spans_are_damage(kind: str, change: str) -> None:
    with stores() as both:
        both.add_history(arrived(report(1, CRON, JUAN), report(2, CRON, SSHD, JUAN)))
        assert damage(both) == []
        both.engine.execute(change.format(kind=kind))
        (fault,) = damage(both)
        assert f"rows of {kind}_sighting disagree with the spans" in fault


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("UPDATE report SET moved_by = 1 - taken_at WHERE id = 2", "1 rows of report disagree"),
        ("UPDATE report SET clock = 'tardio' WHERE id = 2", "1 rows of report disagree"),
        ("UPDATE report SET moved_by = 1 WHERE id = 3", "1 rows of report disagree"),
        ("UPDATE report SET clock = NULL WHERE id = 3", "1 rows of report disagree"),
        ("UPDATE server SET heard_at = heard_at - 1", "1 rows of server disagree"),
        ("UPDATE server SET heard_at = NULL", "1 rows of server disagree"),
        ("UPDATE server SET counted_reports = 5", "1 rows of server disagree"),
        ("DELETE FROM arrival_hour", "1 rows of server disagree"),
    ],
)
def test_places_and_arrivals_that_disagree_with_the_reports_are_damage(
    change: str, fault: str
) -> None:
    with stores() as both:
        both.add_history(arrived(report(1, CRON), report(2, CRON), report(1.5, SSHD)))
        assert damage(both) == []
        both.engine.execute(change)
        assert [each[: len(fault)] for each in damage(both)] == [fault]


def test_the_content_of_a_record_is_that_of_its_report() -> None:
    with stores() as both:
        history = arrived(report(1, CRON, JUAN), report(2, CRON, SSHD), report(1.5, SSHD))
        both.add_history(history)
        with open_content(both.database, load_queries()) as content:
            found = {key: content.content(id_serv) for key, id_serv in content.reports()}
        assert found.keys() == {keys_of(each)[0] for each, _ in history}
        for each, _ in history:
            assert found[keys_of(each)[0]].agrees_with(content_of(each))
        first, second = (found[keys_of(each)[0]] for each, _ in history[:2])
        assert not first.agrees_with(second)


def test_different_details_of_a_first_occurrence_are_a_difference() -> None:
    with stores() as both:
        shown = report(1, CRON)
        both.add(shown)
        with open_content(both.database, load_queries()) as content:
            stored = content.content(1)
        other = content_of(
            Report(
                **{
                    **{name: getattr(shown, name) for name in shown.__slots__},
                    "process_details": [(1, "/bin/cron", None)],
                }
            )
        )
        assert not stored.agrees_with(other)


def test_a_start_that_moved_with_the_clock_is_no_difference() -> None:
    profile = PROFILE._replace(version_esquema=2, boot_id="one")
    with stores() as both:
        for hour, started_at in ((1, 0), (2, 5)):
            moved: Process = (7, "cron", "root", started_at)
            shown = replace(report(hour, moved, profile=profile), process_ticks=[500])
            both.store.add(shown, hour)
        with open_content(both.database, load_queries()) as content:
            assert content.content(2).agrees_with(content_of(shown))
            other = replace(shown, processes=[(7, "cron", "root", 5), (8, "cron", "root", 5)])
            assert not content.content(2).agrees_with(content_of(other))
            assert not content.content(2).agrees_with(content_of(replace(shown, process_ticks=())))


def test_a_report_is_found_by_the_digest_of_its_spelling() -> None:
    stored = report(1, CRON)
    with stores() as both:
        both.add(stored)  # as 0.1.0 did, by the digest of 1.0
        sent_again = replace(stored, digest=b"of 1", spelled_digest=stored.digest)
        assert both.store.add(sent_again, 0) == Stored(1, new=False)
        with open_content(both.database, load_queries()) as content:
            assert content.find(keys_of(sent_again)) == (keys_of(stored)[0], 1)
            assert content.find(keys_of(replace(stored, digest=b"other"))) is None
