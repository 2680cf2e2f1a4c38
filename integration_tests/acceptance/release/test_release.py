"""What a release holds, for two platforms."""

import hashlib
import os
import struct
import subprocess
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

DIRECTORY = Path(os.environ["RELEASE"])
VERSION = os.environ["VERSION"]
MACHINES = {"linux-amd64": 62, "linux-arm64": 183}  # EM_X86_64 and EM_AARCH64 of the ELF specification


@pytest.mark.parametrize("platform", MACHINES)
def test_the_binary_is_of_its_platform(platform):
    header = (DIRECTORY / f"source-microsoft-dataverse-{VERSION}-{platform}").read_bytes()[:20]
    assert (header[:4], struct.unpack("<H", header[18:20])[0]) == (b"\x7fELF", MACHINES[platform])


def test_the_binary_tells_its_version():
    binary = DIRECTORY / f"source-microsoft-dataverse-{VERSION}-linux-amd64"
    told = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    assert told.startswith(f"source-microsoft-dataverse {VERSION} linux/amd64 go")


@pytest.mark.parametrize("platform", MACHINES)
def test_the_bill_of_materials_is_valid(platform):
    bill = (DIRECTORY / f"source-microsoft-dataverse-{VERSION}-{platform}.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill) is None
    for library in ("microsoft-authentication-library-for-go", "go-retryablehttp", "bitstrapped/airbyte"):
        assert library in bill


def test_the_checksums_are_those_of_the_files():
    lines = (DIRECTORY / "checksums.txt").read_text().splitlines()
    told = {name: digest for digest, name in map(str.split, lines)}
    assert set(told) == {file.name for file in DIRECTORY.iterdir()} - {"checksums.txt"}
    for name, digest in told.items():
        assert hashlib.sha256((DIRECTORY / name).read_bytes()).hexdigest() == digest
