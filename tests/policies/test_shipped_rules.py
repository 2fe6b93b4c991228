"""The shipped rules: both languages, both sides, and no accusation of an ordinary machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from service.policies.guard.check import check_rules
from service.policies.guard.guard import Guard, Request
from service.policies.guard.judged_rule import JudgedRule
from service.policies.guard.text_hash import Silence, outside, text_hash
from service.policies.guard.verdict import State, Verdict
from service.policies.rules.folders import read_policies
from service.policies.rules.rule import LANGUAGES
from tests.policies.ordinary import NOW, image
from tests.support.documentation import page, section

POLICIES = read_policies()
RULES = sorted(POLICIES.rules.values(), key=lambda rule: rule.id)
SILENCE = Silence(900, 3)


@pytest.fixture(scope="module")
def guard() -> Iterator[Guard]:
    with Guard() as made:
        made.load(map(JudgedRule.of, RULES), POLICIES.data.tables())
        yield made


def verdicts(guard: Guard, **case: Any) -> dict[str, Verdict]:
    guard.open(image(**case))
    ((_, found),) = guard.judge([Request(1, NOW)])
    return found


def test_every_shipped_rule_passes_its_checks_and_cases() -> None:
    with Guard() as guard:
        _, faults = check_rules(guard, RULES, POLICIES.data)
    assert [str(fault) for fault in (*POLICIES.faults, *faults)] == []
    assert len(RULES) == 49


def test_every_shipped_rule_speaks_both_languages() -> None:
    for rule in RULES:
        assert set(rule.texts) == set(LANGUAGES), rule.id
        assert rule.texts["es"].titulo != rule.texts["en"].titulo


def test_the_documentation_lists_every_shipped_rule() -> None:
    text = section(page("sql/policies/README.md"), "Shipped rules")
    row = re.compile(
        r"^\| `([a-z-]+)` \| (\w+) \| ([^|]+?)(?: \(over the fleet\))? \|$", re.MULTILINE
    )
    listed = row.findall(text)
    assert sorted(listed) == sorted(
        (rule.id, rule.severity, rule.texts["en"].titulo) for rule in RULES
    )


@pytest.mark.parametrize("name", ["README.md", "sql/policies/README.md"])
def test_the_documentation_says_how_many_rules_are_shipped(name: str) -> None:
    assert re.search(rf"\b{len(RULES)} are (shipped|in force)", page(name))


def test_every_shipped_rule_names_controls_of_ens_iso_and_nist() -> None:
    for rule in RULES:
        assert all(rule.controls[framework] for framework in ("ens", "iso27001", "nist")), rule.id


# Rows made up after real machines: daemons with workers, kernel threads, people at work.
DAEMONS = [
    ("systemd-journald", "root", "/usr/lib/systemd/systemd-journald"),
    ("auditd", "root", "/usr/sbin/auditd"),
    ("chronyd", "_chrony", "/usr/sbin/chronyd"),
    ("rsyslogd", "root", "/usr/sbin/rsyslogd"),
    ("fluent-bit", "root", "/usr/bin/fluent-bit"),
    ("sshd", "root", "/usr/sbin/sshd"),
    ("cron", "root", "/usr/sbin/cron"),
    ("postgres", "postgres", "/usr/lib/postgresql/15/bin/postgres"),
    ("java", "tomcat", "/usr/lib/jvm/java-17/bin/java"),
    ("node", "app", "/usr/bin/node"),
    ("bash", "ana", "/usr/bin/bash"),
    ("telnet", "ana", "/usr/bin/telnet"),
    ("vim", "ana", "/usr/bin/vim.basic"),
]
KERNEL = ["rcu_gp", "kworker/0:0H-events", "ksoftirqd/0", "kdevtmpfs", "kauditd", "khugepaged"]
ORDINARY = [
    *({"name": name, "username": user, "ejecutable": path} for name, user, path in DAEMONS),
    *({"name": name, "ppid": 2} for name in KERNEL),
    {"name": "nginx", "pid": 700},
    *({"name": "nginx", "username": "www-data", "ppid": 700} for _ in range(4)),
    {"name": "apache2", "pid": 800},
    {"name": "apache2", "username": "www-data", "ppid": 800},
]
LOGINS = [
    {"username": "root", "terminal": "tty1"},
    {"username": "ana", "terminal": "pts/0", "origen": "198.51.100.7"},
]


@pytest.mark.parametrize("missing", [[], ["ppid", "ejecutable", "linea_comando", "origen"]])
def test_an_ordinary_machine_is_accused_by_none(guard: Guard, missing: list[str]) -> None:
    tags = {"responsable": "plataforma"}
    found = verdicts(guard, procesos=ORDINARY, usuarios=LOGINS, sin=missing, etiquetas=tags)
    accused = [rule for rule, verdict in found.items() if verdict.state is State.FALLA]
    assert accused == (["evidencia-parcial"] if missing else [])
    known = [rule for rule, verdict in found.items() if verdict.state is State.CUMPLE]
    assert len(known) == (41 if not missing else 28)


def test_an_ordinary_machine_among_its_like_is_accused_by_none(guard: Guard) -> None:
    guard.open(image(procesos=ORDINARY, pares=[{"veces": 9, "procesos": ORDINARY}]))
    found = guard.judge_fleet(NOW)["programa-unico"]
    assert isinstance(found, dict)
    assert {verdict.state for verdict in found.values()} == {State.CUMPLE}


def test_a_silent_server_is_unknown_to_all_but_silencioso(guard: Guard) -> None:
    found = verdicts(guard, servidor={"estado": "silencioso"}, procesos=ORDINARY)
    assert found.pop("silencioso").state is State.FALLA
    applying = [verdict for verdict in found.values() if verdict.state is not State.NO_APLICA]
    assert {str(verdict.reason) for verdict in applying} == {"silencio"}


def test_rules_that_read_command_lines_show_their_rows_to_admins_only(guard: Guard) -> None:
    inspections = guard.load(map(JudgedRule.of, RULES), POLICIES.data.tables())
    readers = {
        rule
        for rule, inspection in inspections.items()
        if any(column == "linea_comando" for _, column in inspection.reads)
    }
    assert readers == {
        "acceso-remoto",
        "aplicacion-como-root",
        "consola-inversa",
        "contrasena-en-linea",
        "herramienta-de-intrusion",
        "interfaz-abierta",
        "interprete-como-root",
        "minero",
        "root-remoto",
        "servidor-de-desarrollo",
    }


def test_a_list_is_text_of_the_rules_that_name_it(guard: Guard) -> None:
    data = read_policies().data
    inspections = guard.load(map(JudgedRule.of, RULES), data.tables())

    def hashes() -> dict[str, str]:
        return {rule.id: text_hash(rule, inspections[rule.id], data, SILENCE) for rule in RULES}

    before = hashes()
    data.lists["telnet"].add("new-telnetd")
    changed = {rule for rule, found in hashes().items() if found != before[rule]}
    assert changed == {"servicio-telnet"}


def test_the_settings_of_silence_are_text_of_silencioso_alone(guard: Guard) -> None:
    inspections = guard.load(map(JudgedRule.of, RULES), POLICIES.data.tables())
    having = {
        rule.id
        for rule in RULES
        if "silencio" in outside(rule, inspections[rule.id], POLICIES.data, SILENCE)
    }
    assert having == {"silencioso"}


def test_only_one_shipped_rule_reads_when_rows_were_seen_first() -> None:
    """To others, a report would cost a look-up a row, and the past of a server minutes."""
    with Guard() as guard:
        found = guard.load(map(JudgedRule.of, RULES), POLICIES.data.tables())
    assert ("usuarios_remotos", "origen") in found["root-remoto"].reads
    assert [
        rule
        for rule, inspection in sorted(found.items())
        if any(
            column == "visto_desde" and relation != "servers_vigentes"
            for relation, column in inspection.reads | inspection.applies_reads
        )
    ] == ["programa-nuevo"]
