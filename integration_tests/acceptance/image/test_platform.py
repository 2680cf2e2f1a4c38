"""The image as Airbyte's platform runs it."""

import json
import shutil

import pytest
from engine import SECRETS, configure, messages
from pod import Pod, Read


def prepare(directory, catalog, state=None):
    """Writes the files that the platform passes to a read."""
    shutil.copy(SECRETS / "config.json", directory / "connectorConfig.json")
    (directory / "catalog.json").write_text(json.dumps(catalog))
    if state is not None:
        (directory / "inputState.json").write_text(json.dumps(state))


def whole(lines):
    """The messages in the lines. An incomplete last line is dropped, as the platform does."""
    return [json.loads(line) for line in lines if line.endswith(b"\n")]


def keys(output, stream, key):
    return [m["record"]["data"][key] for m in output if m["type"] == "RECORD" and m["record"]["stream"] == stream]


def statuses(output, stream):
    traces = [m["trace"]["stream_status"] for m in output if m["type"] == "TRACE" and m["trace"]["type"] == "STREAM_STATUS"]
    return [trace["status"] for trace in traces if trace["stream_descriptor"]["name"] == stream]


@pytest.mark.parametrize(("operation", "kind"), [("spec", "SPEC"), ("check", "CONNECTION_STATUS"), ("discover", "CATALOG")])
def test_an_operation_writes_its_output_and_exit_code_to_files(tmp_path, operation, kind):
    pod = Pod(tmp_path, "/config")
    shutil.copy(SECRETS / "config.json", tmp_path / "connectionConfiguration.json")
    assert pod.operate(operation) == 0
    assert pod.exit_code() == 0
    assert len(messages((tmp_path / "jobOutput.json").read_text(), kind)) == 1


def test_a_sync_goes_through_the_pipes(tmp_path):
    catalog = configure()
    prepare(tmp_path, catalog)
    with Read(tmp_path) as read:
        output = whole(read.stdout)
        assert read.wait() == 0
        assert read.exit_code() == 0
        assert read.errors == ""
    names = [configured["stream"]["name"] for configured in catalog["streams"]]
    assert len(names) > 20
    for name in names:
        assert statuses(output, name) == ["STARTED", "RUNNING", "COMPLETE"]
    assert {m["record"]["stream"] for m in output if m["type"] == "RECORD"} == set(names)


def test_a_stream_that_fails_fails_the_sync(tmp_path):
    catalog = configure("account", "task")
    catalog["streams"][0]["stream"]["name"] = "missing"
    prepare(tmp_path, catalog)
    with Read(tmp_path) as read:
        output = whole(read.stdout)
        assert read.wait() == 1
        assert read.exit_code() == 1
    assert statuses(output, "missing")[-1] == "INCOMPLETE"
    assert statuses(output, "task")[-1] == "COMPLETE"


def test_an_interrupted_sync_continues_from_its_last_state(tmp_path):
    catalog = configure("account")
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()

    prepare(first, catalog)
    with Read(first) as read:
        lines = [read.stdout.readline()]
        while not (keys(whole(lines), "account", "accountid") and b'"type":"STATE"' in lines[-1]):
            lines.append(read.stdout.readline())
        read.terminate()  # the script's shell is killed, and the connector with its container, while it waits for a reader
        assert read.wait() != 0
        lines += read.stdout.readlines()
    started = whole(lines)
    last = max(i for i, m in enumerate(started) if m["type"] == "STATE")
    saved = keys(started[:last], "account", "accountid")

    prepare(second, catalog, state=[started[last]["state"]])
    with Read(second) as read:
        output = whole(read.stdout)
        assert read.wait() == 0
    rest = keys(output, "account", "accountid")
    assert 0 < len(rest) < 200
    assert len(set(saved) | set(rest)) == 200
    assert statuses(output, "account")[-1] == "COMPLETE"


def test_a_sync_whose_reader_goes_away_ends(tmp_path):
    prepare(tmp_path, configure("account"))
    with Read(tmp_path) as read:
        read.stdout.readline()
        read.stdout.close()
        assert read.wait() != 0
        assert read.exit_code() != 0
