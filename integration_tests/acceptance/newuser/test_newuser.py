"""The commands of the README, in their order, on a simulated environment that changes between two reads."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import duckdb
import pytest

from environment import Environment, next_second

REPOSITORY = Path(__file__).parents[3]
BUILD = "CGO_ENABLED=0 go build .\n"
TIMEOUT_SECONDS = 120


def blocks(language: str) -> list[str]:
    """The code blocks of the README in the steps from nothing to a table, without their indentation."""
    (section,) = re.findall(r"(?ms)^## Install and run\n(.*?)^## ", (REPOSITORY / "README.md").read_text())
    return [textwrap.dedent(block) for block in re.findall(rf"(?ms)^   ```{language}\n(.*?)^   ```$", section)]


class User:
    """Somebody who runs the commands of the README in a directory, one block after another."""

    def __init__(self, directory: Path, environment: Environment):
        self.directory = directory
        # python3 is that of the virtual environment, which has DuckDB.
        self.variables = {**os.environ, "DATAVERSE_CA_FILE": str(environment.ca),
                          "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        (config,) = blocks("json")
        (directory / "secrets").mkdir()
        (directory / "secrets" / "config.json").write_text(json.dumps({**json.loads(config), **environment.config}))

    def build(self) -> None:
        """Builds in the checkout, as the README says, and moves the binary to the directory of the other commands."""
        self.run(BUILD, REPOSITORY)
        shutil.move(REPOSITORY / "source-microsoft-dataverse", self.directory)

    def run(self, commands: str, directory: Path | None = None, warning: str = "") -> str:
        """Runs commands that succeed and print nothing to stderr but a warning."""
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=directory or self.directory, env=self.variables,
                              capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr.count("\n") == bool(warning) and warning in done.stderr
        return done.stdout

    def records(self, file: str) -> dict[str, list[dict]]:
        """The records of a file by their stream."""
        found: dict[str, list[dict]] = {}
        for line in (self.directory / file).read_text().split("\n"):
            message = json.loads(line or "{}")
            if message.get("type") == "RECORD":
                found.setdefault(message["record"]["stream"], []).append(message["record"]["data"])
        return found

    def accounts(self) -> list[tuple]:
        """The table that the README makes."""
        with duckdb.connect(str(self.directory / "crm.duckdb")) as database:
            return sorted(database.sql("SELECT name, revenue FROM accounts").fetchall(), key=str)


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    made = Environment(tmp_path_factory.mktemp("environment"), 60)
    yield made
    made.close()


def accounts(environment: Environment) -> list[tuple]:
    return sorted(((row["name"], row["revenue"]) for row in environment.rows("account")), key=str)


def test_the_commands_of_the_readme_lead_to_a_table(environment, tmp_path):
    choose, changes, load = blocks("sh")
    user = User(tmp_path, environment)
    user.build()

    printed = user.run(choose.removeprefix(BUILD), warning="contoso_child (versionnumber)")
    assert "Ready to sync" in printed
    assert re.search(r"^account +Account +60 +yes +yes$", printed, re.M), printed
    configured = json.loads((tmp_path / "catalog.json").read_text())
    tables = {s["stream"]["name"]: s["sync_mode"] for s in configured["streams"]}
    assert tables["account"] == tables["contact"] == tables["contoso_everything"] == "incremental"
    assert tables["contoso_child"] == "incremental", "it has no change tracking, but versions"
    first = user.records("sync1.jsonl")
    assert {table: len(records) for table, records in first.items()} == dict.fromkeys(tables, 60)
    shown = user.run(load)
    assert user.accounts() == accounts(environment)
    assert "revenue" in shown and any(name in shown for name, _ in user.accounts())

    next_second()
    written, gone = environment.change("account", "name")
    user.run(changes)
    second = user.records("sync2.jsonl")
    assert {r["accountid"] for r in second["account"] if not r["_ab_cdc_deleted_at"]} == written
    assert {r["accountid"] for r in second["account"] if r["_ab_cdc_deleted_at"]} == gone
    assert "contact" not in second and "contoso_child" not in second
    user.run(load)
    assert user.accounts() == accounts(environment)

    next_second()
    environment.update("contact", environment.keys("contact")[0], lastname="changed")
    user.run(changes.replace("sync2", "sync3").replace("sync1", "sync2"))
    third = user.records("sync3.jsonl")
    assert len(third["contact"]) == 1 and "account" not in third, "each sync continues from the one before"


def test_the_first_block_begins_with_the_build():
    assert blocks("sh")[0].startswith(BUILD)
