"""The examples of several workers in docs/orchestration.md: their scripts run as four processes at once."""

from __future__ import annotations

import http.server
import json
import os
import re
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from connector import TIMEOUT_SECONDS
from environment import Environment, next_second
from test_orchestration import example, examples

PARTS = 4
TABLES = "account,contact,task,email,opportunity,annotation,contoso_child,team"


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    made = Environment(tmp_path_factory.mktemp("environment"), 40, "--users", str(PARTS))
    yield made
    made.close()


class Workers:
    """The scripts, the configurations of four application users, and the folder that the workers share."""

    def __init__(self, folder: Path, environment: Environment):
        self.sync, self.data = folder / "sync", folder / "data"
        self.sync.mkdir()
        self.data.mkdir()
        split, worker, _ = examples("Several workers", "sh")
        for name, script in {"split.sh": split, "worker.sh": worker, "sync.sh": example("A script of one sync", "sh")}.items():
            (self.sync / name).write_text(script)
        config = dict(environment.config)
        for part, user in enumerate([config, *config.pop("additional_credentials")], 1):
            secret = user.get("client_secret_value") or user["credentials"]["client_secret"]
            (self.sync / f"config-{part}.json").write_text(json.dumps({**config, "client_id": user["client_id"], "client_secret_value": secret}))
        self.environment = {**os.environ, "SYNC": str(self.sync), "DATA": str(self.data), "TABLES": TABLES, "PARTS": str(PARTS),
                            "DATAVERSE_CA_FILE": str(environment.ca)}

    def expire(self, part: int) -> None:
        """Replaces the secret of a worker's application user with a wrong one."""
        path = self.sync / f"config-{part}.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "client_secret_value": "expired"}))

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess:
        return subprocess.run(["sh", *command], env={**self.environment, **variables}, capture_output=True, text=True, check=False,
                              timeout=4 * TIMEOUT_SECONDS)

    def split(self, **variables: str) -> None:
        done = self.run(str(self.sync / "split.sh"), **variables)
        assert done.returncode == 0, done.stderr

    def streams(self) -> list[set[str]]:
        """The streams of each part."""
        catalogs = [json.loads(path.read_text()) for path in sorted(self.data.glob("part-*/catalog.json"))]
        return [{s["stream"]["name"] for s in catalog["streams"]} for catalog in catalogs]

    def work(self, parts: int = PARTS) -> tuple[list[int], Counter]:
        """The exit codes of all workers at once, and how often each row was written."""
        next_second()  # the files are named after the second
        before = set(self.data.glob("part-*/records/*"))
        with ThreadPoolExecutor(parts) as pool:
            codes = [done.returncode for done in pool.map(
                lambda index: self.run(str(self.sync / "worker.sh"), JOB_COMPLETION_INDEX=str(index)), range(parts))]
        return codes, rows_of(set(self.data.glob("part-*/records/*")) - before)


def rows_of(files) -> Counter:
    found: Counter = Counter()
    for file in files:
        for line in file.read_text().split("\n"):
            message = json.loads(line) if line else {"type": ""}
            if message["type"] == "RECORD":
                stream, data = message["record"]["stream"], message["record"]["data"]
                found[stream, data.get(stream + "id") or data.get("activityid")] += 1
    return found


def every_row(environment: Environment) -> Counter:
    return Counter((table, key) for table in TABLES.split(",") for key in environment.keys(table))


@pytest.fixture
def workers(environment, tmp_path):
    made = Workers(tmp_path, environment)
    made.split()
    return made


def test_four_workers_read_every_row_once(environment, workers):
    parts = workers.streams()
    assert len(parts) == PARTS and set.union(*parts) == set(TABLES.split(",")) and sum(map(len, parts)) == len(TABLES.split(","))
    codes, rows = workers.work()
    assert codes == [0] * PARTS and rows == every_row(environment)
    codes, rows = workers.work()
    assert (codes, rows) == ([0] * PARTS, Counter()), "each worker continues from its own states"


