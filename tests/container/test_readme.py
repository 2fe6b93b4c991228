"""The blocks that the container tests run are there, so that the plain tests tell of a change."""

from __future__ import annotations

import subprocess

import pytest

from tests.container import readme

INSTALLATION = ("service/deploy/README.md", "Installation")
ONE = ("agent/README.md", "Rolling it out")
MANY = ("agent/README.md", "Many servers, one secret")


def test_installation_has_four_steps() -> None:
    steps = readme.blocks(*INSTALLATION)
    first_words = ["adduser", "runuser", "systemctl enable --now compliance-api", "nginx -t"]
    assert len(steps) == len(first_words)
    for step, word in zip(steps, first_words, strict=True):
        assert word in step


@pytest.mark.parametrize(
    ("place", "containing"),
    [
        (INSTALLATION, "token create"),
        (ONE, "install -m 0755"),
        (ONE, "systemctl enable"),
        (ONE, "systemctl disable"),
        (MANY, "token create"),
        (MANY, "scp"),
        (MANY, "token close"),
    ],
)
def test_blocks_of_commands_are_found(place: tuple[str, str], containing: str) -> None:
    script = readme.block(*place, containing)
    assert not script.startswith(" ")
    checked = subprocess.run(
        ["bash", "-n"], input=script, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_packages_are_those_that_the_steps_install() -> None:
    assert readme.packages(*INSTALLATION) == ["nginx", "python3-venv"]


def test_a_block_that_is_not_there_is_an_error() -> None:
    with pytest.raises(AssertionError, match="0 blocks have 'rm -rf /opt'"):
        readme.block(*ONE, "rm -rf /opt")
    with pytest.raises(AssertionError, match="no section 'Nowhere'"):
        readme.block("README.md", "Nowhere", "x")
