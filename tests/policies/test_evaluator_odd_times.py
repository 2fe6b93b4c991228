"""What is said of violations whose bounds lie on two clocks."""

from __future__ import annotations

from service.report import Process, Report
from service.store.queries import load_queries
from service.store.read.moments import Moment
from service.store.read.policies import PolicyStore
from service.times import DAY, MINUTE
from tests.support import engine
from tests.support.judged_fleet import WEB, Fleet


def add(fleet: Fleet, taken_ago: int, received_ago: int, *names: str) -> int:
    processes: list[Process] = [(1 + n, name, "root", 0) for n, name in enumerate(("init", *names))]
    taken_at, received_at = fleet.now - taken_ago, fleet.now - received_ago
    made = Report(taken_at, WEB, processes, [], repr((taken_at, names)).encode(), [], "m1")
    return fleet.store.add(made, received_at).id_serv


def test_a_silence_that_a_spool_ends_does_not_end_before_it_began(fleet: Fleet) -> None:
    add(fleet, 60 * MINUTE, 60 * MINUTE)
    fleet.judge()  # silent since 45 minutes ago
    add(fleet, 50 * MINUTE, MINUTE)
    fleet.judge()
    ((opened_at, ended_at),) = engine.rows(
        fleet.config.database,
        "SELECT opened_in_at, ended_at FROM violation JOIN policy_text ON policy_text.id = text_id"
        " WHERE rule = 'silencioso'",
    )
    assert fleet.now - 46 * MINUTE < opened_at < fleet.now - 44 * MINUTE
    assert ended_at == fleet.now - MINUTE  # when it was heard again


def said_at(fleet: Fleet, at: int, known_at: int | None = None) -> tuple[str, str | None]:
    """State and reason of a-rule on the only server, and the same by the counts."""
    policies, moment = PolicyStore(fleet.database, load_queries()), Moment(at, known_at)
    verdict = policies.of_server(1, moment).verdicts["a-rule"]
    _, counts = policies.policy("a-rule", moment)
    by_state = {"cumple": counts.passing, "falla": counts.failing, "desconocido": counts.unknown}
    assert by_state[verdict.state] == 1
    return verdict.state, verdict.reason


SILENT = ("desconocido", "silencio")


def test_a_spool_that_ends_in_silence_lets_nothing_comply_in_it(fleet: Fleet) -> None:
    """The server ran until 50 minutes ago, and its last reports came with the first new one."""
    add(fleet, 60 * MINUTE, 60 * MINUTE)
    fleet.judge()
    add(fleet, 50 * MINUTE, MINUTE, "bad")
    add(fleet, MINUTE, MINUTE)
    fleet.judge()
    now = fleet.now
    assert said_at(fleet, now - 55 * MINUTE) == ("cumple", None)
    assert said_at(fleet, now - 45 * MINUTE) == ("falla", None)
    assert said_at(fleet, now - 20 * MINUTE) == SILENT
    assert said_at(fleet, now) == ("cumple", None)
    assert said_at(fleet, now - 40 * MINUTE, now - 30 * MINUTE) == SILENT  # as it was known


def test_a_whole_spool_tells_what_was_so_in_the_silence(fleet: Fleet) -> None:
    add(fleet, 60 * MINUTE, 60 * MINUTE)
    fleet.judge()
    for ago in range(50, 0, -10):
        add(fleet, ago * MINUTE, MINUTE, *(["bad"] if ago == 30 else []))
    fleet.judge()
    at = [said_at(fleet, fleet.now - ago * MINUTE)[0] for ago in (47, 43, 35, 25, 15)]
    assert at == ["cumple", "cumple", "cumple", "falla", "cumple"]
    assert said_at(fleet, fleet.now - 43 * MINUTE, fleet.now - 20 * MINUTE) == SILENT


def test_a_silence_that_came_to_nothing_hides_no_other_unknown(fleet: Fleet) -> None:
    add(fleet, 60 * MINUTE, 60 * MINUTE)
    fleet.judge()
    for ago in (50, 40, 30, 20, 10):  # without pid 1: what others run is hidden
        taken_at = fleet.now - ago * MINUTE
        hidden: list[Process] = [(7, "sh", "root", 0)]
        made = Report(taken_at, WEB, hidden, [], repr(ago).encode(), [], "m1")
        fleet.store.add(made, fleet.now - MINUTE)
    fleet.judge()
    assert said_at(fleet, fleet.now - 43 * MINUTE) == ("desconocido", "sin_dato")


def test_what_was_judged_last_holds_where_spans_of_verdicts_overlap(fleet: Fleet) -> None:
    """Two hours were judged, then came a report that was taken before, and is unknown."""
    add(fleet, 60 * MINUTE, 60 * MINUTE)
    fleet.judge()
    ((text_id,),) = engine.rows(
        fleet.config.database, "SELECT id FROM policy_text WHERE rule = 'a-rule'"
    )
    engine.execute(fleet.config.database, "DELETE FROM verdict_span")
    now = fleet.now
    for first, known, until, until_known in [
        (now - 35 * MINUTE, now - 35 * MINUTE, now - 30 * MINUTE, now - 30 * MINUTE),
        (now - 44 * MINUTE, now - 10 * MINUTE, None, None),
    ]:
        engine.execute(
            fleet.config.database,
            "INSERT INTO verdict_span (server_id, text_id, state, reason,"
            " first_at, first_received_at, until_at, until_received_at)"
            " VALUES (1, ?, 'desconocido', 'sin_dato', ?, ?, ?, ?)",
            (text_id, first, known, until, until_known),
        )
    unknown = ("desconocido", "sin_dato")
    for ago in (0, 20, 32, 40):
        assert said_at(fleet, now - ago * MINUTE) == unknown
    assert said_at(fleet, now - 50 * MINUTE) == ("cumple", None)
    assert said_at(fleet, now - 32 * MINUTE, now - 31 * MINUTE) == unknown
    assert said_at(fleet, now - 29 * MINUTE, now - 29 * MINUTE) == ("cumple", None)


def test_reports_between_which_the_service_was_deaf_show_no_silence(fleet: Fleet) -> None:
    """An agent without a spool says nothing of the time in which nothing could be sent."""
    add(fleet, 60 * MINUTE, 60 * MINUTE)
    add(fleet, 50 * MINUTE, 20 * MINUTE)
    engine.execute(
        fleet.config.database,
        "INSERT INTO deaf_span (from_at, until_at) VALUES (?, ?)",
        (fleet.now - 55 * MINUTE, fleet.now - 20 * MINUTE),
    )
    add(fleet, 20 * MINUTE, 20 * MINUTE)
    fleet.judge()
    assert said_at(fleet, fleet.now - 25 * MINUTE) == ("cumple", None)


def test_a_violation_was_seen_last_when_it_was_though_our_clock_was_set_back(fleet: Fleet) -> None:
    add(fleet, 10 * MINUTE, 10 * MINUTE)
    fleet.judge()
    shows = add(fleet, 9 * MINUTE, 9 * MINUTE + 3 * DAY, "bad")
    fleet.judge()
    add(fleet, 8 * MINUTE, 8 * MINUTE + 3 * DAY)
    fleet.judge()
    ((opened_in, seen),) = engine.rows(
        fleet.config.database,
        "SELECT opened_in_report_id, seen_report_id FROM violation"
        " JOIN policy_text ON policy_text.id = text_id WHERE rule = 'a-rule'",
    )
    assert (opened_in, seen) == (shows, shows)
