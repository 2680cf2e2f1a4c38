"""The scripts of docs/administration.md run on a simulated environment."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys

import pytest

from connector import Connector
from environment import Environment
from page import blocks, scripts

PAGE = "administration.md"


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    made = Environment(tmp_path_factory.mktemp("environment"), 20)
    yield made
    made.close()


@pytest.fixture
def run(environment, tmp_path):
    """Runs a script of the page, and returns what it printed."""
    for name, script in scripts(PAGE).items():
        (tmp_path / name).write_text(script)
    variables = {**os.environ, "URL": environment.url, "TOKEN": environment.sign_in(), "SSL_CERT_FILE": str(environment.ca)}

    def call(script: str, *arguments: str, code: int = 0) -> str:
        done = subprocess.run([sys.executable, script, *arguments], cwd=tmp_path, env=variables, capture_output=True, text=True,
                              check=False, timeout=60)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    return call


def modes(environment, folder) -> dict[str, list[str]]:
    source = Connector(folder / "connector", environment.config, environment={"DATAVERSE_CA_FILE": str(environment.ca)})
    return {name: stream["supported_sync_modes"] for name, stream in source.discover().items()}


def test_read_is_granted_on_many_tables(environment, run):
    role = environment.keys("role")[0]
    with pytest.raises(Exception, match="prvReadPlugInTraceLog"):
        environment.rows("plugintracelog")
    said = run("grant_read.py", role, "plugintracelog", "account", "systemuserroles")
    assert "systemuserroles has no Read privilege of its own" in said and "granted Read on 2 tables" in said
    assert len(environment.rows("plugintracelog")) == 20


def test_change_tracking_is_turned_on_for_many_tables(environment, run, tmp_path):
    environment.config["cursor_for_untracked"] = "off"
    assert modes(environment, tmp_path)["contoso_child"] == ["full_refresh"]
    said = run("track_changes.py", "contoso_child", "account", "asyncoperation")
    assert said.splitlines() == ["contoso_child is tracked now", "account is tracked already", "asyncoperation cannot be tracked"]
    after = modes(environment, tmp_path)
    assert after["contoso_child"] == ["full_refresh", "incremental"] and after["asyncoperation"] == ["full_refresh"]


def test_labels_of_choices_are_listed(run):
    found = {(r["table_name"], r["column_name"], r["value"]): r["label"]
             for r in csv.DictReader(run("labels.py", "account", "contoso_everything").splitlines())}
    assert found["account", "industrycode", "1"] == "Accounting"
    assert found["account", "statecode", "1"] == found["account", "statuscode", "2"] == "Inactive"
    assert found["contoso_everything", "contoso_choices", "100000003"] == "Night"


def test_a_refused_request_ends_a_script_with_the_response(run):
    assert re.search("GET EntityDefinitions.*: 404 .*nothing", run("track_changes.py", "nothing", code=1))


def test_each_script_is_called_on_the_page_as_it_is_run_here():
    called = re.findall(r"^python3 (\w+\.py) ", "\n".join(blocks(PAGE, "sh")), re.MULTILINE)
    assert set(called) == set(scripts(PAGE)) - {"dataverse.py"}
