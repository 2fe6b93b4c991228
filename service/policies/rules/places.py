"""Where the rules that come with the product stand, and the relations that they read."""

from __future__ import annotations

from pathlib import Path

_SQL = Path(__file__).resolve().parents[3] / "sql"

SHIPPED_FOLDER = _SQL / "policies"
TABLES_SCRIPT = _SQL / "guard" / "tables.sql"
RELATIONS_SCRIPT = _SQL / "guard" / "relations.sql"
