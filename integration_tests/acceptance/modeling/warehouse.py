"""The DuckDB database that the script of docs/modeling.md creates."""

from __future__ import annotations

from pathlib import Path

import duckdb


class Warehouse:
    """Tables of the schema raw, named after their streams."""

    def __init__(self, folder: Path):
        self.database = duckdb.connect(str(folder / "crm.duckdb"))
        self.database.execute("SET TimeZone = 'UTC'")

    def query(self, sql: str) -> list[dict]:
        result = self.database.execute(sql)
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
