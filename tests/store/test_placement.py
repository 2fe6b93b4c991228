"""Places in time are those of the oracle, which was written from the rules alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import pytest
from hypothesis import given, settings

from service import times
from service.report import Process, Profile, Report
from tests.support import plain_time
from tests.support.plain_questions import usual_interval, zone_of_server
from tests.support.plain_time import HOUR, MINUTE, Arrival, Record
from tests.support.stores import Stores, stores
from tests.support.time_histories import EPISODES, ClientPlan, Plan, arrivals, plans

PLACES = """
SELECT
  server.identity, server.sibling, report.seq, report.placed_at, servers.reloj, servers.zona,
  servers.recibido
FROM report
JOIN server ON server.id = report.server_id
JOIN servers ON servers.id_serv = report.id
ORDER BY report.id
"""


def report_of(arrival: Arrival) -> Report:
    machine = arrival.machine
    profile = Profile(
        machine.ipaddress or "10.9.9.9",
        "x86_64",
        "Intel",
        "Linux",
        "12",
        version_esquema=2,
        nombre_host=machine.nombre_host,
        booted_at=machine.booted_at,
        boot_id=machine.boot_id,
    )
    processes: list[Process] = [
        (pid, str(name), "root", None) for pid, name in enumerate(arrival.processes)
    ]
    digest = hashlib.sha256(repr(arrival.document).encode()).digest()[:16]
    return Report(
        arrival.t, profile, processes, [], digest, id_maquina=arrival.identity,
        zoned=arrival.had_zone,
    )  # fmt: skip


def expected(record: Record) -> tuple[object, ...]:
    identity, sibling = record.server
    return (
        f"id:{identity}",
        sibling,
        record.number,
        record.e,
        record.reloj,
        record.zona,
        times.to_text(record.r),
    )


def assert_placed_as_the_oracle_says(both: Stores, history: Iterable[Arrival]) -> None:
    history = list(history)
    outcomes = plain_time.replay(history)
    news = [
        both.store.add(report_of(arrival), arrival.r, replayed=arrival.replayed).new
        for arrival in history
    ]
    assert news == [outcome.new for outcome in outcomes]
    records = [outcome.record for outcome in outcomes if outcome.new]
    assert both.rows(PLACES) == [expected(record) for record in records]
    servers = both.rows(
        "SELECT identity, sibling, heard_at, greatest_arrival_at, coalesce(usual_interval, 0)"
        " FROM server ORDER BY identity, sibling"
    )
    assert servers == [
        (
            f"id:{server[0]}",
            server[1],
            [x for x in own if x.number > 0][-1].r,
            max(x.r for x in own),
            usual_interval((x for x in own if x.number > 0), own[0]),
        )
        for server in sorted({x.server for x in records})
        for own in [[x for x in records if x.server == server]]
    ]
    zone = both.rows("SELECT zona FROM servers WHERE id_serv = (SELECT max(id) FROM report)")
    assert zone == [(zone_of_server(records, records[-1].server),)]


@pytest.mark.parametrize("zone", [None, 0, -3 * HOUR, 2 * HOUR], ids=str)
@pytest.mark.parametrize("episode", EPISODES)
def test_places_around(episode: str, zone: int | None) -> None:
    around = [("honest", 3), (episode, 7), ("honest", 4), ("drain", 5)]
    plan = Plan([ClientPlan(5 * MINUTE, zone, clone=False, episodes=around)], [])
    with stores() as both:
        assert_placed_as_the_oracle_says(both, arrivals(plan))


@settings(max_examples=20, deadline=None)
@given(plan=plans())
def test_places_of_any_fleet(plan: Plan) -> None:
    with stores() as both:
        assert_placed_as_the_oracle_says(both, arrivals(plan))


@pytest.mark.torture
@settings(max_examples=400, deadline=None)
@given(plan=plans())
def test_places_of_many_fleets(plan: Plan) -> None:
    with stores() as both:
        assert_placed_as_the_oracle_says(both, arrivals(plan))


def test_replayed_reports_of_the_past_are_late() -> None:
    live = [Arrival("web", t * HOUR, t * HOUR + 1, processes=(str(t),)) for t in (10, 20)]
    past = [
        Arrival("web", t * HOUR, t * HOUR + 1, processes=(str(t),), replayed=True)
        for t in (11, 12, 13)
    ]
    with stores() as both:
        assert_placed_as_the_oracle_says(both, live + past)
        assert both.rows("SELECT count(*) FROM report WHERE seq < 0") == [(3,)]


def test_plan_for_an_earlier_arrival_is_made_again() -> None:
    """Whether a clock was set back depends on when the report arrives."""
    first, late, third = (
        Arrival("web", t * MINUTE, r * MINUTE, processes=(str(t),))
        for t, r in [(100, 100), (50, 101), (51, 102)]
    )
    with stores() as both:
        for each in (first, late):
            both.store.add(report_of(each), each.r)
        plan = both.store.plan(report_of(third), late.r)
        assert plan is not None
        assert plan.seq == -2
        both.store.add(report_of(third), third.r, plan)
        assert both.rows("SELECT seq, placed_at FROM report WHERE id = 3") == [(2, third.r)]
