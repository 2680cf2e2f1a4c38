"""The examples of docs/orchestration.md, copied from the page and run, or parsed and checked."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml

from connector import TIMEOUT_SECONDS, Connector, configured
from environment import Environment, next_second

PAGE = (Path(__file__).parents[3] / "docs" / "orchestration.md").read_text()


def example(section: str, language: str) -> str:
    """The last block of a language in a section of the page."""
    return examples(section, language)[-1]


def examples(section: str, language: str) -> list[str]:
    (text,) = re.findall(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    made = Environment(tmp_path_factory.mktemp("environment"), rows=60)
    yield made
    made.close()


@pytest.fixture
def connector(environment, tmp_path):
    return Connector(tmp_path / "connector", environment.config, environment={"DATAVERSE_CA_FILE": str(environment.ca)})


def test_the_ten_lines_of_pyairbyte_fill_a_database(environment, tmp_path):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "config.json").write_text(json.dumps(environment.config))
    (tmp_path / "source-microsoft-dataverse").symlink_to(os.environ["CONNECTOR"])

    def run() -> str:
        done = subprocess.run([sys.executable, "-W", "ignore", "-c", example("PyAirbyte in ten lines", "python")], cwd=tmp_path,
                              env={**os.environ, "DATAVERSE_CA_FILE": str(environment.ca)}, capture_output=True, text=True, check=False,
                              timeout=TIMEOUT_SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip().splitlines()[-1]

    assert run() == "120 records"
    next_second()
    environment.create("account", name="new")
    assert run() == "1 records"
    with duckdb.connect(str(tmp_path / "crm.duckdb")) as database:
        assert database.execute("SELECT COUNT(*) FROM main.account WHERE _ab_cdc_deleted_at IS NULL").fetchone() == (61,)


class Script:
    """The script of one sync, with its directories."""

    def __init__(self, folder: Path, environment: Environment, catalog: dict):
        self.sync, self.data = folder / "sync", folder / "data"
        self.environment = {**os.environ, "SYNC": str(self.sync), "DATA": str(self.data), "DATAVERSE_CA_FILE": str(environment.ca)}
        self.sync.mkdir()
        self.data.mkdir()
        (self.sync / "sync.sh").write_text(example("A script of one sync", "sh"))
        (self.sync / "config.json").write_text(json.dumps(environment.config))
        self.configure(catalog)

    def configure(self, catalog: dict) -> None:
        (self.sync / "catalog.json").write_text(json.dumps(catalog))

    def run(self) -> tuple[int, list[dict]]:
        """The exit code of a run, and the records of the file that it wrote."""
        next_second()  # the files are named after the second
        before = set(self.data.glob("records/*"))
        done = subprocess.run(["sh", str(self.sync / "sync.sh")], env=self.environment, capture_output=True, text=True, check=False,
                              timeout=TIMEOUT_SECONDS)
        (made,) = set(self.data.glob("records/*")) - before
        messages = [json.loads(line) for line in made.read_text().split("\n") if line]
        return done.returncode, [m["record"] for m in messages if m["type"] == "RECORD"]


def test_the_script_of_one_sync_continues_from_its_own_state(environment, connector, tmp_path):
    script = Script(tmp_path, environment, configured(connector.discover(), "account", "contact"))
    code, records = script.run()
    assert code == 0 and len(records) == len(environment.rows("account")) + len(environment.rows("contact"))
    code, records = script.run()
    assert (code, records) == (0, [])

    key = environment.keys("contact")[0]
    environment.delete("contact", key)
    made = environment.create("account", name="new")
    code, records = script.run()
    assert code == 0 and {(r["stream"], r["data"].get("contactid") or r["data"].get("accountid")) for r in records} == {("contact", key), ("account", made)}


def test_the_script_of_one_sync_saves_streams_that_succeeded(environment, connector, tmp_path):
    catalog = configured(connector.discover(), "task", "email")
    script = Script(tmp_path, environment, catalog)
    catalog["streams"][1]["stream"] = {**catalog["streams"][1]["stream"], "name": "not_there"}
    script.configure(catalog)
    code, records = script.run()
    assert code == 1 and len(records) == len(environment.rows("task"))
    code, records = script.run()
    assert (code, records) == (1, []), "the stream that succeeded continues from its state"


def test_the_manifest_of_the_cron_job_fits_the_script():
    documents = list(yaml.safe_load_all(example("Kubernetes CronJob", "yaml")))
    (job,) = (d for d in documents if d["kind"] == "CronJob")
    assert (job["apiVersion"], job["spec"]["concurrencyPolicy"]) == ("batch/v1", "Forbid")
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["command"] == ["sh", "/sync/sync.sh"]
    assert {m["mountPath"] for m in container["volumeMounts"]} == {"/sync", "/data"}
    assert {m["name"] for m in container["volumeMounts"]} == {v["name"] for v in pod["volumes"]}
    assert pod["securityContext"]["runAsUser"] == 1000
    claims = {d["metadata"]["name"] for d in documents if (d["apiVersion"], d["kind"]) == ("v1", "PersistentVolumeClaim")}
    assert {v["persistentVolumeClaim"]["claimName"] for v in pod["volumes"] if "persistentVolumeClaim" in v} == claims
    command, *files = example("Kubernetes CronJob", "sh").strip().split(" --from-file=")
    assert {v["secret"]["secretName"] for v in pod["volumes"] if "secret" in v} == {command.removeprefix("kubectl create secret generic ")}
    assert set(files) == {"config.json", "catalog.json", "sync.sh"}


def test_the_container_group_uses_only_what_was_created_before():
    image, group = examples("Azure Logic Apps or Data Factory", "sh")
    lines = group.replace("\\\n", "").strip().splitlines()
    account, key, share, container = (dict(re.findall(r" --(\S+) (\S+)", line)) for line in lines)
    assert lines[0].startswith("az storage account create ") and lines[1].startswith("KEY=$(az storage account keys list ")
    assert lines[2].startswith("az storage share-rm create ") and lines[3].startswith("az container create ")
    assert {key["account-name"], share["storage-account"], container["azure-file-volume-account-name"]} == {account["name"]}
    assert container["azure-file-volume-share-name"] == share["name"]
    assert container["azure-file-volume-account-key"] == '"$KEY"'
    assert container["os-type"] == "Linux" and container["registry-username"] and container["registry-password"]
    assert container["image"].startswith(container["registry-login-server"] + "/")
    assert f"docker push {container['image']}\n" in image and "USER 0:0\n" in image


def test_the_definition_of_the_logic_app_starts_the_container_group():
    definition = json.loads(example("Azure Logic Apps or Data Factory", "json"))
    (trigger,), (action,) = definition["triggers"].values(), definition["actions"].values()
    assert trigger["type"] == "Recurrence"
    assert action["inputs"]["method"] == "POST" and "/start?api-version=" in action["inputs"]["uri"]
    assert action["inputs"]["authentication"]["type"] == "ManagedServiceIdentity"


def tables(connector: Connector) -> set[str]:
    """The streams of tables. Each connection also offers those that describe its tables."""
    return {name for name in connector.discover() if not name.startswith("_metadata_")}


def test_two_connections_divide_the_tables(environment, tmp_path):
    patterns = re.findall(r'`("(?:include|exclude)_tables": \[.*?\])`', PAGE)
    assert len(patterns) == 2
    every = tables(Connector(tmp_path, environment.config, environment={"DATAVERSE_CA_FILE": str(environment.ca)}))
    parts = []
    for n, pattern in enumerate(patterns):
        config = {**environment.config, **json.loads("{" + pattern + "}")}
        parts.append(tables(Connector(tmp_path / str(n), config, environment={"DATAVERSE_CA_FILE": str(environment.ca)})))
    assert parts[0] and parts[1] and not parts[0] & parts[1] and parts[0] | parts[1] == every
