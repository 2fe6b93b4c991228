"""Findings: rows by `clave`, bounded, in one order, without secrets."""

from __future__ import annotations

import pytest

from service.policies.guard.evidence import Row, findings
from service.policies.guard.masking import mask
from tests.policies.ordinary import judged_rule

READS_COMMAND_LINES = frozenset({("procesos_vigentes", "linea_comando")})


def test_rows_of_one_key_are_one_finding() -> None:
    rule = judged_rule(
        "", key=("name",), evidence=("name", "pid"), motives={"es": "{name}: pid {pid}, {user}"}
    )
    rows: list[Row] = [
        {"name": "b", "pid": 7, "user": None},
        {"name": "a", "pid": 3, "user": "ana"},
        {"name": "b", "pid": 5, "user": None},
    ]
    first, second = findings(rule, rows)
    assert (first.key, first.rows, first.motives) == (("a",), 1, {"es": "a: pid 3, ana"})
    assert second.evidence == ({"name": "b", "pid": 5}, {"name": "b", "pid": 7})
    assert second.motives == {"es": "b: pid 5, ?"}


def test_the_order_of_the_rows_changes_nothing() -> None:
    rule = judged_rule("", key=("name",), evidence=("name", "pid"))
    rows: list[Row] = [{"name": f"n{pid % 3}", "pid": pid} for pid in range(100)]
    assert findings(rule, rows) == findings(rule, rows[::-1])


def test_evidence_is_bounded_and_counted() -> None:
    rule = judged_rule("", evidence=("name",))
    (found,) = findings(rule, [{"name": f"{n:04d}" + "x" * 1000} for n in range(50)])
    assert found.rows == 50
    assert len(found.evidence) == 20
    assert {len(str(row["name"])) for row in found.evidence} == {256}


def test_command_lines_are_masked_whatever_their_column_is_called() -> None:
    rule = judged_rule(
        "",
        evidence=("linea_comando", "other"),
        motives={"es": "{other}"},
        reads=READS_COMMAND_LINES,
    )
    line = "mysqld --password=hunter2 " + "x" * 300
    (found,) = findings(rule, [{"linea_comando": line, "other": line}])
    assert "hunter2" not in repr(found)
    assert len(str(found.evidence[0]["linea_comando"])) == 120
    assert len(str(found.evidence[0]["other"])) == 256


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("mysqld --password=x1y2 -h db", "mysqld --password=*** -h db"),
        ("app --api-key x1y2 --port 80", "app --api-key *** --port 80"),
        ("env PGPASSWORD=x1y2 psql", "env PGPASSWORD=*** psql"),
        ("psql postgresql://ana:x1y2@db/x", "psql postgresql://ana:***@db/x"),
        ("mysql -u ana -px1y2", "mysql -u ana -p***"),
        ("sh -c 'mysql -px1y2 a; mysql -p x1y2 b'", "sh -c 'mysql -p*** a; mysql -p *** b'"),
        ("curl -u ana:x1y2 http://h/", "curl -u ana:*** http://h/"),
        ("curl -H 'Authorization: Bearer x1y2x1y2'", "curl -H 'Authorization: Bearer ***'"),
        ('{"token": "x1y2"}', '{"token": ***}'),
        ("git clone ghp_x1y2x1y2x1y2x1y2x1y2", "git clone ***"),
        ("app --password *** -v", "app --password *** -v"),
        ("sshd: root@pts/0", "sshd: root@pts/0"),
        ("nginx -p /srv --port=80", "nginx -p /srv --port=80"),
        ("etcd --auth-token --debug", "etcd --auth-token --debug"),
    ],
)
def test_secrets_are_masked_and_the_rest_stays(text: str, masked: str) -> None:
    assert mask(text) == masked
    assert mask(masked) == masked
