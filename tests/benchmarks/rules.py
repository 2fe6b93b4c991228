"""How fast the guard judges: a fleet from nothing, and one report.

    python -m tests.benchmarks.rules [--servers 1000] [--processes 300] [--rounds 3]

Limits, in time of processor, that of the guard's process included: all rules over the fleet from
nothing, against the copying of its current processes into a temporary table in the same run; all
rules about a server for one report (the median). Once with ten of the shipped rules, one of each
way of judging, and once with all of them. It exits with 1 where the ratio is passed; milliseconds
say something about a quiet machine only.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from statistics import median

from service import times
from service.policies.guard.guard import Data, Guard, Request
from service.policies.guard.judged_rule import JudgedRule
from service.policies.rules.folders import read_policies
from service.policies.rules.places import TABLES_SCRIPT
from service.policies.rules.rule import Scope
from service.store.engines.image import ImageBuilder
from service.store.queries import load_queries
from service.store.read.current import copy_server
from tests.benchmarks.fleet import SimulatedServer, fill
from tests.benchmarks.outcome import show

TEN = {
    "servicio-telnet", "web-como-root", "minero", "programa-en-temporal", "root-remoto",
    "sin-auditd", "silencioso", "reloj-incorrecto", "clonado", "programa-unico",
}  # fmt: skip
# Times the copying, and milliseconds of processor.
LIMITS_OF_TEN = (15.0, 2.0)
LIMITS_OF_ALL = (30.0, 4.0)
NOW = times.to_text(times.parse("2026-01-05 00:05:00"))

_COPYING = """
CREATE TEMPORARY TABLE copied AS
SELECT
  s.server_id, s.slot, s.pid, s.ppid, g.name, g.username, s.started_at, g.executable,
  g.command_line
FROM server AS n
CROSS JOIN process_span AS s ON s.server_id = n.id AND s.node = 0
CROSS JOIN program AS g ON g.id = s.program_id
"""


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "compliance.db"
        fleet = [SimulatedServer(n + 1, options.processes, 0.05, 2) for n in range(options.servers)]
        fill(path, fleet, 1)
        policies = read_policies()
        rules = [JudgedRule.of(rule) for rule in policies.rules.values()]
        of_ten = [rule for rule in rules if rule.id in TEN]
        data = policies.data.tables()
        within = [
            _measure(path, of_ten, data, options, LIMITS_OF_TEN),
            _measure(path, rules, data, options, LIMITS_OF_ALL),
        ]
    return 0 if all(within) else 1


def _measure(
    path: Path,
    rules: Sequence[JudgedRule],
    data: Data,
    options: argparse.Namespace,
    limits: tuple[float, float],
) -> bool:
    servers: int = options.servers
    script = TABLES_SCRIPT.read_text(encoding="utf-8")
    with (
        Guard() as guard,
        ImageBuilder(script, path) as of_all,
        ImageBuilder(script, path) as of_one,
    ):
        guard.load(rules, data)
        run = _Run(guard, of_all, of_one, servers)
        copying, of_fleet = [], []
        for _ in range(
            options.rounds
        ):  # in turn, since the machine may be busy with something else
            copying.append(_processor(guard, lambda: _copy(path)))
            of_fleet.append(_processor(guard, run.fleet))
        run.reports(range(1, 51))
        of_reports = [
            _processor(guard, partial(run.reports, [server])) for server in range(51, servers + 1)
        ]
    ratio = min(of_fleet) / min(copying)
    per_report = median(of_reports) * 1000
    show(
        f"rules: {len(rules)} over {servers} servers",
        [
            {"what": "copying, ms", "value": min(copying) * 1000, "limit": "-"},
            {"what": "fleet from nothing, ms", "value": min(of_fleet) * 1000, "limit": "-"},
            {"what": "fleet / copying", "value": ratio, "limit": limits[0]},
            {"what": "one report, ms of processor", "value": per_report, "limit": limits[1]},
        ],
        {
            "rules about a server": sum(rule.scope is Scope.SERVIDOR for rule in rules),
            "verdicts that are unknown": run.unknown,
        },
    )
    return ratio <= limits[0]


class _Run:
    def __init__(self, guard: Guard, fleet: ImageBuilder, one: ImageBuilder, servers: int) -> None:
        self._guard = guard
        self._fleet = fleet
        self._one = one  # an image keeps the size of the largest that was built
        self._queries = load_queries()
        self._servers = servers
        self.unknown = 0

    def fleet(self) -> None:
        """Every rule on every server, from the database to the verdicts."""
        image = self._image(self._fleet, range(1, self._servers + 1))
        asked = [Request(server, NOW) for server in range(1, self._servers + 1)]
        self._guard.open(image)
        verdicts = [found for _, found in self._guard.judge(asked)]
        of_fleet = self._guard.judge_fleet(NOW)
        assert len(verdicts) == self._servers
        assert all(
            isinstance(found, dict) and len(found) == self._servers for found in of_fleet.values()
        )
        self.unknown = sum(
            verdict.state == "desconocido" for found in verdicts for verdict in found.values()
        )

    def reports(self, servers: Iterable[int]) -> None:
        """Every rule about a server, for one report after the other."""
        for server in servers:
            self._guard.open(self._image(self._one, [server]))
            list(self._guard.judge([Request(server, NOW)]))

    def _image(self, builder: ImageBuilder, servers: Iterable[int]) -> bytes:
        with builder.filled() as connection:
            for server in servers:
                copy_server(
                    connection, self._queries, server, is_silent=False, with_first_sight=False
                )
        return builder.image()


def _copy(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(_COPYING)


def _processor(guard: Guard, work: Callable[[], object]) -> float:
    """Seconds of processor that work takes in this process and the guard's."""
    before = _spent(guard)
    work()
    return _spent(guard) - before


def _spent(guard: Guard) -> float:
    # proc(5): nanoseconds on a processor, nanoseconds of waiting, time slices.
    fields = Path(f"/proc/{guard.pid}/schedstat").read_text(encoding="ascii").split()
    return time.process_time() + int(fields[0]) / 1e9


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--servers", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
