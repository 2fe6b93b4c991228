"""The default folders: where the spool is, and which settings file is read."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import urllib3

from agent.cli import settings
from agent.cli.settings import SettingError
from agent.state.state_paths import default_spool
from tests.agent.apis import Reply, scripted_api
from tests.agent.cli.resolved import API, settled
from tests.support.live import PROJECT


@pytest.mark.parametrize(
    ("environ", "uid", "folder"),
    [
        ({"STATE_DIRECTORY": "/var/lib/a"}, 1000, "/var/lib/a"),
        ({"STATE_DIRECTORY": "/var/lib/a:/var/lib/b"}, 0, "/var/lib/a"),
        ({"XDG_STATE_HOME": "/home/x/state"}, 0, "/var/lib/compliance-agent"),
        ({"XDG_STATE_HOME": "/home/x/state"}, 1000, "/home/x/state/compliance-agent"),
        ({"XDG_STATE_HOME": "relative"}, 1000, "/home/y/.local/state/compliance-agent"),
        ({}, 1000, "/home/y/.local/state/compliance-agent"),
    ],
)
def test_spool_is_in_the_state_folder_of_the_system_or_user(
    environ: dict[str, str], uid: int, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    assert default_spool({"HOME": "/home/y", **environ}) == folder


def test_spool_on_macos_is_in_application_support(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 501)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert (
        default_spool({"HOME": "/Users/y"})
        == "/Users/y/Library/Application Support/compliance-agent"
    )


ACCOUNT = ("x", "x", 1000, 1000, "", "/home/z", "")


@pytest.mark.parametrize("home", ["", ".", "relative", "~"])
def test_home_of_the_account_replaces_a_home_that_is_no_path(
    home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(pwd, "getpwuid", lambda _uid: pwd.struct_passwd(ACCOUNT))
    assert default_spool({"HOME": home}) == "/home/z/.local/state/compliance-agent"


def test_spool_must_be_set_where_there_is_no_home_and_no_account(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(_uid: int) -> None:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(SettingError, match=r"^this user has no home folder; set --spool$"):
        settled("--api", API)
    assert settled("--api", API, "--spool", "/s").spool == "/s"
    assert settled("--api", API, STATE_DIRECTORY="/s").spool == "/s"
    assert settled("--print").print


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become a user without an account")
def test_agent_of_a_user_without_home_and_account_reports(open_folder: Path) -> None:
    """As in a container that is started with `--user 54321`."""
    spool = open_folder / "spool"
    spool.mkdir()
    os.chown(spool, 54321, 54321)
    command = ["/usr/bin/python3", "-m", "agent", "--spool", str(spool), "--api"]
    shutil.copytree(PROJECT / "agent", open_folder / "agent")
    site = Path(urllib3.__file__).parents[1]
    shutil.copytree(site / "urllib3", open_folder / "urllib3")
    with scripted_api(Reply(201)) as api:
        done = subprocess.run(
            [*command, api.url],
            cwd=open_folder,
            env={"PYTHONDONTWRITEBYTECODE": "1"},
            user=54321,
            group=54321,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "201 Created" in done.stderr


def test_relative_spool_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert settled("--api", API, "--spool", "s").spool == str(tmp_path / "s")
    with pytest.raises(SettingError, match=r"STATE_DIRECTORY: 's': expected an absolute path"):
        settled("--api", API, STATE_DIRECTORY="s")


class TestWindows:
    """Simulated: os.name is that of Windows; paths are joined as on this system."""

    @pytest.fixture(autouse=True)
    def on_windows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "name", "nt")
        monkeypatch.delattr(os, "geteuid")
        monkeypatch.setitem(sys.modules, "pwd", None)

    def test_no_settings_file_is_read_by_default(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Any user can create C:\\etc there."""
        monkeypatch.setattr(settings, "CONFIG", os.path.join(tmp_path, "agent.ini"))  # noqa: PTH118
        with open(settings.CONFIG, "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write("[agent]\napi = http://intruder\n")
        environ = {"STATE_DIRECTORY": "D:\\x"}
        with pytest.raises(SettingError, match="--api URL is required"):
            settled(**environ)
        assert settled("--config", settings.CONFIG, **environ).api == "http://intruder"

    @pytest.mark.parametrize("folder", ["D:\\x", "C:\\a b\\c", "\\\\server\\share\\x", "D:/x"])
    def test_state_directory_is_one_path(self, folder: str) -> None:
        assert default_spool({"STATE_DIRECTORY": folder}) == folder
        assert settled("--api", API, "--spool", folder).spool == folder

    @pytest.mark.parametrize("folder", ["x", "C:x", "\\x", "/x", ".", "C:"])
    def test_relative_spool_is_refused(self, folder: str) -> None:
        with pytest.raises(SettingError, match=r"argument --spool: .*: expected an absolute path"):
            settled("--api", API, "--spool", folder)
        with pytest.raises(SettingError, match=r"STATE_DIRECTORY: .*: expected an absolute path"):
            settled("--api", API, STATE_DIRECTORY=folder)

    def test_spool_is_in_the_local_profile(self) -> None:
        local = {"LOCALAPPDATA": "C:\\Users\\y\\AppData\\Local", "HOME": "/home/y"}
        assert default_spool(local).startswith(local["LOCALAPPDATA"])
        assert default_spool({"USERPROFILE": "C:\\Users\\y"}).startswith("C:\\Users\\y")
        with pytest.raises(ValueError, match="no home folder"):
            default_spool({"HOME": "/home/y"})
