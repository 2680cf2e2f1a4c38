"""A DuckDB database that holds every record that the connector delivered, as a loader that only appends leaves it."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

TYPES = {"integer": "BIGINT", "number": "DECIMAL(38, 12)", "boolean": "BOOLEAN", "object": "JSON", "string": "VARCHAR"}
FORMATS = {"date": "DATE", "timestamp_with_timezone": "TIMESTAMPTZ", "timestamp_without_timezone": "TIMESTAMP"}


def column_type(prop: dict) -> str:
    """DuckDB's type for a property of a stream's JSON schema."""
    kind = next(t for t in prop["type"] if t != "null")
    return FORMATS.get(prop.get("airbyte_type") or prop.get("format"), TYPES[kind])


class Warehouse:
    """Tables of the schema raw, named after their streams."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.database = duckdb.connect(str(folder / "crm.duckdb"))
        self.database.execute("CREATE SCHEMA raw")
        self.database.execute("SET TimeZone = 'UTC'")

    def append(self, stream: dict, lines: list[str]) -> None:
        """Appends the data of RECORD lines to the table of a stream. An overwritten table begins with the first of them."""
        name, columns = stream["name"], {n: column_type(p) for n, p in stream["json_schema"]["properties"].items()}
        file = self.folder / f"{name}.jsonl"
        file.write_text("".join(line + "\n" for line in lines))
        declared = ", ".join(f"{json.dumps(n)} {t}" for n, t in columns.items())
        self.database.execute(f"CREATE TABLE IF NOT EXISTS raw.{name} ({declared})")
        self.database.execute(f"INSERT INTO raw.{name} BY NAME SELECT * FROM read_json(?, format = 'newline_delimited', columns = ?)",
                              [str(file), columns])

    def query(self, sql: str) -> list[dict]:
        result = self.database.execute(sql)
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