def test_a_state_moves_with_its_table(environment, workers):
    codes, _ = workers.work()
    assert codes == [0] * PARTS
    for parts in (2, 3, PARTS):
        workers.split(PARTS=str(parts))
        assert len(workers.streams()) == parts
        key = environment.create("contact", lastname="new")
        codes, rows = workers.work(parts)
        assert (codes, rows) == ([0] * parts, Counter({("contact", key): 1})), "no table is read in full"

def test_a_split_during_which_tables_change_is_not_used(workers, tmp_path):
    before = workers.streams()
    changed = tmp_path / "connector"
    changed.write_text('#!/bin/sh\ncase "$*" in *"--part 2"*) echo "{}" ;; *) exec "$REAL" "$@" ;; esac\n')
    changed.chmod(0o755)
    done = workers.run(str(workers.sync / "split.sh"), CONNECTOR=str(changed), REAL=os.environ["CONNECTOR"])
    assert done.returncode == 1 and "Run this script again" in done.stderr
    assert workers.streams() == before


def test_one_failed_worker_does_not_stop_the_others(environment, workers):
    workers.expire(3)
    codes, rows = workers.work()
    failed = workers.streams()[2]
    assert [code != 0 for code in codes] == [False, False, True, False]
    assert rows == Counter({row: n for row, n in every_row(environment).items() if row[0] not in failed})


def test_the_manifests_fit_the_scripts():
    claim, split, cron = yaml.safe_load_all(example("Several workers", "yaml"))
    job = cron["spec"]["jobTemplate"]["spec"]
    assert job["completionMode"] == "Indexed" and job["completions"] == job["parallelism"] == PARTS
    assert cron["spec"]["concurrencyPolicy"] == "Forbid" and claim["spec"]["accessModes"] == ["ReadWriteMany"]
    assert "maxFailedIndexes" not in job, "all parts are tried, and then the run fails"
    files = re.findall(r"--from-file=(\S+)", examples("Several workers", "sh")[-1])
    assert set(files) == {"split.sh", "worker.sh", "sync.sh", *(f"config-{part}.json" for part in range(1, PARTS + 1))}
    for pod, script in ((split["spec"]["template"]["spec"], "split.sh"), (job["template"]["spec"], "worker.sh")):
        (container,) = pod["containers"]
        assert container["command"] == ["sh", f"/sync/{script}"]
        assert {m["mountPath"] for m in container["volumeMounts"]} == {"/sync", "/data"}
        assert {v["name"] for v in pod["volumes"]} == {m["name"] for m in container["volumeMounts"]}
        volumes = {v["name"]: v for v in pod["volumes"]}
        assert volumes["data"]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
        assert volumes["sync"]["secret"]["secretName"] == "dataverse-workers"
    (variables,) = (c["env"] for c in split["spec"]["template"]["spec"]["containers"])
    assert {v["name"]: v["value"] for v in variables} == {"PARTS": str(PARTS), "TABLES": "*"}


# A stand-in for Airflow: a DAG runs when it is called, and the tasks that expand makes run at once.
AIRFLOW = """
import os, subprocess, sys, types
from concurrent.futures import ThreadPoolExecutor

class Task:
    def __init__(self, function, env=None): self.function, self.env, self.calls = function, env or {}, [{}]
    def __call__(self): return self
    def expand(self, **lists):
        self.calls = [dict(zip(lists, values)) for values in zip(*lists.values())]
        return self
    def run(self):
        start = lambda call: subprocess.run(self.function(**call), shell=True, env={**os.environ, **self.env}).returncode
        with ThreadPoolExecutor(len(self.calls)) as pool:
            return all(code == 0 for code in pool.map(start, self.calls))
    def __rshift__(self, other):
        if not (self.run() and other.run()): sys.exit("the run failed")

class task:
    @staticmethod
    def bash(retries, env=None, **_): return lambda function: Task(function, env)

def dag(**options):
    assert options["max_active_runs"] == 1 and options["catchup"] is False
    return lambda function: function
"""


