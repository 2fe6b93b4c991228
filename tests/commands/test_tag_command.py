"""`python -m service tag`, by the commands that stand in service/README.md."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from service.commands import tag
from service.config import Config
from service.errors import ComplianceError
from service.maintenance.startup import prepare_data_folder
from service.report import Profile, Report
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.write.reports import ReportStore
from tests.support.documentation import page, section
from tests.support.live import PROJECT, LiveService
from tests.support.reports import report

SET, IMPORT, CURL = re.findall(
    r"^```sh\n(.*?)^```$", section(page("service/README.md"), "Tags"), re.MULTILINE | re.DOTALL
)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Three servers, two of which have the same name."""
    made = Config(data=tmp_path / "var")
    prepare_data_folder(made)
    with closing(open_database(made.database)) as database:
        store = ReportStore(database, load_queries())
        for number, host in enumerate(("web", "bd", "bd"), 1):
            profile = Profile(
                f"10.0.0.{number}", "x86_64", "Intel", "Linux", "12", 2, nombre_host=host
            )
            store.add(Report(number, profile, [], [], b"%d" % number), number)
    return made


def run(config: Config, action: str, **options: Any) -> int:
    return tag.run(config, SimpleNamespace(action=action, **options))  # type: ignore[arg-type]


def listed(config: Config, capsys: pytest.CaptureFixture[str]) -> list[str]:
    capsys.readouterr()
    run(config, "list", server=None)
    return capsys.readouterr().out.splitlines()


def test_tags_are_set_and_removed_by_any_name_of_a_server(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    run(config, "set", server="web", tags=["rol=web", "nota=a=b"], since="2026-01-01")
    run(config, "set", server="10.0.0.2", tags=["rol=bd"], since=None)
    run(config, "remove", server="ip:10.0.0.1", keys=["nota"])
    assert listed(config, capsys) == ["1 web: rol=web", "2 bd: rol=bd"]
    run(config, "list", server="1")
    nota, rol = capsys.readouterr().out.splitlines()
    assert rol.startswith("rol=web: since 2026-01-01 00:00:00.000000, told 20")
    assert (rol.endswith("until now"), nota.endswith("until now")) == (True, False)


def test_names_of_servers_are_shown_to_terminals_as_text(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(open_database(config.database)) as database:
        store = ReportStore(database, load_queries())
        for number in (4, 5):
            profile = Profile(
                f"10.0.0.{number}", "x86_64", "I", "L", "12", 2, nombre_host="m\x1b[31m"
            )
            store.add(Report(number, profile, [], [], b"%d" % number), number)
    run(config, "set", server="4", tags=["rol=bd"], since=None)
    assert listed(config, capsys) == [r"4 m\x1b[31m: rol=bd"]
    with pytest.raises(ComplianceError, match=r": 4 \(m\\x1b\[31m\), 5 \(m\\x1b"):
        run(config, "set", server="m\x1b[31m", tags=["rol=bd"], since=None)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"server": "bd", "tags": ["rol=bd"]}, r"bd: there are 2 such servers.*: 2 \(bd\), 3"),
        ({"server": "mail", "tags": ["rol=mail"]}, "mail: there is no such server"),
        ({"server": "web", "tags": ["rol"]}, "expected as entorno=produccion"),
        ({"server": "web", "tags": ["Rol=web"]}, "lower-case"),
        ({"server": "web", "tags": ["rol=web"], "since": "soon"}, "expected a time"),
    ],
)
def test_what_cannot_be_told_is_refused(
    config: Config, options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ComplianceError, match=reason):
        run(config, "set", **{"since": None, **options})


def test_a_file_tells_all_or_nothing(
    config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "inventory.csv"
    header = "\ufeffservidor,clave,valor,desde\r\n"
    file.write_text(f"{header}web,rol,web,2026-01-01\r\n3,rol,bd,\r\n", encoding="utf-8")
    run(config, "import", file=file)
    assert "2 tags changed\n" in capsys.readouterr().out
    run(config, "import", file=file)
    assert listed(config, capsys) == ["1 web: rol=web", "3 bd: rol=bd"]
    for rows, reason in (
        (f"{header}1,rol,proxy,\nbd,rol,bd,\n", r"inventory.csv:3: bd: there are 2"),
        (f"{header}1,rol,proxy\n", r"inventory.csv:2: expected a cell for each column"),
        (f"{header}1,rol,,\n", r"inventory.csv:2: valor: "),
        ("servidor,clave\n1,rol\n", r"expected the columns servidor, clave, valor"),
        ("", r"expected the columns"),
    ):
        file.write_text(rows, encoding="utf-8")
        with pytest.raises(ComplianceError, match=reason):
            run(config, "import", file=file)
    with pytest.raises(ComplianceError, match="cannot be read"):
        run(config, "import", file=tmp_path / "none.csv")
    assert listed(config, capsys) == ["1 web: rol=web", "3 bd: rol=bd"]


@pytest.mark.torture
def test_the_commands_of_the_page_do_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "service").symlink_to(PROJECT / "service")
    (tmp_path / "sql").symlink_to(PROJECT / "sql")
    live = LiveService(tmp_path / "var")

    def paste(commands: str) -> str:
        commands = commands.replace(".venv/bin/python", sys.executable)
        commands = commands.replace(Config().bind, f"127.0.0.1:{live.port}")
        return subprocess.run(
            ["bash", "-ec", commands],
            cwd=tmp_path,
            env=os.environ | {"COMPLIANCE_DATA": str(live.data)},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout

    try:
        live.start().post(report(2, ipaddress="192.168.1.205"))
        assert paste(SET).splitlines()[-1] == "1 192.168.1.205: responsable=plataforma"
        assert "rol=web: since" in paste(IMPORT)
        assert '"valor":"proxy"' in paste(CURL).replace(" ", "")
    finally:
        live.stop()
