from __future__ import annotations

import random
import time

import pytest

from agent.collectors.masking import MASK, masked
from tests.agent.collectors.command_lines import MASKED, UNTOUCHED


@pytest.mark.parametrize(("arguments", "shown"), MASKED, ids=lambda value: str(value)[:60])
def test_secrets_in_well_known_forms_are_masked(arguments: list[str], shown: str) -> None:
    assert masked(arguments) == shown
    assert "S3cret" not in shown


@pytest.mark.parametrize("arguments", UNTOUCHED, ids=lambda value: " ".join(value)[:60])
def test_harmless_command_lines_are_unchanged(arguments: list[str]) -> None:
    assert masked(arguments) == " ".join(arguments)


def test_empty_command_line_stays_empty() -> None:
    assert masked([]) == ""
    assert masked([""]) == ""


@pytest.mark.parametrize(
    "password", ["x", "a b", "-x", "--x=y", "***", "'", '"', "a'b\"c", "&;,|$()", "ñ"]
)
def test_every_password_after_a_password_option_is_masked(password: str) -> None:
    assert masked(["app", "--password", password, "end"]) == f"app --password {MASK} end"
    assert masked(["app", f"--pgpassword={password}"]).startswith(f"app --pgpassword={MASK}")


@pytest.mark.torture  # it measures the time of a processor
@pytest.mark.parametrize(
    "text",
    [
        "a" * 30_000,
        "password" * 4000,
        "=" * 30_000,
        ("pass" + "-" * 50) * 600,
        "://" * 10_000,
        "a:b" * 10_000,
        "x://" + "a" * 15_000 + ":" + "b" * 15_000,
        '"' * 30_000,
        "token=" * 5000,
        "a." * 15_000 + "password",
        "eyJ" * 10_000,
        "- " * 15_000,
    ],
    ids=lambda text: text[:12],
)
def test_masking_takes_linear_time(text: str) -> None:
    before = time.process_time()
    masked([text])
    masked(["app", "--x", text + " y"])
    assert time.process_time() - before < 2


def test_no_input_raises_an_error() -> None:
    luck = random.Random(5)
    pieces = [
        "-p",
        "mysql",
        "--password",
        "=",
        ":",
        "@",
        "://",
        " ",
        "\n",
        "'",
        '"',
        "\udcff",
        "***",
    ]
    for _ in range(2000):
        masked(["".join(luck.choices(pieces, k=luck.randrange(6))) for _ in range(4)])
