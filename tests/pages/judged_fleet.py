"""Verdicts of a few rules on the fleet of tests/pages/fleet.py."""

from __future__ import annotations

from contextlib import closing

from service.policies.guard.verdict import Verdict
from service.store.engines import open_database
from service.times import HOUR, parse
from tests.pages.fleet import Fleet
from tests.support.judged import ANOTHER_SYSTEM, NO_NAMES, PASSES, SILENT, Judging, fails

HOSTILE = '<b onclick="__pwned=1">x</b>'
VERDICTS: dict[str, Verdict] = {
    "web-1": fails("xmrig"),
    "bd-1": fails("xmrig", "kdevtmpfsi"),
    HOSTILE: fails('<script>window.__pwned = "1"</script>', "\u202enimda\x1b[31m"),
    "WIN-CONTABLE": ANOTHER_SYSTEM,
    "archivo": NO_NAMES,
    "sensor-planta": fails("minerd"),
}


def judge_fleet(fleet: Fleet) -> None:
    """Judges the last record of each server; the silent one's verdict is unknown since."""
    with closing(open_database(fleet.live.database)) as database:
        judging = Judging(database)
        judging.take_up("minero", fleet.ends_at - 48 * HOUR, command_lines=True)
        judging.take_up("sin-auditd", fleet.ends_at - 48 * HOUR)
        for name, id_serv in fleet.records.items():
            judging.report(id_serv, minero=VERDICTS.get(name, PASSES), sin_auditd=PASSES)
        silent = fleet.servers["sensor-planta"]
        record = fleet.live.get(f"/servers/{fleet.records['sensor-planta']}").json()
        judging.event(silent, "silencio", parse(record["fecha_hora"]) + HOUR, minero=SILENT)
        judging.fault("/srv/reglas/rota.sql", 3, 'expected a header of lines that begin with "-- "')
