from __future__ import annotations

import shutil
import struct
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from agent.native import platform_match
from tests.agent import one_file

INTERPRETERS = {
    "linux-x86_64-glibc": (62, b"/lib64/ld-linux-x86-64.so.2"),
    "linux-x86_64-musl": (62, b"/lib/ld-musl-x86_64.so.1"),
    "linux-aarch64-glibc": (183, b"/lib/ld-linux-aarch64.so.1"),
    "linux-aarch64-musl": (183, b"/lib/ld-musl-aarch64.so.1"),
}


def program(
    machine: int, interpreter: bytes, elf_class: int = 2, order: str = "<", kind: int = 3
) -> bytes:
    """The start of an ELF file, see elf(5): a header, two program headers, the interpreter."""
    content = interpreter + b"\0"
    ident = b"\x7fELF" + bytes([elf_class, 1 if order == "<" else 2, 1]) + bytes(9)
    header = struct.pack(order + "HHIQQQIHHHHHH", 3, machine, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    first = struct.pack(order + "IIQQQQQQ", 6, 4, 64, 64, 64, 112, 112, 8)
    second = struct.pack(order + "IIQQQQQQ", kind, 4, 176, 176, 176, len(content), len(content), 1)
    return ident + header + first + second + content + b"more"


@pytest.mark.parametrize("build", INTERPRETERS)
def test_build_matches_processor_and_c_library_of_the_program(build: str) -> None:
    machine, interpreter = INTERPRETERS[build]
    assert platform_match.parse_elf(program(machine, interpreter)) == build


def test_interpreter_may_be_in_another_folder() -> None:
    path = b"/nix/store/abc-glibc-2.38/lib/ld-linux-x86-64.so.2"
    assert platform_match.parse_elf(program(62, path)) == "linux-x86_64-glibc"


GLIBC = INTERPRETERS["linux-x86_64-glibc"][1]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"#!/bin/sh\n" * 20,
        program(62, GLIBC)[:100],
        program(243, b"/lib/ld-linux-riscv64-lp64d.so.1"),
        program(21, b"/lib64/ld64.so.2"),
        program(62, b"/system/bin/linker64"),
        program(62, GLIBC, kind=7),  # static: no interpreter
        program(62, b"/libx32/ld-linux-x32.so.2", elf_class=1),
        program(183, b"/lib/ld-linux-aarch64_be.so.1", order=">"),
    ],
    ids=["empty", "script", "cut", "riscv", "ppc", "android", "static", "x32", "big-endian"],
)
def test_other_programs_have_no_build(content: bytes) -> None:
    assert platform_match.parse_elf(content) is None


def test_build_for_this_python_is_found() -> None:
    platform = sysconfig.get_config_var("MULTIARCH")  # such as x86_64-linux-gnu
    libc = "musl" if "musl" in platform else "glibc"
    assert platform_match.matching_build() == f"linux-{platform.split('-')[0]}-{libc}"


def test_program_of_musl_gcc_matches_musl(tmp_path: Path) -> None:
    if shutil.which("musl-gcc") is None:
        one_file.missing("musl-gcc is not installed (Debian: musl-tools)")
    source = tmp_path / "program.c"
    source.write_text("int main(void) { return 0; }\n", "utf-8")
    made = tmp_path / "program"
    compiled = one_file.run("musl-gcc", "-o", made, source)
    assert compiled.returncode == 0, compiled.stderr
    assert platform_match.parse_elf(made.read_bytes()) == "linux-x86_64-musl"


def test_pypy_has_no_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "implementation", SimpleNamespace(name="pypy"))
    assert platform_match.matching_build() is None


def test_free_threaded_python_has_no_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "abiflags", "t")
    assert platform_match.matching_build() is None


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_free_threaded_python_without_abiflags_has_no_build(
    system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """python3.13t.exe: no sys.abiflags, and the same platform as python3.13.exe."""
    monkeypatch.delattr(sys, "abiflags")
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(sysconfig, "get_platform", lambda: "win-amd64")
    monkeypatch.setattr(sysconfig, "get_config_var", {"Py_GIL_DISABLED": 0}.get)
    assert platform_match.matching_build() is not None
    monkeypatch.setattr(sysconfig, "get_config_var", {"Py_GIL_DISABLED": 1}.get)
    assert platform_match.matching_build() is None


@pytest.mark.parametrize(
    ("system", "platform", "machine", "build"),
    [
        ("darwin", "macosx-11.0-arm64", "arm64", "macos-arm64"),
        ("darwin", "macosx-10.9-universal2", "x86_64", "macos-x86_64"),
        ("win32", "win-amd64", "", "windows-amd64"),
        ("win32", "win-arm64", "", "windows-arm64"),
        ("freebsd14", "freebsd-14.1-RELEASE-amd64", "amd64", None),
    ],
)
def test_build_on_other_systems_matches_the_platform_of_the_python(
    system: str, platform: str, machine: str, build: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    uname: Callable[[], SimpleNamespace] = lambda: SimpleNamespace(machine=machine)  # noqa: E731
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(sysconfig, "get_platform", lambda: platform)
    monkeypatch.setattr("os.uname", uname)
    assert platform_match.matching_build() == build
