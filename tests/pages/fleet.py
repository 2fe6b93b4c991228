"""A fleet that reports through the real API: a day in the life of a small company's servers."""

from __future__ import annotations

from dataclasses import dataclass

from service import times
from tests.pages.machines import Machine, machines
from tests.support.live import LiveService

MINUTE = 60_000_000  # microseconds
HOUR = 60 * MINUTE
_INTERVAL = 30 * MINUTE
_TIMES = 48  # a day
_ON_THE_WAY = 200_000  # microseconds that a report takes to arrive


@dataclass(frozen=True, slots=True)
class Fleet:
    """What was posted. Servers are found by the name that they were given here."""

    live: LiveService
    ends_at: int  # when the newest report was taken
    servers: dict[str, int]  # the stable number of each
    records: dict[str, int]  # id_serv of the newest record of each

    def ago(self, hours: float) -> str:
        """The moment so many hours before the newest report, as addresses have it."""
        return times.to_text(self.ends_at - round(hours * HOUR))[:19].replace(" ", "T")


def post_fleet(live: LiveService, *, hostile: bool = True) -> Fleet:
    """Posts a day of reports, up to now; hostile: also from the server with hostile names."""
    ends_at = times.now() // MINUTE * MINUTE - MINUTE
    starts_at = ends_at - (_TIMES - 1) * _INTERVAL
    fleet = machines(starts_at, hostile=hostile)
    # One after the other, so that every server and record gets the same number every time.
    for at in range(_TIMES):
        for machine in fleet:
            if at < machine.last_time(_TIMES) and at not in machine.late:
                _post(live, machine, starts_at + at * _INTERVAL)
    for machine in fleet:
        for at in sorted(machine.late):
            _post(live, machine, starts_at + at * _INTERVAL)
    _arrive_in_time(live)
    return Fleet(live, ends_at, *_numbers(live, fleet))


def _post(live: LiveService, machine: Machine, taken_at: int) -> None:
    answer = live.post(machine.report(taken_at))
    assert answer.status == 201, answer.body


def _arrive_in_time(live: LiveService) -> None:
    """Puts the clock of the service right, that has seen a whole day arrive within seconds.

    What came late came after the newest.
    """
    live.execute(
        "UPDATE report SET received_at = taken_at + ?1 + CASE WHEN seq < 0 THEN ?2 ELSE 0 END",
        (_ON_THE_WAY, 8 * HOUR),
    )
    live.execute("DELETE FROM arrival_hour")
    live.execute(
        "INSERT INTO arrival_hour SELECT received_at / ?1, count(*) FROM report GROUP BY 1", (HOUR,)
    )


def _numbers(live: LiveService, fleet: list[Machine]) -> tuple[dict[str, int], dict[str, int]]:
    """The number of each server, and its newest record, as the database has them."""
    rows = live.rows(
        "SELECT report.server_id, report.id, profile.ipaddress FROM report "
        "JOIN profile ON profile.id = report.profile_id ORDER BY report.taken_at"
    )
    servers, records = {}, {}
    for machine in fleet:
        own = [(server, record) for server, record, address in rows if address == machine.address]
        servers[machine.name], records[machine.name] = own[-1]
    return servers, records
