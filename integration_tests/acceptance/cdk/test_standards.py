"""Airbyte's standard tests of a source, on a connector that is an executable file and an image.

The suite is airbyte_cdk.test.standard_tests (https://github.com/airbytehq/airbyte-python-cdk). It expects a connector in
Python, which it runs by one function; that function is replaced by one that runs CONNECTOR. Its tests of images run
the `docker` on the PATH.
"""

import os
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from airbyte_cdk.test import entrypoint_wrapper
from airbyte_cdk.test.standard_tests import docker_base
from airbyte_cdk.test.standard_tests._spec_compatibility import PublishedSpec
from airbyte_cdk.test.standard_tests.source_base import SourceTestSuiteBase

CONNECTOR = os.environ.get("CONNECTOR")
CONNECTOR_ROOT = Path(os.environ["CONNECTOR_ROOT"])
TIMEOUT_SECONDS = 120


def run_connector(source, args, expecting_exception=None, *, expected_outcome=None):
    """Replaces entrypoint_wrapper._run_command."""
    process = subprocess.run([CONNECTOR, *args], capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    error = None
    if process.returncode != 0:
        error = subprocess.CalledProcessError(process.returncode, args, process.stdout, process.stderr)
    return entrypoint_wrapper.EntrypointOutput(
        messages=[line for line in process.stdout.split("\n") if line],
        stderr=process.stderr,
        uncaught_exception=error,
        command=args,
    )


def published_spec(docker_repository, registry, version="latest"):
    """Replaces the look-up in Airbyte's registry, which is a service. The package of the published connector contains the same
    specification. Its version numbers are unrelated to ours, so the version returned is only lower than ours."""
    text = files("source_microsoft_dataverse").joinpath("spec.yaml").read_text()
    return PublishedSpec(version="0.0.0", spec=yaml.safe_load(text), url="spec.yaml of airbyte-source-microsoft-dataverse")


class Executable:
    """Satisfies the suite's interface of a connector, whose only method is never called."""

    def spec(self, logger):
        raise NotImplementedError


class TestStandards(SourceTestSuiteBase):
    connector = Executable

    @classmethod
    def get_connector_root_dir(cls):
        return CONNECTOR_ROOT

    @pytest.fixture(autouse=True)
    def ours(self, monkeypatch):
        monkeypatch.setattr(entrypoint_wrapper, "_run_command", run_connector)
        monkeypatch.setattr(docker_base, "fetch_published_spec", published_spec)
