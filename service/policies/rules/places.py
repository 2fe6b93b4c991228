"""Where the rules that come with the product stand, and the relations that they read."""

from __future__ import annotations

from service.project import SQL_FOLDER

SHIPPED_FOLDER = SQL_FOLDER / "policies"
TABLES_SCRIPT = SQL_FOLDER / "guard" / "tables.sql"
RELATIONS_SCRIPT = SQL_FOLDER / "guard" / "relations.sql"
