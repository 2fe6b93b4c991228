"""Where the project stands on this machine."""

from __future__ import annotations

from pathlib import Path

PROJECT_FOLDER = Path(__file__).resolve().parents[1]
SCHEMAS_FOLDER = PROJECT_FOLDER / "schemas"
SQL_FOLDER = PROJECT_FOLDER / "sql"
