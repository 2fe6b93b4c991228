"""requirements*.txt pin what the project names; .ci/requirements.lock pins all dependencies."""

from __future__ import annotations

import re

from tests.support.live import PROJECT

PIN = re.compile(r"([A-Za-z0-9._-]+)==([^\s;]+)(?: ?; .*)?")


def requirements(name: str) -> list[str]:
    """The lines of a file that name a package, and of the files that it includes."""
    lines = []
    for line in (PROJECT / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            lines += requirements(line.removeprefix("-r "))
        elif line and not line.startswith("#"):
            lines.append(line)
    return lines


def locked() -> dict[str, tuple[str, list[str]]]:
    """The version and the hashes of each package in the lock."""
    text = (PROJECT / ".ci" / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", text.partition("\n")[2])
    found = {}
    for entry in entries:
        if pin := PIN.match(entry):
            found[pin[1]] = (pin[2], re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry))
    return found


def test_every_requirement_is_pinned_and_locked() -> None:
    lock = locked()
    for line in requirements("requirements-dev.txt"):
        pin = PIN.fullmatch(line)
        assert pin, f"{line}: expected NAME==VERSION"
        assert lock[pin[1].lower()][0] == pin[2], "run .ci/lock"


def test_every_locked_package_has_a_hash() -> None:
    lock = locked()
    assert len(lock) > 40
    assert [name for name, (_, hashes) in lock.items() if not hashes] == []
