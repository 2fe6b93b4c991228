"""The settings: COMPLIANCE_* variables, each with a wrong value's own line."""

from __future__ import annotations

import os
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path

import pytest

from service.config import Config, from_env
from service.errors import InvalidSettingError
from tests.support.live import PROJECT


def test_without_variables_the_defaults_hold() -> None:
    assert from_env({}) == Config()
    assert Config().bind == "127.0.0.1:8000"
    assert (Config().database, Config().archive) == (Path("var/compliance.db"), Path("var/archive"))
    assert Config().max_body == 8 * 1024 * 1024


def test_every_setting_can_be_set(tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate.touch()
    key.touch()
    chosen = from_env(
        {
            "COMPLIANCE_DATA": "/srv/compliance",
            "COMPLIANCE_BIND": "[::1]:9000",
            "COMPLIANCE_WORKERS": "5",
            "COMPLIANCE_THREADS": "7",
            "COMPLIANCE_MAX_BODY": "4096",
            "COMPLIANCE_SILENT_AFTER": "60",
            "COMPLIANCE_SILENT_INTERVALS": "2",
            "COMPLIANCE_SOURCE_CHANGES": "5000",
            "COMPLIANCE_PROXIES": "127.0.0.1, 2001:db8::/32",
            "COMPLIANCE_CERTIFICATE": str(certificate),
            "COMPLIANCE_KEY": str(key),
            "COMPLIANCE_POLICIES": "/srv/rules",
            "COMPLIANCE_EVALUATOR": "off",
            "COMPLIANCE_FLEET_EVERY": "60",
            "COMPLIANCE_QUERIES": "1",
            "COMPLIANCE_NOTIFY": str(key),
            "COMPLIANCE_SENDER": "off",
            "COMPLIANCE_URL": "https://compliance.example.org/",
            "COMPLIANCE_RETIRE_AFTER": "90",
        }
    )
    rules = (Path("/srv/rules"), "off", 60, True)
    told = (key, "off", "https://compliance.example.org", 90)
    proxies = (ip_network("127.0.0.1"), ip_network("2001:db8::/32"))
    assert chosen == Config(
        Path("/srv/compliance"),
        "[::1]:9000",
        5,
        7,
        4096,
        60,
        2,
        5000,
        proxies,
        certificate,
        key,
        *rules,
        *told,
    )
    defaults = Config()
    assert all(getattr(chosen, name) != getattr(defaults, name) for name in Config.__slots__)


WRONG = {
    "COMPLIANCE_DATA": ["", "  "],
    "COMPLIANCE_BIND": [
        "",
        "8000",
        ":8000",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "127.0.0.1:http",
        "127.0.0.1:" + "9" * 5000,
        "127.0.0.1:-1",
        "::1:8000",
        "[::1]",
        "[]:8000",
        " :8000",
        "two words:8000",
        "127.0.0.1:8000\n",
    ],
    "COMPLIANCE_WORKERS": ["", "0", "-1", "65", "two", "1.0", "1e1", "\u0663", "9" * 5000],
    "COMPLIANCE_THREADS": ["", "0", "1001", "many", " 5"],
    "COMPLIANCE_SILENT_AFTER": ["", "0", "-900", "15m", "31622401"],
    "COMPLIANCE_SILENT_INTERVALS": ["", "0", "1001", "three"],
    "COMPLIANCE_SOURCE_CHANGES": ["", "0", "1000001", "many"],
    "COMPLIANCE_QUERIES": ["", "yes", "true", "2", " 1"],
    "COMPLIANCE_MAX_BODY": ["", "1023", "1073741825", "8 MiB", "8M"],
}


@pytest.mark.parametrize(("name", "value"), [(name, v) for name in WRONG for v in WRONG[name]])
def test_a_wrong_value_is_refused_in_a_line_that_names_it(name: str, value: str) -> None:
    with pytest.raises(InvalidSettingError) as refusal:
        from_env({name: value})
    line = str(refusal.value)
    assert line.startswith(f"{name}: expected ")
    assert "\n" not in line
    assert len(line) < 250


@pytest.mark.parametrize("value", ["localhost:1", "0.0.0.0:65535", "[fe80::1]:80", "a-b.c_d:80"])
def test_an_address_is_a_host_and_a_port(value: str) -> None:
    assert from_env({"COMPLIANCE_BIND": value}).bind == value


@pytest.mark.parametrize("name", ["COMPLIANCE_DATE", "COMPLIANCE_", "COMPLIANCE_WORKER"])
def test_an_unknown_setting_is_refused(name: str) -> None:
    with pytest.raises(
        InvalidSettingError, match=f"^{name} is no setting; expected one of .*_BIND"
    ):
        from_env({name: "1"})


def test_variables_of_other_programs_are_ignored() -> None:
    others = {"HOME": "", "COMPLIANCE_AGENT_API": "http://127.0.0.1", "XCOMPLIANCE_DATA": "1"}
    assert from_env(others) == Config()


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("COMPLIANCE_WORKERS", "many", "COMPLIANCE_WORKERS: expected an integer from 1 to 64"),
        ("COMPLIANCE_DATE", "/srv", "COMPLIANCE_DATE is no setting"),
        ("COMPLIANCE_DATA", "/dev/null/x", "COMPLIANCE_DATA: cannot create the folder"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line(name: str, value: str, line: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0"],
        cwd=PROJECT,
        env={n: v for n, v in os.environ.items() if not n.startswith("COMPLIANCE_")}
        | {name: value},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert run.returncode != 0
    assert "Traceback" not in run.stderr
    assert run.stderr.strip().splitlines()[-1].startswith(line)
