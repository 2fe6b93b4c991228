from __future__ import annotations

import hashlib
import os
import re
import stat
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

import agent
from agent.build import __main__ as command_line
from agent.build import archive, bytecode, wheels
from agent.build.interpreters import interpreters
from tests.agent import one_file

BUILDS = {
    "linux-x86_64-glibc/_psutil_linux.abi3.so",
    "linux-x86_64-musl/_psutil_linux.abi3.so",
    "linux-aarch64-glibc/_psutil_linux.abi3.so",
    "linux-aarch64-musl/_psutil_linux.abi3.so",
    "macos-x86_64/_psutil_osx.abi3.so",
    "macos-arm64/_psutil_osx.abi3.so",
    "windows-amd64/_psutil_windows.pyd",
    "windows-arm64/_psutil_windows.pyd",
}


def names(pyz: Path) -> list[str]:
    with zipfile.ZipFile(pyz) as file:
        return file.namelist()


def test_file_is_a_zipapp_below_4_mb(pyz: Path) -> None:
    assert pyz.read_bytes().startswith(b"#!/usr/bin/env python3\n")
    assert stat.S_IMODE(pyz.stat().st_mode) == 0o755
    assert pyz.stat().st_size < 4_000_000
    done = one_file.run(sys.executable, "-m", "zipapp", "--info", pyz)
    assert done.stdout == "Interpreter: /usr/bin/env python3\n"


def test_version_is_printed(pyz: Path) -> None:
    assert one_file.run(pyz, "--version").stdout == f"compliance-agent {agent.__version__}\n"


def test_file_contains_psutil_for_eight_platforms_and_two_releases_of_urllib3(
    pyz: Path,
) -> None:
    inside = names(pyz)
    native = [name for name in inside if name.startswith("native/")]
    assert {name.removeprefix("native/") for name in native} == BUILDS
    assert "source/psutil/_pswindows.py" in inside
    with zipfile.ZipFile(pyz) as file:
        assert b"'2.6.3'" in file.read("python3.9/urllib3/_version.py")
        assert b"'2.8.0'" in file.read("python3.10/urllib3/_version.py")


def test_build_modules_and_unused_modules_are_omitted(pyz: Path) -> None:
    inside = names(pyz)
    assert "source/agent/__main__.py" in inside
    for part in ("agent/build", "emscripten", "_psaix", "pyopenssl", ".pyc", "tests"):
        assert not [name for name in inside if part in name]


def test_licenses_are_included(pyz: Path) -> None:
    with zipfile.ZipFile(pyz) as file:
        licenses = [name for name in file.namelist() if name.startswith("licenses/")]
        assert len(licenses) == 3
        for name in licenses:
            assert b"Copyright" in file.read(name)


def test_every_installed_python_has_bytecode(pyz: Path) -> None:
    tables = [name for name in names(pyz) if name.startswith("bytecode/")]
    assert len(tables) == len(interpreters())


def test_build_is_reproducible_in_another_folder_and_by_another_python(
    pyz: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "elsewhere"
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "agent"],
        cwd=one_file.PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in files.stdout.splitlines():
        source = one_file.PROJECT / name
        if source.exists():
            target = copy / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
            target.chmod(0o600)
            os.utime(target, (1, 1))
    others = [path for version, path in interpreters().items() if version != sys.version_info[:2]]
    again = tmp_path / "again.pyz"
    one_file.build(
        again,
        python=[*others, sys.executable][0],
        cwd=copy,
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"},
        umask=0o077,
    )
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(pyz.read_bytes()).digest()
    assert stat.S_IMODE(again.stat().st_mode) == 0o755


def test_bytecode_does_not_depend_on_shared_or_hashed_constants() -> None:
    text = "A = {'b', 'c', 'd', 'e'}\ndef f(x): return x in {'b', 'c', 'long text'}, 'long text'\n"
    outcomes = {
        bytecode.compile_with(sys.executable, {"agent/__init__.py": text.encode()})
        for _ in range(3)
    }
    assert len(outcomes) == 1


def test_python_without_bytecode_runs_the_sources(tmp_path: Path) -> None:
    plain = tmp_path / "plain.pyz"
    printed = one_file.build(plain, "--sources-only")
    assert "(none)" in printed
    assert not [name for name in names(plain) if name.startswith("bytecode/")]
    assert one_file.shown(one_file.run(sys.executable, plain, "--print"))


def test_lock_file_has_the_versions_of_the_requirements() -> None:
    pinned = set((one_file.PROJECT / "requirements.txt").read_text("utf-8").split())
    locked = {wheel.requirement for wheel in wheels.locked_wheels()}
    assert locked == {"psutil==7.2.2", "urllib3==2.6.3", "urllib3==2.8.0"}
    assert locked - pinned == {"urllib3==2.6.3"}  # the last that runs on Python 3.9


def test_wheel_with_another_hash_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = wheels.locked_wheels()[0]
    (tmp_path / wheel.file).write_bytes(b"planted")
    output = tmp_path / "out.pyz"
    monkeypatch.setattr(sys, "argv", ["build", "--wheels", str(tmp_path), "--output", str(output)])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 1
    assert f"{wheel.file} is not the file that wheels.txt names" in capsys.readouterr().err
    assert not output.exists()


def test_builds_of_psutil_with_different_modules_are_refused() -> None:
    first, second = wheels.locked_wheels()[:2]
    files: dict[str, bytes] = {}
    archive.merge(files, archive.sort_wheel(first, {"psutil/__init__.py": b"a\r\n"}))
    archive.merge(files, archive.sort_wheel(second, {"psutil/__init__.py": b"a\n"}))
    assert files == {"source/psutil/__init__.py": b"a\n"}
    with pytest.raises(wheels.WheelError, match=re.escape("psutil/__init__.py is not the same")):
        archive.merge(files, archive.sort_wheel(second, {"psutil/__init__.py": b"b\n"}))


def test_bytecode_is_merged_once_all_of_it_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or what compiles for one Python reads the files while those of another are added."""
    pythons = {(3, minor): sys.executable for minor in range(9, 15)}
    seen: list[set[str]] = []

    def compile_slowly(_python: str, sources: dict[str, bytes]) -> bytecode.Bytecode:
        time.sleep(0.01 * (1 + len(seen)))
        return bytecode.Bytecode(len(sources), b"")

    def modules_for(_version: tuple[int, int], files: dict[str, bytes]) -> dict[str, bytes]:
        seen.append({name for name in files if name.startswith("bytecode/")})
        return {f"{len(seen)}.py": b""}

    monkeypatch.setattr(command_line, "interpreters", lambda: pythons)
    monkeypatch.setattr(command_line, "compile_with", compile_slowly)
    monkeypatch.setattr(command_line, "modules_for", modules_for)
    monkeypatch.setattr(archive, "merge", lambda files, new: files.update(new))
    command_line.contents(one_file.WHEELS, with_bytecode=True)
    assert seen == [set()] * len(pythons)
