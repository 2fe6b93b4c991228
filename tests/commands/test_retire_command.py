"""`python -m service retire`, by the commands that stand in service/README.md."""

from __future__ import annotations

import argparse
import re
import shlex
from contextlib import closing
from pathlib import Path

import pytest

from service.commands import retire
from service.config import Config
from service.errors import ComplianceError, InvalidParameterError, ServerRetiredError
from service.maintenance.startup import prepare_data_folder
from service.report import Profile, Report
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.write.reports import ReportStore
from service.times import DAY, HOUR, now
from tests.support import engine
from tests.support.documentation import page, section

(COMMANDS,) = re.findall(
    r"^```sh\n(.*?)^```$",
    section(page("service/README.md"), "Retired servers"),
    re.MULTILINE | re.DOTALL,
)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Two silent servers, and one that reports with the name of the second."""
    made = Config(data=tmp_path / "var")
    prepare_data_folder(made)
    with closing(open_database(made.database)) as database:
        store = ReportStore(database, load_queries())
        ages = [("web", "192.168.1.205", DAY), ("db\x1b[31m", "10.0.0.2", DAY)]
        for number, (host, address, age) in enumerate([*ages, ("db\x1b[31m", "10.0.0.3", HOUR)]):
            profile = Profile(address, "x86_64", "Intel", "Linux", "12", 2, host)
            at = now() - age
            store.add(Report(at, profile, [], [], b"%d" % number, [], f"m{number}"), at)
    return made


def run(config: Config, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    retire.add_arguments(parser)
    return retire.run(config, parser.parse_args(arguments))


def test_the_commands_of_the_readme_work(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = (shlex.split(line)[4:] for line in COMMANDS.splitlines())
    assert run(config, *first) == 0
    assert "server 1 (web) is retired" in capsys.readouterr().out
    assert run(config, *second) == 0
    assert re.search(r"^1 web: retired .* by \w+: sold$", capsys.readouterr().out, re.MULTILINE)


def test_the_successor_of_a_server_is_proposed_and_noted(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    run(config, "--list")
    listed = capsys.readouterr().out
    assert "retire 2 --por 3" in listed
    assert "\x1b" not in listed
    run(config, "2", "--por", "3")
    run(config, "--list")
    listed = capsys.readouterr().out
    assert "; server 3 (" in listed
    assert "retire 2 --por 3" not in listed
    rows = engine.rows(config.database, "SELECT server_id, successor_id, reason FROM retirement")
    assert rows == [(2, 3, "replaced by server 3")]


def test_wrong_arguments_retire_nothing(config: Config) -> None:
    with pytest.raises(InvalidParameterError):
        run(config, "1")  # without a reason
    with pytest.raises(InvalidParameterError):
        run(config)
    with pytest.raises(ComplianceError):
        run(config, "nobody", "--reason", "sold")
    assert engine.rows(config.database, "SELECT * FROM retirement") == []
    run(config, "1", "--reason", "sold")
    with pytest.raises(ServerRetiredError):
        run(config, "1", "--reason", "sold")
