from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import pytest

from agent.cli import settings
from agent.cli.arguments import ArgumentParser, build_parser
from agent.cli.settings import PREFIX, SHARED, SettingError
from tests.agent.cli.resolved import API, an_ini, settled

# Three valid values for each setting.
VALUES: dict[str, tuple[str, str, str]] = {
    "api": ("http://a:1", "http://b:1", "http://c:1"),
    "every": ("5", "6", "7"),
    "now": ("yes", "no", "no"),
    "proxy": ("http://a:1", "http://b:1", "http://c:1"),
    "spool": ("/a", "/b", "/c"),
    "spool_mib": ("1", "2", "3"),
    "spool_days": ("1", "2", "3"),
    "enrolment_token_file": ("/a", "/b", "/c"),
    "esquema": ("1", "2", "2"),
    "linea_comando": ("yes", "no", "no"),
    "procfs": ("/", "/usr", "/etc"),
    "rootfs": ("/", "/usr", "/etc"),
}
FILES = ("token_file", "ca_file", "cert", "key", "proxy_credentials_file")


def test_tests_cover_every_setting() -> None:
    assert {setting.name for setting in SHARED} == {*VALUES, *FILES}


@pytest.mark.parametrize("name", VALUES)
def test_options_override_the_environment_and_the_environment_the_file(
    name: str, tmp_path: Path
) -> None:
    def seen(*options: str, **environ: str) -> Any:
        needed = () if name == "api" else ("--api", API)
        chosen = settled(*needed, *options, **environ)
        of = {
            "spool_mib": chosen.spool_bytes >> 20,
            "spool_days": chosen.spool_seconds / 86400,
            "enrolment_token_file": chosen.credentials.enrolment_file,
        }
        return of.get(name, getattr(chosen, name, None))

    strong, middle, weak = VALUES[name]
    option = "--" + name.replace("_", "-")
    switch = middle in {"yes", "no"}
    as_option = [option] if switch else [option, strong]
    config = an_ini(tmp_path, f"[agent]\n{name} = {weak}\n")
    variable = {PREFIX + name.upper(): middle}
    by_option = seen(*as_option)
    by_variable = seen(**variable)
    by_file = seen("--config", config)
    assert by_option != by_variable
    assert (by_variable != by_file) == (middle != weak)
    assert seen(*as_option, "--config", config, **variable) == by_option
    assert seen("--config", config, **variable) == by_variable
    assert seen(**variable, **{PREFIX + "CONFIG": config}) == by_variable
    if switch:
        assert seen(**{PREFIX + name.upper(): strong}, **{PREFIX + "CONFIG": config}) == by_option
        assert seen("--config", an_ini(tmp_path, f"[agent]\n{name}={strong}\n")) == by_option


def test_system_file_is_read_if_it_exists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "CONFIG", an_ini(tmp_path, f"[agent]\napi = {API}\nevery=60\n"))
    assert settled()[:2] == (API, 60)
    assert settled("--once").every is None


def test_names_in_the_file_may_have_hyphens_and_capitals(tmp_path: Path) -> None:
    text = f"# ours\n[agent]\napi = {API}\nspool-mib = 3\n; nothing else: =\nSPOOL_DAYS=2\n"
    chosen = settled("--config", an_ini(tmp_path, text))
    assert (chosen.spool_bytes, chosen.spool_seconds) == (3 << 20, 2 * 86400)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[agent]\napy = x\n", "{}: unknown setting 'apy'"),
        (
            "[agent]\ntoken = s3cret\n",
            "{}: unknown setting 'token'; put the token into",
        ),
        ("[agent]\nconfig = x\n", "{}: unknown setting 'config'"),
        ("[agent]\nprint = yes\n", "{}: unknown setting 'print'"),
        ("[agents]\napi = x\n", "{}: expected the section [agent] only, got [agents]"),
        ("[DEFAULT]\napi = x\n", "{}: expected the section [agent] only, got [DEFAULT]"),
        ("api = x\n", "{}"),
        ("[agent]\napi = a\napi = b\n", "{}"),
        ("[agent]\nevery\n", "{}"),
        ("[agent]\nevery = often\n", "{}: every: 'often': expected a number of seconds from 1"),
        ("[agent]\nlinea_comando = maybe\n", "{}: linea_comando: 'maybe': expected yes or no"),
        ("[agent]\nca_file = /missing\n", "{}: ca_file: '/missing': no such file"),
        ("[agent]\napi = host\n", "{}: api: 'host': expected http[s]://HOST[:PORT]"),
    ],
)
def test_invalid_file_gives_one_line_that_names_the_error(
    text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = an_ini(tmp_path, text)
    with pytest.raises(SystemExit) as ended:
        settings.load(
            build_parser(), ["--api", API, "--config", path][0 if "api" not in text else 2 :]
        )
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert message.format(path) in err
    assert "s3cret" not in err


def test_missing_or_binary_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="/missing/file: No such file"):
        settled("--api", API, "--config", "/missing/file")
    (tmp_path / "agent.ini").write_bytes(b"[agent]\napi = \xff\n")
    with pytest.raises(SettingError, match=r"agent\.ini: .*utf-8"):
        settled("--config", str(tmp_path / "agent.ini"))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("API", "host"),
        ("EVERY", "0"),
        ("ESQUEMA", "3"),
        ("SPOOL_MIB", "nan"),
        ("SPOOL_DAYS", "-1"),
        ("NOW", "2"),
        ("CERT", "/missing"),
        ("PROCFS", "/missing"),
    ],
)
def test_invalid_variable_is_named(variable: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"^COMPLIANCE_AGENT_{variable}: '{value}': "):
        settled(*(() if variable == "API" else ("--api", API)), **{PREFIX + variable: value})