def test_the_dag_of_airflow_reads_all_parts(environment, tmp_path):
    workers = Workers(tmp_path, environment)
    (tmp_path / "airflow").mkdir()
    (tmp_path / "airflow" / "__init__.py").touch()
    (tmp_path / "airflow" / "sdk.py").write_text(AIRFLOW)
    (tmp_path / "pendulum.py").write_text("from datetime import datetime\n")
    (tmp_path / "dataverse.py").write_text(examples("Several workers", "python")[0])

    def run() -> int:
        return subprocess.run([sys.executable, "dataverse.py"], cwd=tmp_path, env=workers.environment, check=False, timeout=4 * TIMEOUT_SECONDS).returncode

    assert run() == 0
    assert rows_of(workers.data.glob("part-*/records/*")) == every_row(environment)
    workers.expire(2)
    next_second()
    assert run() != 0, "a failed part fails the run"


class Airbyte(http.server.BaseHTTPRequestHandler):
    """A stand-in for Airbyte's public API: a job is a run of the connector on the connection's streams."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        made = self.server.made[self.path.removeprefix("/v1/")]
        made.append(body)
        number = len(made) - 1
        self._respond({"/v1/sources": lambda: {"sourceId": str(number)}, "/v1/connections": lambda: {"connectionId": str(number)},
                       "/v1/jobs": lambda: {"jobId": number, "status": self.server.start(body["connectionId"])}}[self.path]())

    def do_GET(self):
        code = self.server.jobs[int(self.path.removeprefix("/v1/jobs/"))].poll()
        self._respond({"status": "running" if code is None else "succeeded" if code == 0 else "failed"})

    def _respond(self, body):
        assert self.headers["Authorization"] == "Bearer key"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        pass


class AirbyteServer(http.server.ThreadingHTTPServer):
    def __init__(self, workers: Workers):
        super().__init__(("127.0.0.1", 0), Airbyte)
        self.workers, self.made, self.jobs = workers, {"sources": [], "connections": [], "jobs": []}, []

    def start(self, connection: str) -> str:
        connected = self.made["connections"][int(connection)]
        source = self.made["sources"][int(connected["sourceId"])]["configuration"]
        folder = self.workers.data / f"job-{len(self.jobs)}"
        folder.mkdir()
        catalogs = [json.loads(path.read_text()) for path in self.workers.data.glob("part-*/catalog.json")]
        names = {stream["name"] for stream in connected["configurations"]["streams"]}
        assert names == set(source["include_tables"])
        (folder / "catalog.json").write_text(json.dumps({"streams": [s for c in catalogs for s in c["streams"] if s["stream"]["name"] in names]}))
        (folder / "config.json").write_text(json.dumps(source))
        self.jobs.append(subprocess.Popen([os.environ["CONNECTOR"], "read", "--config", str(folder / "config.json"), "--catalog", str(folder / "catalog.json")],
                                          stdout=(folder / "records").open("w"), env=self.workers.environment))
        return "pending"


def test_several_airbyte_connections_run_as_one(environment, workers, tmp_path):
    script = tmp_path / "connections.py"
    script.write_text(examples("Several workers", "python")[1])
    server = AirbyteServer(workers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    variables = {**workers.environment, "API": f"http://127.0.0.1:{server.server_port}", "API_TOKEN": "key", "WORKSPACE": "w", "DESTINATION": "d",
                 "DEFINITION": "f", "CATALOGS": str(workers.data), "PAUSE": "0.1"}

    def run() -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, str(script)], env=variables, capture_output=True, text=True, check=False, timeout=4 * TIMEOUT_SECONDS)

    done = run()
    assert done.returncode == 0, done.stderr
    assert rows_of(workers.data.glob("job-*/records")) == every_row(environment)
    assert {s["configuration"]["client_id"] for s in server.made["sources"]} == {
        json.loads(path.read_text())["client_id"] for path in workers.sync.glob("config-*.json")}
    server.made["sources"][1]["configuration"]["client_secret_value"] = "expired"
    done = run()
    assert done.returncode == 1 and "The sync of 1 of 4 parts failed" in done.stderr
    assert len(server.made["connections"]) == PARTS and len(server.made["jobs"]) == 2 * PARTS, "the connections are made once"
    server.shutdown()
    server.server_close()
