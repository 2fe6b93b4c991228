"""The time of every request and page about rules, in a large fleet that was judged for a month.

The processor time of answering, in this process: a busy machine does not change it much. Each
server was judged four times by all shipped rules, and each tenth was silent ten times.

    python -m tests.benchmarks.asking_rules [--servers 1000] [--times 7] [--strict]
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

import falcon.testing

from service import times
from service.app import create_app
from service.config import Config
from service.maintenance.startup import prepare_data_folder
from service.policies.guard.verdict import Verdict
from service.policies.rules.places import SHIPPED_FOLDER
from service.policies.rules.relations import HIDDEN, RELATIONS
from service.policies.rules.rule_file import read_rule
from service.report import Profile, Report
from service.store.engines import Database, open_database
from service.store.queries import load_queries
from service.store.write.reports import ReportStore
from service.times import DAY, HOUR, MINUTE
from tests.benchmarks.outcome import Cell, Progress, show
from tests.support.judged import ANOTHER_SYSTEM, NO_NAMES, PASSES, SILENT, Judging, fails

LIMIT_MS, LIMIT_OF_A_PERIOD_MS = 50, 3_000
_DAYS = 30
_ASKED = (
    *("/", "/reglas", "/regla/minero", "/cumplimiento", "/controles", "/controles/ens"),
    *("/incumplimientos", "/incumplimientos?abiertas=si", "/servidor/7", "/dispensas"),
    *("/politicas", "/politicas/minero", "/matriz", "/marcos", "/marcos/ens"),
    *("/violaciones", "/violaciones?abiertas=si", "/servers/7/cumplimiento"),
)
_PERIODS = (
    *("/auditoria", "/periodo/politicas", "/periodo/controles", "/periodo/servidores"),
    "/periodo?formato=csv",
)


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        config = Config(data=Path(folder))
        prepare_data_folder(config)
        with closing(open_database(config.database)) as database:
            rules = _judge(database, options.servers)
            client = falcon.testing.TestClient(
                create_app(config, database), headers={"Host": "localhost"}
            )
            now = times.now()
            month = {"desde": times.to_text(now - _DAYS * DAY), "hasta": times.to_text(now)}
            period = [f"{path}{'&' if '?' in path else '?'}{urlencode(month)}" for path in _PERIODS]
            rows = [
                *(_measure(client, path, path, LIMIT_MS, options.times) for path in _ASKED),
                _measure(client, "/periodo?…", f"/periodo?{urlencode(month)}", LIMIT_MS, 3),
                *(
                    _measure(client, f"{path} …", address, LIMIT_OF_A_PERIOD_MS, 3)
                    for path, address in zip(_PERIODS, period, strict=True)
                ),
            ]
    beyond = sum(row["beyond"] != "" for row in rows)
    show(
        f"asking about rules: {rules} over {options.servers} servers, {_DAYS} days",
        rows,
        {"requests": len(rows), "beyond a limit": beyond},
    )
    return 1 if options.strict and beyond else 0


def _measure(
    client: falcon.testing.TestClient, name: str, address: str, limit_ms: int, count: int
) -> dict[str, Cell]:
    client.simulate_get(address)
    spent = []
    for _ in range(count):
        started = time.process_time()
        answer = client.simulate_get(address)
        spent.append(1e3 * (time.process_time() - started))
    is_beyond = answer.status_code != 200 or median(spent) > limit_ms
    return {
        "request": name,
        "processor ms": median(spent),
        "limit ms": limit_ms,
        "kB": len(answer.content) / 1000,
        "beyond": f"status {answer.status_code}" if is_beyond else "",
    }


def _judge(database: Database, servers: int) -> int:
    """Fills a database; how many rules there are."""
    store, judging = ReportStore(database, load_queries()), Judging(database)
    progress, chance = Progress("judging"), random.Random(1)
    now = times.now()
    begins = now - (_DAYS + 1) * DAY
    named = {}
    for path in sorted(SHIPPED_FOLDER.glob("*.sql")):
        judging.take_up(path.stem, begins)
        named[path.stem.replace("-", "_")] = read_rule(path, RELATIONS | HIDDEN).key
    for number in range(servers):
        progress.show(number, servers)
        address = f"10.0.{number // 250}.{number % 250 + 1}"
        debian = ("x86_64", "Xeon", "Debian GNU/Linux", "12", 2, f"server-{number}")
        profile = Profile(address, *debian, "6.1", "0.1", "logind", 0)
        for turn, at in enumerate((begins, begins + 10 * DAY, begins + 20 * DAY, now - 9 * MINUTE)):
            digest = b"%d/%d" % (number, turn)
            made = Report(at + number, profile, [(1, "init", "root", 0)], [], digest, [], address)
            id_serv = store.add(made, at + number).id_serv
            verdicts = {rule: _verdict(chance, key) for rule, key in named.items()}
            judging.report(id_serv, **verdicts)
            if number % 10 == 0 and turn == 2:
                _be_silent(judging, number + 1, at, list(named))
    progress.show(servers, servers)
    return len(named)


def _be_silent(judging: Judging, server_id: int, at: int, rules: Sequence[str]) -> None:
    for night in range(10):
        begins = at + night * DAY // 2 + 6 * HOUR
        judging.event(server_id, "silencio", begins, **dict.fromkeys(rules, SILENT))
        judging.event(server_id, "etiqueta", begins + HOUR, **dict.fromkeys(rules, PASSES))


def _verdict(chance: random.Random, key: tuple[str, ...]) -> Verdict:
    drawn = chance.random()
    if drawn < 0.05 and key == ("name", "username"):
        return fails(chance.choice(["xmrig", "telnetd", "frpc"]))
    return NO_NAMES if drawn < 0.1 else ANOTHER_SYSTEM if drawn < 0.15 else PASSES


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--servers", type=int, default=1_000)
    parser.add_argument("--times", type=int, default=7, help="of each request")
    parser.add_argument("--strict", action="store_true", help="a missed limit is an error")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
