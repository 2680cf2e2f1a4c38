"""Measures a read of one table by Airbyte's Python connector: rows, bytes, wall and CPU seconds, peak memory."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

PACKAGE = "airbyte-source-microsoft-dataverse"
LAUNCH = [sys.executable, str(Path(__file__).with_name("launch.py"))]


def configured(config: str, table: str, environment: dict[str, str]) -> dict:
    """The configured catalog of one table, incremental where the connector offers that."""
    found = subprocess.run([*LAUNCH, "discover", "--config", config], env=environment, capture_output=True, check=True, timeout=300)
    messages = (json.loads(line) for line in found.stdout.splitlines())
    (catalog,) = (m["catalog"] for m in messages if m["type"] == "CATALOG")
    for stream in catalog["streams"]:
        if stream["name"] == table:
            return {"streams": [{
                "stream": stream, "sync_mode": stream["supported_sync_modes"][-1], "destination_sync_mode": "append",
                "primary_key": stream["source_defined_primary_key"], "cursor_field": stream.get("default_cursor_field", [])}]}
    sys.exit(f"the Python connector offers no stream {table}")


def measure(command: list[str], environment: dict[str, str]) -> dict:
    """Runs a read to its end, and counts what it writes and uses."""
    rows = size = 0
    began = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    for line in child.stdout:
        size += len(line)
        rows += line.startswith(b'{"type": "RECORD"')
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.monotonic() - began
    if status != 0:
        sys.exit(f"the Python connector ended with exit code {os.waitstatus_to_exitcode(status)}")
    return {"rows": rows, "bytes": size, "seconds": round(seconds, 3), "cpu_seconds": round(used.ru_utime + used.ru_stime, 3),
            "peak_memory_bytes": used.ru_maxrss * 1024}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True, help="configuration of an environment of the simulator")
    parser.add_argument("--ca", required=True, help="its certificate authority, PEM")
    parser.add_argument("--table", required=True, help="logical name")
    given = parser.parse_args()
    settings = {"odata_maxpagesize": 5000, **json.loads(Path(given.config).read_text())}
    environment = {**os.environ, "DATAVERSE_CA_FILE": given.ca, "DATAVERSE_AUTHORITY": settings["authority_host"]}
    with tempfile.TemporaryDirectory() as folder:
        config, catalog = Path(folder, "config.json"), Path(folder, "catalog.json")
        config.write_text(json.dumps(settings))
        catalog.write_text(json.dumps(configured(str(config), given.table, environment)))
        result = measure([*LAUNCH, "read", "--config", str(config), "--catalog", str(catalog)], environment)
    print(json.dumps({"connector": f"{PACKAGE} {version(PACKAGE)}", "table": given.table, **result}))


if __name__ == "__main__":
    main()
