"""Containers of the images under test, in podman."""

import json
import os
import subprocess
from pathlib import Path

IMAGE = os.environ["IMAGE"]
SIMULATOR_IMAGE = os.environ["SIMULATOR_IMAGE"]  # the same, but trusts the simulator
SECRETS = Path(os.environ["CONNECTOR_ROOT"]) / "secrets"
TIMEOUT_SECONDS = 60

# How Kubernetes starts a container under the Pod Security Standard "restricted".
RESTRICTED = ["--user", "1000:1000", "--cap-drop", "all", "--security-opt", "no-new-privileges"]


def podman(*arguments, check=True):
    """Runs podman and returns the finished process, with its output as text."""
    process = subprocess.run(["podman", *arguments], capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    assert process.returncode == 0 or not check, process.stderr
    return process


def connector(*arguments, image=SIMULATOR_IMAGE, options=()):
    """Runs the connector in a container that mounts the configurations as /secrets."""
    return podman("run", "--rm", "--volume", f"{SECRETS}:/secrets:ro", *options, image, *arguments, check=False)


def shared(directory):
    """Lets the container's user, which does not exist on the host, read and write in a directory."""
    directory.chmod(0o777)
    return directory


def configure(*streams):
    """The configured catalog of these streams, or of all."""
    [message] = messages(connector("discover", "--config", "/secrets/config.json").stdout, "CATALOG")
    return {
        "streams": [
            {
                "stream": stream,
                "sync_mode": "incremental" if "incremental" in stream["supported_sync_modes"] else "full_refresh",
                "destination_sync_mode": "append_dedup",
                "primary_key": stream["source_defined_primary_key"],
                "cursor_field": stream.get("default_cursor_field", []),
            }
            for stream in message["catalog"]["streams"]
            if not streams or stream["name"] in streams
        ]
    }


def inspect(image, template):
    """A part of the image's description, as podman writes it by a Go template."""
    return podman("image", "inspect", "--format", template, image).stdout.strip()


def messages(output, kind):
    """The messages of a kind in an output. Every line must be a message."""
    return [message for message in map(json.loads, output.splitlines()) if message["type"] == kind]
