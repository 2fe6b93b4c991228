"""Both folders of rules, the adjustments, and the data files beside them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from service.policies.guard.names import NameLists
from service.policies.guard.verdict import State
from service.policies.guard.warnings import applying_nowhere, tags_of_nobody
from service.policies.guard.workspace import Workspace
from service.policies.rules.data_files import read_data_files
from service.policies.rules.folders import Policies, read_policies
from service.policies.rules.places import SHIPPED_FOLDER
from service.policies.rules.rule import Applies, Severity, Threshold
from tests.policies.ordinary import image
from tests.policies.rule_texts import write_rule


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    folder = tmp_path / "shipped"
    folder.mkdir()
    write_rule(folder)
    write_rule(folder, ('"a-rule"', '"b-rule"'), name="b-rule")
    return folder


@pytest.fixture
def users(tmp_path: Path) -> Path:
    folder = tmp_path / "users"
    folder.mkdir()
    return folder


def adjusted(users: Path, shipped: Path, text: str) -> Policies:
    (users / "ajustes.toml").write_text(text, encoding="utf-8")
    return read_policies(users, shipped=shipped)


def test_a_users_rule_takes_the_place_of_a_shipped_one(shipped: Path, users: Path) -> None:
    path = write_rule(users, ('"alta"', '"critica"'))
    found = read_policies(users, shipped=shipped)
    assert found.rules["a-rule"].path == path
    assert found.rules["a-rule"].severity is Severity.CRITICA
    assert found.rules.keys() == {"a-rule", "b-rule"}
    assert found.faults == []


def test_a_shipped_rule_does_not_stand_in_for_a_refused_one(shipped: Path, users: Path) -> None:
    path = write_rule(users, ('"alta"', '"x"'))
    found = read_policies(users, shipped=shipped)
    assert found.rules.keys() == {"b-rule"}
    assert found.refused == {"a-rule"}
    assert [fault.path for fault in found.faults] == [path]


def test_a_known_version_with_another_text_is_refused(shipped: Path) -> None:
    was = read_policies(shipped=shipped).rules["a-rule"].hash
    write_rule(shipped, ("'bad'", "'worse'"))
    known = {shipped: {("a-rule", 2): was}}
    found = read_policies(shipped=shipped, known=known)
    assert found.refused == {"a-rule"}
    assert (found.faults[0].line, "new version" in found.faults[0].reason) == (2, True)
    write_rule(shipped, ("'bad'", "'worse'"), ("version = 2", "version = 3"))
    assert read_policies(shipped=shipped, known=known).faults == []


def test_adjustments_change_rules_without_a_copy(shipped: Path, users: Path) -> None:
    found = adjusted(
        users,
        shipped,
        '[a-rule]\nseveridad = "baja"\naplica = { so = "Ubuntu*" }\n'
        'plazos = { confirmar_tras = "5m" }\n[b-rule]\nactiva = false\n',
    )
    rule = found.rules["a-rule"]
    assert rule.severity is Severity.BAJA
    assert rule.applies == Applies(systems=("Ubuntu*",))
    assert rule.deadlines.confirm_after == Threshold(None, 300)
    assert rule.hash != read_policies(shipped=shipped).rules["a-rule"].hash
    assert found.off == {"b-rule"}
    assert found.rules.keys() == {"a-rule"}
    assert found.faults == []


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('\n[a-rule]\nseveridad = "x"\n', 2, "severidad: expected"),
        ('\n[a-rule]\ncolour = "x"\n', 2, "colour is no field"),
        ("\n[c-rule]\nactiva = false\n", 2, "no rule 'c-rule'"),
        ("[a-rule]\nactiva = 1\n", 1, "activa: expected true or false"),
        ("[a-rule\n", 1, "cannot be read"),
    ],
)
def test_wrong_adjustments_are_told_and_change_nothing(
    text: str, line: int, reason: str, shipped: Path, users: Path
) -> None:
    found = adjusted(users, shipped, text)
    ((path, at, said),) = found.faults
    assert (path, at) == (users / "ajustes.toml", line)
    assert reason in said
    assert found.rules == read_policies(shipped=shipped).rules


def test_a_folder_that_is_not_there_is_told(shipped: Path, users: Path) -> None:
    found = read_policies(users / "nowhere", shipped=shipped)
    assert [str(fault) for fault in found.faults] == [
        f"{users / 'nowhere'}: cannot be read: No such file or directory"
    ]
    assert found.rules.keys() == {"a-rule", "b-rule"}


def test_lists_of_users_extend_the_shipped_ones(users: Path) -> None:
    (users / "listas").mkdir()
    (users / "listas" / "mineros.txt").write_text("# ours\nnew-miner*  # seen in May\n\n")
    (users / "listas" / "ours.txt").write_text("what?\n")
    found = read_data_files([SHIPPED_FOLDER, users])
    assert {"kinsing", "new-miner*"} <= found.lists["mineros"]
    assert found.lists["ours"] == {"what[?]"}
    assert found.faults == []


def test_networks_and_ends_of_life_are_read(users: Path) -> None:
    (users / "redes.txt").write_text("10.0.0.0/8 oficina\n2001:db8::/32\nhere\n")
    (users / "fin_de_vida.csv").write_text(
        "so,version,fin,fin_ampliado,contratos,fuente\n"
        "Debian|Debian GNU/Linux,10,2022-09-10,2024-06-30,elts=2029-06-30,wiki\n"
        "X,1,soon,,,\nX,2,2026-01-01,,elts,\n"
    )
    found = read_data_files([users])
    assert found.tables()["redes"] == [("10.0.0.0/8", "oficina"), ("2001:db8::/32", None)]
    ends = ("10", "2022-09-10", "2024-06-30", "elts=2029-06-30", "wiki")
    assert found.tables()["fin_de_vida"] == [("Debian", *ends), ("Debian GNU/Linux", *ends)]
    assert [(fault.path.name, fault.line) for fault in found.faults] == [
        ("redes.txt", 3),
        ("fin_de_vida.csv", 3),
        ("fin_de_vida.csv", 4),
    ]


def test_names_and_last_parts_of_paths_are_looked_up_in_the_lists() -> None:
    lists = NameLists([("web", "nginx"), ("web", "php*"), ("odd", "a[?]b"), ("odd", "a[[]b")])
    assert lists.matches("nginx") == (("web", "nginx"),)
    assert lists.matches("/usr/sbin/nginx") == (("web", "nginx"),)
    assert lists.matches(r"C:\tools\nginx") == (("web", "nginx"),)
    assert lists.matches("php-fpm") == (("web", "php-fpm"),)
    assert lists.matches("nginx2") == lists.matches("x/nginx") == ()
    assert [lists.lists_of(name) for name in ("a?b", "a[b", "axb")] == [("odd",), ("odd",), ()]


def test_a_process_is_listed_once_by_its_name_or_by_its_executable() -> None:
    with closing(Workspace()) as workspace:
        workspace.set_data(
            {"listas": [("web", "nginx"), ("web", "httpd")], "redes": [], "fin_de_vida": []}
        )
        names = [
            ("nginx", "/usr/sbin/nginx"),
            ("worker", "/usr/sbin/nginx"),
            ("nginx", "/usr/sbin/httpd"),
            ("inx", "/usr/sbin/nginx"),
            ("x", "/usr/sbin/x"),
        ]
        workspace.open(image(procesos=[{"name": name, "ejecutable": path} for name, path in names]))
        workspace.show(1)
        with workspace.sandbox.trusted() as connection:
            found = connection.execute(
                "SELECT name, ejecutable, nombre, por FROM procesos_listados ORDER BY id_proc"
            ).fetchall()
    assert found == [
        ("nginx", "/usr/sbin/nginx", "nginx", "name"),
        ("worker", "/usr/sbin/nginx", "nginx", "ejecutable"),
        ("nginx", "/usr/sbin/httpd", "nginx", "name"),
        ("inx", "/usr/sbin/nginx", "nginx", "ejecutable"),
    ]


def test_a_rule_may_not_hide_a_table_behind_the_relations(shipped: Path, users: Path) -> None:
    write_rule(users, ("SELECT name, count", "WITH coincidencia AS (SELECT 1) SELECT name, count"))
    (fault,) = read_policies(users, shipped=shipped).faults
    assert "may not hide a relation" in fault.reason


def test_tags_of_nobody_and_rules_for_nobody_are_told(shipped: Path) -> None:
    rules = [read_policies(shipped=shipped).rules["a-rule"]]
    having = {"entorno": frozenset({"produccion"})}
    assert list(tags_of_nobody(rules, having)) == []
    for tags in ({}, {"entorno": frozenset({"pruebas"})}):
        (fault,) = tags_of_nobody(rules, tags)
        assert (fault.line, fault.reason) == (9, "no server has the tag entorno=produccion")
    assert list(applying_nowhere(rules, {"a-rule": {State.NO_APLICA: 3, State.CUMPLE: 1}})) == []
    assert list(applying_nowhere(rules, {})) == []  # there is no server yet
    (fault,) = applying_nowhere(rules, {"a-rule": {State.NO_APLICA: 3}})
    assert fault.reason == "the rule applies to no server"
