"""A small company's servers report for a day, through the real API."""

from __future__ import annotations

from dataclasses import dataclass

from service import times
from tests.pages.machines import Machine, machines
from tests.support.live import LiveService

MINUTE = 60_000_000  # microseconds
HOUR = 60 * MINUTE
_INTERVAL = 30 * MINUTE
_REPORTS = 48  # one day
_LATENCY = 200_000  # microseconds from a report's time to its arrival


@dataclass(frozen=True, slots=True)
class Fleet:
    """The posted fleet. Servers go by their names in machines.py."""

    live: LiveService
    ends_at: int  # time of the latest report
    servers: dict[str, int]  # the ID of each server
    records: dict[str, int]  # id_serv of the latest record of each server

    def ago(self, hours: float) -> str:
        """The time that many hours before the latest report, as a parameter value."""
        return times.to_text(self.ends_at - round(hours * HOUR))[:19].replace(" ", "T")


def post_fleet(live: LiveService, *, hostile: bool = True) -> Fleet:
    """Posts a day of reports, up to now; hostile: also from the server with hostile names."""
    ends_at = times.now() // MINUTE * MINUTE - MINUTE
    starts_at = ends_at - (_REPORTS - 1) * _INTERVAL
    fleet = machines(starts_at, hostile=hostile)
    # In sequence, so that servers and records get the same IDs in every run.
    for at in range(_REPORTS):
        for machine in fleet:
            if at < machine.last_time(_REPORTS) and at not in machine.late:
                _post(live, machine, starts_at + at * _INTERVAL)
    for machine in fleet:
        for at in sorted(machine.late):
            _post(live, machine, starts_at + at * _INTERVAL)
    _spread_arrivals(live)
    return Fleet(live, ends_at, *_ids(live, fleet))


def _post(live: LiveService, machine: Machine, taken_at: int) -> None:
    answer = live.post(machine.report(taken_at))
    assert answer.status == 201, answer.body


def _spread_arrivals(live: LiveService) -> None:
    """Sets the arrival times of the reports, which really arrived within seconds.

    Late reports get an arrival after the latest report.
    """
    live.execute(
        "UPDATE report SET received_at = taken_at + ? + CASE WHEN seq < 0 THEN ? ELSE 0 END",
        (_LATENCY, 8 * HOUR),
    )
    live.execute(
        "UPDATE server SET (heard_at, greatest_arrival_at, counted_hour, counted_reports) = ("
        " SELECT max(received_at) FILTER (WHERE seq > 0), max(received_at), NULL, 0 FROM report"
        " WHERE report.server_id = server.id)"
    )
    live.execute("DELETE FROM arrival_hour")
    live.execute(
        "INSERT INTO arrival_hour (hour, server_id, reports)"
        " SELECT received_at / ?, server_id, count(*) FROM report GROUP BY 1, 2",
        (HOUR,),
    )


def _ids(live: LiveService, fleet: list[Machine]) -> tuple[dict[str, int], dict[str, int]]:
    """The ID of each server, and of its latest record."""
    rows = live.rows(
        "SELECT report.server_id, report.id, profile.ipaddress FROM report "
        "JOIN profile ON profile.id = report.profile_id "
        "WHERE report.seq > 0 ORDER BY report.placed_at"
    )
    servers, records = {}, {}
    for machine in fleet:
        own = [(server, record) for server, record, address in rows if address == machine.address]
        servers[machine.name], records[machine.name] = own[-1]
    return servers, records
