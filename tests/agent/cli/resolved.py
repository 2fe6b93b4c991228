"""Settings for the tests, from options, variables and a file."""

from __future__ import annotations

from pathlib import Path

from agent.cli.arguments import build_parser
from agent.cli.settings import Settings, resolve

API = "http://127.0.0.1:8000"


def settled(*options: str, **environ: str) -> Settings:
    return resolve(build_parser().parse_args(options), environ)


def an_ini(folder: Path, text: str) -> str:
    file = folder / "agent.ini"
    file.write_text(text, "utf-8")
    return str(file)
