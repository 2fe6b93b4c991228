"""What a report tells, as the guard finds it out."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from service.policies.guard.workspace import Workspace
from service.policies.rules.rule import Fact
from tests.policies.ordinary import image


def facts(**case: Any) -> frozenset[Fact]:
    with closing(Workspace()) as workspace:
        workspace.set_data(
            {"listas": [("hilos-de-nucleo", "kworker/*")], "redes": [], "fin_de_vida": []}
        )
        workspace.wanted = list(Fact)
        workspace.open(image(**case))
        return workspace.situation(1).facts


def test_an_ordinary_report_of_version_2_tells_all() -> None:
    assert facts() == frozenset(Fact)


@pytest.mark.parametrize("fact", list(Fact))
def test_each_fact_may_be_missing(fact: Fact) -> None:
    missing = {fact} | ({Fact.ORIGEN, Fact.DESDE} if fact in (Fact.ORIGEN, Fact.DESDE) else set())
    assert facts(sin=[fact], procesos=[{"name": "sshd"}]) == frozenset(Fact) - missing


def test_95_per_cent_are_enough() -> None:
    known = [{"ejecutable": "/bin/x"} for _ in range(95)]
    # The last ones have none: an empty text would be one.
    assert Fact.EJECUTABLE in facts(procesos=[*known[:-1], {}], sin=["ppid"])
    few = [{"name": "x", "ejecutable": "/bin/x"} for _ in range(90)]
    unknown = [{"name": "y"} for _ in range(10)]
    assert Fact.EJECUTABLE not in facts(
        procesos=[*few, *unknown], sin=["ejecutable"], ordinario=False
    )
    assert Fact.EJECUTABLE in facts(
        procesos=[*few, *few, *unknown[:9]], sin=["ejecutable"], ordinario=False
    )


def test_kernel_threads_need_no_executable() -> None:
    threads = [{"name": f"kworker/{n}:0", "ppid": 2} for n in range(100)]
    assert Fact.EJECUTABLE in facts(procesos=threads)


def test_version_1_tells_kernel_threads_by_their_names() -> None:
    threads = [{"name": f"kworker/{n}:0", "username": "root"} for n in range(100)]
    named = [{"name": "a", "username": "ana", "ejecutable": "/bin/a"}]
    assert Fact.EJECUTABLE not in facts(procesos=threads, sin=["ppid", "ejecutable"])
    assert Fact.EJECUTABLE in facts(
        procesos=[
            {"pid": 1, "name": "init", "ejecutable": "/sbin/init"},
            {"pid": 2, "name": "kthreadd"},
            *named,
            *threads,
        ],
        sin=["ppid", "ejecutable"],
        ordinario=False,
    )


def test_names_are_told_where_pid_1_is_listed() -> None:
    assert Fact.NOMBRES not in facts(procesos=[{"name": "sshd"}], ordinario=False)
    assert Fact.NOMBRES in facts(procesos=[{"name": "bash", "pid": 1}], ordinario=False)
    on_windows = {"nombre_so": "Windows Server 2022"}
    assert Fact.NOMBRES not in facts(servidor=on_windows)
    system = [{"name": "System", "pid": 4}]
    assert Fact.NOMBRES in facts(servidor=on_windows, procesos=system, ordinario=False)


@pytest.mark.parametrize(
    ("source", "logins", "is_told"),
    [
        ("logind", [], True),
        ("utmp", [], True),
        ("ninguna", [], True),
        ("desconocida", [], False),
        (None, [], False),  # version 1
        (None, [{"username": "ana"}], True),
    ],
)
def test_an_empty_list_of_logins_tells_something_where_its_source_is_known(
    source: str | None, logins: list[dict[str, str]], is_told: bool
) -> None:
    with closing(Workspace()) as workspace:
        workspace.open(image(usuarios=logins, sin=["logins"]))
        with workspace.sandbox.trusted() as connection:
            connection.execute("UPDATE servidor_vigente SET fuente_usuarios = ?", (source,))
        assert (Fact.LOGINS in workspace.situation(1).facts) is is_told
