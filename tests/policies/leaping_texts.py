"""Statements of rules that leap over reports, and what else decides how they are judged."""

from __future__ import annotations

from typing import Any

from service.policies.rules.rule import Applies, Fact, Semantics, Threshold

_SECOND_REPORT, _HALF_HOUR = Threshold(reports=2), Threshold(reports=None, seconds=1800)
_PLAIN = "SELECT name FROM procesos_vigentes WHERE name = 'bad'"
_TELNET = "(SELECT name, pid FROM procesos_listados WHERE lista = 'telnet')"
# Statement, and when violations are confirmed and resolved.
TEXTS: dict[str, tuple[str, Threshold, Threshold]] = {
    "plain": (_PLAIN, Threshold(), Threshold()),
    "counting": (_PLAIN, _SECOND_REPORT, _SECOND_REPORT),
    "slow": (_PLAIN, _HALF_HOUR, _HALF_HOUR),
    "path": (
        "SELECT name, username FROM procesos_vigentes AS p WHERE p.ejecutable GLOB '/tmp/*'",
        Threshold(), _HALF_HOUR,
    ),
    "login": (
        "SELECT username AS name, count(*) AS n FROM usuarios_vigentes WHERE pid > 2 GROUP BY 1",
        _SECOND_REPORT, Threshold(),
    ),
    "system": (
        "SELECT nucleo AS name FROM servers_vigentes WHERE nucleo = '6.2'",
        Threshold(), _SECOND_REPORT,
    ),
    "silent": (
        "SELECT nombre_so AS name FROM servers_vigentes WHERE estado <> 'al_dia'",
        Threshold(), Threshold(),
    ),
    "listed": (
        "SELECT max(nombre) AS name FROM procesos_listados WHERE lista = 'telnet' GROUP BY lista",
        Threshold(), Threshold(),
    ),
    "pair": (
        f"SELECT p.name FROM {_TELNET} AS p CROSS JOIN {_TELNET} AS q ON p.pid < q.pid",
        Threshold(), Threshold(),
    ),
    "grouped": (
        "SELECT name, count(*) AS n FROM procesos_vigentes WHERE name LIKE 'ba%' GROUP BY name",
        Threshold(), _SECOND_REPORT,
    ),
    "breaks": (
        "SELECT hora_local('2026-01-01', ejecutable) FROM procesos_vigentes WHERE name = 'bad'",
        Threshold(), Threshold(),
    ),
}  # fmt: skip
_WHERE_TMP = "SELECT server AS servidor FROM processes WHERE path = '/tmp/x'"
_UNION = """
SELECT name FROM procesos_listados WHERE lista = 'telnet'
UNION
SELECT name FROM (SELECT name, pid FROM procesos_vigentes WHERE ejecutable GLOB '/tmp/*')
WHERE pid > 50
"""
_SEVERAL = """
WITH t AS (SELECT pid, name FROM procesos_vigentes WHERE name = 'bad')
SELECT name, count(*) AS n FROM t GROUP BY name HAVING max(pid) > 20
"""
_PARENTS = """
SELECT m.nombre AS name FROM procesos_listados AS m
WHERE m.lista = 'telnet'
  AND m.pid NOT IN (SELECT c.ppid FROM procesos_vigentes AS c WHERE c.username = 'ana')
"""
# It needs a program that runs on one server alone.
_ORPHANS = """
SELECT p.name FROM procesos_vigentes AS p
WHERE p.name = 'rare'
  AND NOT EXISTS (SELECT 1 FROM procesos_vigentes AS q WHERE q.pid = p.pid - 1 AND q.ppid = 2)
"""
# It needs a tag.
_FROZEN = """
SELECT p.name FROM etiquetas AS e JOIN procesos_vigentes AS p ON p.visto_desde > e.desde
"""
_KERNEL = "SELECT servidor FROM procesos_vigentes WHERE pid = 2 AND name = 'kthreadd' LIMIT 1"
# Statement, and what else differs from a rule of the texts above.
OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "absent": (
        "SELECT 1 FROM procesos_listados WHERE lista = 'telnet'",
        {"semantics": Semantics.FILA_ES_EXITO, "key": (), "evidence": (),
         "requires": (Fact.NOMBRES,), "applies": Applies(query=_KERNEL)},
    ),
    "told": (
        _PLAIN,
        {"requires": (Fact.PPID,),
         "requires_to_pass": (Fact.USUARIOS_DE_PROCESOS, Fact.EJECUTABLE)},
    ),
    "applies": (
        _PLAIN,
        {"applies": Applies(query=_WHERE_TMP)},
    ),
    "union": (_UNION, {}),
    "several": (_SEVERAL, {}),
    "parents": (_PARENTS, {}),
    "orphans": (_ORPHANS, {}),
    "frozen": (_FROZEN, {}),
    "tagged": (_PLAIN, {"applies": Applies(tag="entorno=produccion")}),
    "since": (  # it reads the time, and few processes
        "SELECT name FROM procesos_vigentes WHERE name = 'bad' AND substr(:ahora, 15, 2) < '30'",
        {"requires": (Fact.PPID,)},
    ),
    "heard": (  # it reads no process, and is judged at every report
        "SELECT recibido AS name FROM servers_vigentes WHERE nucleo = '6.2'",
        {"requires_to_pass": ()},
    ),
}  # fmt: skip
