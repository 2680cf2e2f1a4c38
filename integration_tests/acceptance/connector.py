"""The connector as Airbyte runs it: a process that reads files and writes messages."""

from __future__ import annotations

import json
import os
import subprocess
from decimal import Decimal
from pathlib import Path

TIMEOUT_SECONDS = 120

class Run:
    """What one run wrote."""

    def __init__(self, command: list[str], environment: dict[str, str] | None = None):
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **(environment or {})}, check=False,
                              timeout=TIMEOUT_SECONDS)
        self.code, self.stderr = done.returncode, done.stderr
        self.lines = [line for line in done.stdout.split("\n") if line.strip()]
        self.messages = [json.loads(line, parse_float=Decimal) for line in self.lines]

    def succeed(self) -> "Run":
        errors = [m["trace"]["error"]["message"] for m in self.messages if m["type"] == "TRACE" and m["trace"]["type"] == "ERROR"]
        if self.code != 0 or errors:
            raise AssertionError(f"exit code {self.code}, {errors}\n{self.stderr[-2000:]}")
        return self

    def of(self, kind: str, member: str) -> list:
        return [m[member] for m in self.messages if m["type"] == kind]

    def streams(self) -> dict[str, dict]:
        """The streams of a catalog by name."""
        (catalog,) = self.of("CATALOG", "catalog")
        return {stream["name"]: stream for stream in catalog["streams"]}

    def records(self, stream: str) -> list[dict]:
        return [r["data"] for r in self.of("RECORD", "record") if r["stream"] == stream]

    def states(self) -> list[dict]:
        """The last state of each stream, as the platform passes them to the next sync."""
        last = {s["stream"]["stream_descriptor"]["name"]: s for s in self.of("STATE", "state")}
        return [{"type": "STREAM", "stream": s["stream"]} for s in last.values()]


class Connector:
    """A connector with a folder for its files. command is what comes before the verb."""

    def __init__(self, folder: Path, config: dict, command: list[str] | None = None, environment: dict[str, str] | None = None):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.environment = folder, environment
        self.command = command or [os.environ["CONNECTOR"]]
        self.config = self._write("config.json", config)

    def _write(self, name: str, content: object) -> str:
        path = self.folder / name
        path.write_text(json.dumps(content, default=float))
        return str(path)

    def run(self, verb: str, *more: str) -> Run:
        return Run([*self.command, verb, "--config", self.config, *more], self.environment)

    def discover(self) -> dict[str, dict]:
        return self.run("discover").succeed().streams()

    def read(self, catalog: dict, state: list[dict] | None = None) -> Run:
        arguments = ["--catalog", self._write("catalog.json", catalog)]
        if state:
            arguments += ["--state", self._write("state.json", state)]
        return self.run("read", *arguments).succeed()


def configured(streams: dict[str, dict], *names: str, mode: str = "incremental") -> dict:
    """A catalog of these streams as the platform configures it: each column selected, the source's key and cursor."""
    return {"streams": [{
        "stream": streams[name],
        "sync_mode": mode if mode in streams[name]["supported_sync_modes"] else "full_refresh",
        "destination_sync_mode": "append_dedup",
        "primary_key": streams[name].get("source_defined_primary_key", []),
        "cursor_field": streams[name].get("default_cursor_field", []),
        "generation_id": 1, "minimum_generation_id": 0, "sync_id": 1,
    } for name in names]}
