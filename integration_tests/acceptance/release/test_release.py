"""The files of a release, for all platforms."""

import hashlib
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

DIRECTORY = Path(os.environ["RELEASE"])
VERSION = os.environ["VERSION"]

# The first bytes of the binary of a platform: format and machine, by the specifications of ELF (EM_X86_64, EM_AARCH64), Mach-O
# (CPU_TYPE_X86_64, CPU_TYPE_ARM64) and PE (IMAGE_FILE_MACHINE_AMD64).
BEGINNINGS = {
    "linux-amd64": rb"\x7fELF.{14}\x3e\x00",
    "linux-arm64": rb"\x7fELF.{14}\xb7\x00",
    "darwin-amd64": rb"\xcf\xfa\xed\xfe\x07\x00\x00\x01",
    "darwin-arm64": rb"\xcf\xfa\xed\xfe\x0c\x00\x00\x01",
    "windows-amd64": rb"MZ.{,510}?PE\x00\x00\x64\x86",
}


def binary(platform):
    return DIRECTORY / f"source-microsoft-dataverse-{VERSION}-{platform}{'.exe' if platform.startswith('windows') else ''}"


@pytest.mark.parametrize("platform", BEGINNINGS)
def test_the_binary_is_for_its_platform(platform):
    assert re.match(BEGINNINGS[platform], binary(platform).read_bytes()[:1024], re.DOTALL)


def test_the_binary_prints_its_version():
    output = subprocess.run([binary("linux-amd64"), "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
    assert output.startswith(f"source-microsoft-dataverse {VERSION} linux/amd64 go")


@pytest.mark.parametrize("platform", BEGINNINGS)
def test_the_bill_of_materials_is_valid(platform):
    bill = (DIRECTORY / f"source-microsoft-dataverse-{VERSION}-{platform}.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill) is None
    for library in ("microsoft-authentication-library-for-go", "go-retryablehttp", "bitstrapped/airbyte"):
        assert library in bill


def test_the_notices_cover_every_library_of_every_platform():
    notices = (DIRECTORY / "THIRD_PARTY_NOTICES.txt").read_text()
    for platform in BEGINNINGS:
        bill = json.loads((DIRECTORY / f"source-microsoft-dataverse-{VERSION}-{platform}.cdx.json").read_text())
        for library in bill["components"]:
            assert library["name"] == "std" or f"\n{library['name']} {library['version']}\n" in notices
    assert "Mozilla Public License, version 2.0" in notices and "The Go Authors" in notices


def test_the_checksums_are_those_of_the_files():
    lines = (DIRECTORY / "checksums.txt").read_text().splitlines()
    listed = {name: digest for digest, name in map(str.split, lines)}
    assert set(listed) == {file.name for file in DIRECTORY.iterdir()} - {"checksums.txt"}
    for name, digest in listed.items():
        assert hashlib.sha256((DIRECTORY / name).read_bytes()).hexdigest() == digest


def test_the_notes_are_the_changelogs_section_of_the_version(tmp_path):
    changelog = tmp_path / "CHANGELOG.md"
    changelog.write_text("# Changelog\n\n## Unreleased\n\n- c\n\n## [1.0.1] - 2026-02-01\n\n### Fixed\n\n- b\n\n## [1.0.0] - 2026-01-01\n\n- a\n")

    def notes(version):
        return subprocess.run([Path(__file__).with_name("notes"), version, changelog], capture_output=True, text=True, timeout=60)

    assert notes("1.0.1").stdout.strip() == "### Fixed\n\n- b"
    assert notes("1.0.0").stdout.strip() == "- a"
    assert notes("1.0").returncode == 1
