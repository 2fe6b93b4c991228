"""The file of the token that the API issued to this machine."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from agent.state.token_file import TokenFile, TokenFileError
from tests.agent.apis import Reply, scripted_api
from tests.agent.enrolled import Server, a_delivery, authorizations, granted, issued, store
from tests.support.small_disk import small_disk

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change owners")


def test_stored_token_is_read_again_and_private(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    file = TokenFile(str(folder))
    assert file.read() is None
    for token in (issued("first"), issued("second", life=None)):
        store(folder, token)
        assert file.read() == token
        assert stat.S_IMODE((folder / "token").stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert (folder / "token").stat().st_size < 200
    assert sorted(path.name for path in folder.iterdir()) == ["token", "token.lock"]


def test_file_left_by_a_killed_agent_is_replaced(tmp_path: Path) -> None:
    left = tmp_path / "token.new"
    left.write_bytes(b"half")
    left.chmod(0o644)
    file = store(tmp_path, issued())
    assert file.read() is not None
    assert not left.exists()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o601])
def test_file_readable_by_others_is_refused(mode: int, tmp_path: Path) -> None:
    file = store(tmp_path, issued())
    (tmp_path / "token").chmod(mode)
    with pytest.raises(
        TokenFileError, match=rf"others may read it \(mode {mode:04o}\).*else chmod 600"
    ):
        file.read()
    with scripted_api() as api:
        failure = a_delivery(api.url, tmp_path, enrolment="e").deliver()
        assert api.requests == []
    assert failure is not None
    assert failure.access_denied
    assert failure.reason.startswith(f"the token of this machine cannot be used: {tmp_path}/token")


@needs_root
def test_file_of_another_user_is_refused(tmp_path: Path) -> None:
    file = store(tmp_path, issued())
    os.chown(tmp_path / "token", 12345, 12345)
    with pytest.raises(TokenFileError, match=r"it belongs to another user \(12345\); find out"):
        file.read()


@pytest.mark.parametrize("what", ["link", "folder", "pipe"])
def test_links_folders_and_pipes_are_refused(what: str, tmp_path: Path) -> None:
    file = store(tmp_path / "elsewhere", issued())
    place = tmp_path / "token"
    if what == "link":
        place.symlink_to(file.path)
    elif what == "folder":
        place.mkdir(0o700)
    else:
        os.mkfifo(place, 0o600)
    with pytest.raises(TokenFileError, match=f"{place}: .*remove it"):
        TokenFile(str(tmp_path)).read()


@pytest.mark.parametrize(
    "content", [b"", b"ccsi_bare", b"[]", b"{}", b'{"token": "x", "id_maquina": "y"}', b"\xff"]
)
def test_damaged_file_is_reported(content: bytes, tmp_path: Path) -> None:
    file = store(tmp_path, issued())
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(TokenFileError, match="it contains no token; remove it"):
        file.read()


@needs_root
def test_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, 12345, 12345)
    with (
        pytest.raises(PermissionError, match="it belongs to another user"),
        TokenFile(str(folder)).exclusive_write(),
    ):
        pass


def test_no_token_is_requested_on_a_full_disk(tmp_path: Path) -> None:
    """It could not be stored, and enrolments are limited."""
    with (
        small_disk(tmp_path / "disk", 1 << 20) as disk,
        scripted_api(granted("x"), Reply(201)) as api,
    ):
        delivery = a_delivery(api.url, disk.path / "state", enrolment="e")
        disk.fill()
        failure = delivery.deliver()
        assert failure is not None
        assert "cannot be enrolled" in failure.reason
        assert "No space left" in failure.reason
        assert api.requests == []
        disk.free()
        assert delivery.deliver() is None
    assert authorizations(api.requests) == [("/inscripcion", "Bearer e"), ("/servers", "Bearer x")]


def test_print_requests_no_token_and_shows_none(tmp_path: Path) -> None:
    server = Server(tmp_path)
    server.set_enrolment_token("ccse_secret")
    with scripted_api() as api:
        done = server.report(api.url, "--print")
        assert api.requests == []
    assert (done.returncode, done.stderr) == (0, "")
    assert not server.state.exists()


def test_key_of_an_enrolment_stays_until_a_token_is_stored(tmp_path: Path) -> None:
    file = TokenFile(str(tmp_path))
    with file.exclusive_write():
        key = file.enrolment_key()
    assert re.fullmatch("[0-9a-f]{32}", key)
    assert stat.S_IMODE((tmp_path / "enrolment-key").stat().st_mode) == 0o600
    with TokenFile(str(tmp_path)).exclusive_write() as write:
        assert file.enrolment_key() == key
        write(issued())
    assert not (tmp_path / "enrolment-key").exists()
    with file.exclusive_write():
        assert file.enrolment_key() != key


@pytest.mark.parametrize("what", ["damaged", "readable", "link"])
def test_key_that_others_may_know_is_replaced(what: str, tmp_path: Path) -> None:
    planted = tmp_path / "elsewhere"
    planted.write_text("ab" * 16 if what != "damaged" else "ab", "ascii")
    planted.chmod(0o644 if what == "readable" else 0o600)
    path = tmp_path / "state" / "enrolment-key"
    path.parent.mkdir(0o700)
    if what == "link":
        path.symlink_to(planted)
    else:
        planted.rename(path)
    file = TokenFile(str(path.parent))
    with file.exclusive_write():
        key = file.enrolment_key()
    assert key not in ("ab", "ab" * 16)
    assert path.read_text("ascii") == key
    assert not path.is_symlink()
