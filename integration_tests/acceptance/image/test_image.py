"""The image, as any engine sees and runs it."""

import json
import os
import signal
import struct
import subprocess

import pytest
from engine import (
    IMAGE,
    TIMEOUT_SECONDS,
    RESTRICTED,
    SECRETS,
    SIMULATOR_IMAGE,
    configure,
    connector,
    inspect,
    messages,
    podman,
    shared,
)


def test_the_image_has_the_name_and_version_of_its_metadata():
    labels = json.loads(inspect(IMAGE, "{{json .Config.Labels}}"))
    assert labels["io.airbyte.name"] == "source-microsoft-dataverse"
    assert labels["io.airbyte.version"] == os.environ["VERSION"]
    assert labels["org.opencontainers.image.version"] == os.environ["VERSION"]


def test_the_platform_and_docker_start_the_same_program():
    config = json.loads(inspect(IMAGE, "{{json .Config}}"))
    environment = dict(variable.split("=", 1) for variable in config["Env"])
    assert environment["AIRBYTE_ENTRYPOINT"] == " ".join(config["Entrypoint"])


def test_the_image_prints_its_version():
    output = connector("--version", image=IMAGE)
    assert output.returncode == 0
    assert output.stdout.startswith(f"source-microsoft-dataverse {os.environ['VERSION']} ")


def test_the_image_carries_the_third_party_notices():
    notices = podman("run", "--rm", "--entrypoint", "cat", IMAGE, "/airbyte/THIRD_PARTY_NOTICES.txt").stdout
    assert "github.com/hashicorp/go-retryablehttp" in notices and "Mozilla Public License, version 2.0" in notices


def test_the_user_is_a_number_and_not_root():
    assert inspect(IMAGE, "{{.Config.User}}") == "1000:1000"
    assert podman("run", "--rm", "--entrypoint", "id", IMAGE, "-u").stdout == "1000\n"


def test_the_shell_and_the_programs_that_the_platform_uses_are_there():
    script = "for program in sh sleep kill mv cat echo; do command -v $program || exit 1; done"
    assert podman("run", "--rm", "--entrypoint", "sh", IMAGE, "-c", script, check=False).returncode == 0


def test_certificate_authorities_are_there_and_the_simulators_is_not_among_them():
    size = podman("run", "--rm", "--entrypoint", "stat", IMAGE, "-c", "%s", "/etc/ssl/certs/ca-certificates.crt").stdout
    assert int(size) > 100_000
    [status] = messages(connector("check", "--config", "/secrets/config.json", image=IMAGE).stdout, "CONNECTION_STATUS")
    assert status["connectionStatus"]["status"] == "FAILED"
    assert "certificate of the host is not trusted" in status["connectionStatus"]["message"]


def test_the_image_of_the_other_architecture_is_built_for_it(tmp_path):
    image = "source-microsoft-dataverse:arm64"
    assert inspect(image, "{{.Os}}/{{.Architecture}}") == "linux/arm64"
    container = podman("create", image).stdout.strip()
    try:
        podman("cp", f"{container}:/airbyte/source-microsoft-dataverse", str(tmp_path / "connector"))
    finally:
        podman("rm", container)
    header = (tmp_path / "connector").read_bytes()[:20]
    arm64 = 183  # EM_AARCH64 of the ELF specification
    assert (header[:4], struct.unpack("<H", header[18:20])[0]) == (b"\x7fELF", arm64)


@pytest.mark.parametrize(
    "options",
    [[], RESTRICTED, ["--user", "4711:4711"], ["--read-only", "--read-only-tmpfs=false"]],
    ids=["as it is", "restricted", "as any user", "without a place to write"],
)
def test_the_connector_works(options):
    [status] = messages(connector("check", "--config", "/secrets/config.json", options=options).stdout, "CONNECTION_STATUS")
    assert status["connectionStatus"] == {"status": "SUCCEEDED"}


def test_a_container_that_is_told_to_end_ends_by_that_signal(tmp_path):
    (shared(tmp_path) / "catalog.json").write_text(json.dumps(configure()))
    name = f"terminated-{os.getpid()}"
    read = subprocess.Popen(
        ["podman", "run", "--rm", "--name", name, "--volume", f"{SECRETS}:/secrets:ro", "--volume", f"{tmp_path}:/catalog:ro"]
        + [SIMULATOR_IMAGE, "read", "--config", "/secrets/config.json", "--catalog", "/catalog/catalog.json"],
        stdout=subprocess.PIPE,
    )
    assert any(json.loads(line)["type"] == "TRACE" for line in read.stdout)  # it reads, and soon waits for a reader of the rest
    podman("kill", "--signal", "TERM", name)
    assert all(json.loads(line) for line in read.stdout)
    assert read.wait(TIMEOUT_SECONDS) == 128 + signal.SIGTERM
