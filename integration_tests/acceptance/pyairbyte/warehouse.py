"""The databases that PyAirbyte writes to, and their comparison with an environment in SQL."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
from decimal import Decimal
from pathlib import Path

from airbyte.caches import CacheBase, DuckDBCache, PostgresCache
from sqlalchemy import text

SCHEMA = "crm"


def duckdb(folder: Path) -> DuckDBCache:
    return DuckDBCache(db_path=str(folder / "warehouse.duckdb"), schema_name=SCHEMA, cache_dir=str(folder / "files"))


class Postgres:
    """A PostgreSQL server of our own, with files and a port of its own, until close is called."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="postgresql-", dir="/tmp"))
        (programs,) = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]
        self.programs, self.as_user = programs, []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(self.folder, "postgres", "postgres")
            self.as_user = ["runuser", "-u", "postgres", "--"]
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self._run("initdb", "--pgdata", str(self.folder / "data"), "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
        self._control("start", "-l", str(self.folder / "log"), "-o", f"-p {self.port} -k {self.folder} -h 127.0.0.1 -F")

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run([*self.as_user, str(self.programs / program), *arguments], cwd="/", check=True, stdout=subprocess.DEVNULL, timeout=60)

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", "--pgdata", str(self.folder / "data"), "--wait", *arguments)

    def cache(self, folder: Path) -> PostgresCache:
        return PostgresCache(host="127.0.0.1", port=self.port, username="postgres", password="", database="postgres",
                             schema_name=SCHEMA, cache_dir=str(folder / "files"))

    def close(self) -> None:
        self._control("stop", "-m", "immediate")
        shutil.rmtree(self.folder)


def shown(value: object) -> str | None:
    """A value of the Web API as text that either database casts to the type of a column."""
    match value:
        case None | str():
            return value
        case bool():
            return str(value).lower()
        case int() | Decimal():
            return str(value)
        case _:
            return json.dumps(value, separators=(",", ":"))


class Comparison:
    """What a table of the database holds beside what it should hold: rows of an environment, written into a table of
    text next to it, and cast to the types of the columns that PyAirbyte made."""

    def __init__(self, cache: CacheBase, table: str, key: str, rows: list[dict]):
        self.engine, self.table, self.key = cache.get_sql_engine(), f"{SCHEMA}.{table}", key
        self.by_pandas = isinstance(cache, PostgresCache)  # PyAirbyte loads it by pandas.read_json, DuckDB by its own reader
        self.expected = f"{SCHEMA}.expected_{table}"
        columns = dict(self.query(
            "SELECT column_name, CASE WHEN numeric_scale > 0 THEN 'DECIMAL(38, 9)' ELSE data_type END "
            f"FROM information_schema.columns WHERE table_schema = '{SCHEMA}' AND table_name = '{table}'"))
        self.types = {name: kind for name, kind in columns.items() if not name.startswith("_a")}
        self.alive = "_ab_cdc_deleted_at IS NULL" if "_ab_cdc_deleted_at" in columns else "TRUE"
        with self.engine.begin() as connection:
            connection.execute(text(f"DROP TABLE IF EXISTS {self.expected}"))
            connection.execute(text(f"CREATE TABLE {self.expected} ({', '.join(f'{name} TEXT' for name in self.types)})"))
            for part in range(0, len(rows), 50):
                self._insert(connection, rows[part:part + 50])

    def _insert(self, connection, rows: list[dict]) -> None:
        places = ", ".join("(" + ", ".join(f":v{i}_{j}" for j in range(len(self.types))) + ")" for i in range(len(rows)))
        values = {f"v{i}_{j}": shown(row.get(name)) for i, row in enumerate(rows) for j, name in enumerate(self.types)}
        connection.execute(text(f"INSERT INTO {self.expected} VALUES {places}"), values)

    def query(self, sql: str) -> list[tuple]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(sql)).fetchall()]

    def differences(self) -> list[tuple]:
        """Rows that only one side has, by their keys, and values that differ: key, column, held, expected."""
        held = f"(SELECT * FROM {self.table} WHERE {self.alive})"
        found = self.query(f"SELECT a.{self.key}, e.{self.key} FROM {held} a FULL JOIN {self.expected} e ON a.{self.key} = e.{self.key} "
                           f"WHERE a.{self.key} IS NULL OR e.{self.key} IS NULL")
        for name, kind in self.types.items():
            found += self.query(f"SELECT a.{self.key}, '{name}', a.{name}, e.{name} FROM {held} a JOIN {self.expected} e "
                                f"ON a.{self.key} = e.{self.key} WHERE {self._unequal(name, kind)}")
        return found

    def _unequal(self, name: str, kind: str) -> str:
        """The condition under which the values of a column differ by more than PyAirbyte itself makes them."""
        held, text, wanted = f"a.{name}", f"e.{name}", f"CAST(e.{name} AS {kind})"
        kind = kind.lower()
        if kind == "json":  # cannot be compared, but its text can
            return f"NULLIF(REPLACE(CAST({held} AS TEXT), ' ', ''), 'null') IS DISTINCT FROM {text}"
        if kind.startswith("decimal"):  # numbers with a point pass through floating point numbers of 64 bits
            return f"{held} IS DISTINCT FROM {wanted} AND COALESCE(ABS({held} - {wanted}) > 1e-9 + ABS({wanted}) * 1e-15, TRUE)"
        if self.by_pandas and kind == "bigint":  # a column with nulls becomes one of floating point numbers
            return f"{held} IS DISTINCT FROM {wanted} AND (ABS({wanted}) < 9007199254740992) IS NOT FALSE"
        if self.by_pandas and kind == "character varying":  # and so does one whose texts are digits alone
            return f"{held} IS DISTINCT FROM {text} AND ({text} || '.0' = {held} AND {text} ~ '^[0-9]+$') IS NOT TRUE"
        return f"{held} IS DISTINCT FROM {wanted}"

    def count(self, where: str = "TRUE") -> int:
        return self.query(f"SELECT COUNT(*) FROM {self.table} WHERE {where}")[0][0]