def test_empty_variable_is_ignored() -> None:
    assert settled("--api", API, **{PREFIX + "EVERY": "", PREFIX + "TOKEN": ""}).every is None


def test_token_comes_from_the_environment_or_a_file_but_not_from_an_option(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("x", "utf-8")
    assert settled("--api", API, **{PREFIX + "TOKEN": "t"}).credentials.token == "t"
    assert settled("--api", API, "--token-file", str(file)).credentials.token_file == str(file)
    chosen = settled("--api", API, CREDENTIALS_DIRECTORY=str(tmp_path))
    assert chosen.credentials.token_file == str(file)
    assert settled("--api", API, CREDENTIALS_DIRECTORY="/missing").credentials.token_file is None
    with pytest.raises(SystemExit):
        settled("--api", API, "--token", "t")


def test_enrolment_token_comes_from_the_same_sources(tmp_path: Path) -> None:
    file = tmp_path / "enrolment-token"
    file.write_text("x", "utf-8")
    assert not settled("--api", API).credentials.has_enrolment_token
    chosen = settled("--api", API, CREDENTIALS_DIRECTORY=str(tmp_path))
    assert chosen.credentials.enrolment_file == str(file)
    assert not chosen.credentials.has_token
    assert settled("--api", API, **{PREFIX + "ENROLMENT_TOKEN": "e"}).credentials.enrolment == "e"
    with pytest.raises(SystemExit):
        settled("--api", API, "--enrolment-token", "e")
    with pytest.raises(SettingError, match="see enrolment_token_file"):
        settled("--config", an_ini(tmp_path, "[agent]\nenrolment-token = s3cret\n"))


@pytest.mark.parametrize("name", ["token", "enrolment-token"])
def test_empty_credential_is_ignored(name: str, tmp_path: Path) -> None:
    """The unit passes an empty credential if the file is missing."""
    (tmp_path / name).write_text("\n", "utf-8")
    access = settled("--api", API, CREDENTIALS_DIRECTORY=str(tmp_path)).credentials
    assert not access.has_token
    assert not access.has_enrolment_token


def test_proxy_credentials_come_from_a_file_only(tmp_path: Path) -> None:
    file = tmp_path / "proxy-credentials"
    file.write_text("u:p", "utf-8")
    proxy = ("--api", API, "--proxy", "http://proxy:3128")
    chosen = settled(*proxy, "--proxy-credentials-file", str(file))
    assert chosen.credentials.proxy_file == str(file)
    chosen = settled(*proxy, CREDENTIALS_DIRECTORY=str(tmp_path))
    assert chosen.credentials.proxy_file == str(file)
    assert settled(*proxy).credentials.proxy_file is None
    assert settled("--api", API, CREDENTIALS_DIRECTORY=str(tmp_path)).proxy is None
    with pytest.raises(SettingError, match="--proxy-credentials-file requires --proxy"):
        settled("--api", API, "--proxy-credentials-file", str(file))


def test_variables_of_other_programs_set_no_proxy() -> None:
    names = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY")
    assert settled("--api", API, **dict.fromkeys(names, "http://proxy:1")).proxy is None


def test_version_1_excludes_enrolment() -> None:
    """Version 1 has no id_maquina."""
    enrolment = {PREFIX + "ENROLMENT_TOKEN": "e"}
    with pytest.raises(SettingError, match="--esquema 1 omits id_maquina"):
        settled("--api", API, "--esquema", "1", **enrolment)
    assert settled("--print", "--esquema", "1", **enrolment).esquema == 1
    chosen = settled("--api", API, "--esquema", "1", **enrolment, **{PREFIX + "TOKEN": "t"})
    assert chosen.credentials.has_token


def test_child_processes_do_not_get_the_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TOKEN", "ENROLMENT_TOKEN"):
        monkeypatch.setenv(PREFIX + name, "s3cret")
    access = settings.load(build_parser(), ["--api", API]).credentials
    assert (access.token, access.enrolment) == ("s3cret", "s3cret")
    assert "s3cret" not in os.environ.values()


def test_empty_variable_names_no_file() -> None:
    assert settled("--api", API, **{PREFIX + "CONFIG": ""}).api == API


def test_key_requires_a_certificate_and_both_must_exist(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.touch()
    with pytest.raises(SettingError, match="--key requires --cert"):
        settled("--api", API, "--key", str(key))
    with pytest.raises(SettingError, match="argument --cert: '/missing'"):
        settled("--api", API, "--key", str(key), "--cert", "/missing")


def test_defaults_are_those_of_the_help() -> None:
    chosen = settled("--api", API, STATE_DIRECTORY="/s")
    assert chosen[:7] == (API, None, False, False, "/s", 256 << 20, 7 * 86400)
    assert (chosen.esquema, chosen.linea_comando) == (2, False)
    text = build_parser().format_help()
    for setting in SHARED:
        assert setting.option in text
    assert isinstance(build_parser(), ArgumentParser)
    assert isinstance(build_parser(), argparse.ArgumentParser)
