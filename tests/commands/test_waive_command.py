"""`python -m service waive`, by the commands that stand in service/README.md."""

from __future__ import annotations

import argparse
import re
import shlex
from contextlib import closing
from pathlib import Path

import pytest

from service.commands import waive
from service.config import Config
from service.errors import ComplianceError, InvalidParameterError, WaiverEndedError
from service.maintenance.startup import prepare_data_folder
from service.report import Profile, Report
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.write.reports import ReportStore
from service.times import DAY, now, to_text
from tests.support import engine
from tests.support.documentation import page, section
from tests.support.judged import Judging, fails

(COMMANDS,) = re.findall(
    r"^```sh\n(.*?)^```$", section(page("service/README.md"), "Waivers"), re.MULTILINE | re.DOTALL
)
TOMORROW = to_text(now() + DAY)[:10]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A server that fails by two rules."""
    made = Config(data=tmp_path / "var")
    prepare_data_folder(made)
    with closing(open_database(made.database)) as database:
        profile = Profile("192.168.1.205", "x86_64", "Intel", "Linux", "12", 2, "web")
        at = now()
        ReportStore(database, load_queries()).add(Report(at, profile, [], [], b"1", [], "m1"), at)
        judging = Judging(database)
        for rule in ("minero", "servicio-ftp"):
            judging.take_up(rule, at)
        judging.report(1, minero=fails("xmrig"), servicio_ftp=fails("vsftpd"))
    return made


def run(config: Config, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    waive.add_arguments(parser)
    return waive.run(config, parser.parse_args(arguments))


def test_the_commands_of_the_readme_work(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    waived, listed, revoked = (shlex.split(line)[4:] for line in COMMANDS.splitlines())
    waived[waived.index("--until") + 1] = TOMORROW
    assert run(config, *waived) == 0
    expected = (
        r"^1 vigente: servicio-ftp on server 1, from .* by \w+ until .* 00:00;"
        r" open violations: 1, servers: 1; PXE boots the lab$"
    )
    assert re.search(expected, capsys.readouterr().out, re.MULTILINE)
    assert run(config, *listed) == 0
    assert re.search(expected, capsys.readouterr().out, re.MULTILINE)
    assert run(config, *revoked) == 0
    assert run(config, *listed) == 0
    assert "1 terminada: servicio-ftp" in capsys.readouterr().out


def test_tags_networks_and_keys_are_named_in_words(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ("--until", TOMORROW, "--reason", "why")
    run(config, "minero", "--tag", "entorno=pruebas", *more)
    assert "1 ociosa: minero on entorno=pruebas" in capsys.readouterr().out
    run(config, "minero", "--network", "192.168.0.0/16", "--key", "name=xmrig", *more)
    expected = '2 vigente: minero on 192.168.0.0/16 {"name":"xmrig"}'
    assert expected in capsys.readouterr().out
    run(config, "minero", "--server", "web", "--key", "name=\x1b[31m", *more)
    assert "\x1b" not in capsys.readouterr().out


def test_wrong_arguments_waive_nothing(config: Config) -> None:
    whole = {"--server": "web", "--until": TOMORROW, "--reason": "why"}
    for left_out in whole:
        given = [
            part for name, value in whole.items() if name != left_out for part in (name, value)
        ]
        with pytest.raises(InvalidParameterError):
            run(config, "minero", *given)
    given = [part for pair in whole.items() for part in pair]
    for wrong in (
        ("nothing", *given),
        ("minero", "1", *given),
        ("\udcff", *given),
        ("minero", *given, "--key", "name=\udcff"),
        ("minero", *given, "--key", "name"),
        ("list", "--until", TOMORROW),
        ("list", "1"),
        ("revoke",),
        ("revoke", "7"),
        ("minero", "--server", "nobody", "--until", TOMORROW, "--reason", "why"),
    ):
        with pytest.raises(ComplianceError):
            run(config, *wrong)
    assert engine.rows(config.database, "SELECT * FROM waiver") == []
    run(config, "minero", *given)
    run(config, "revoke", "1")
    with pytest.raises(WaiverEndedError):
        run(config, "revoke", "1")
