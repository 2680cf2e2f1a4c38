"""What Airbyte's registry requires of a connector: a metadata.yaml of the published model, documentation in its form, an icon.

Each check is run as it is, but without the filter that skips connectors in Go or with few users in Airbyte's cloud.
"""

import os
from pathlib import Path

import pytest
from checks import ENABLED, PRE_UPLOAD_VALIDATORS, CheckStatus, Connector, ValidatorOptions, validate_and_load

NAME = "source-microsoft-dataverse"

# The checks that do not apply to this connector.
OTHERS = {
    "CheckDocumentationLinks": "requests all links, which CI cannot reach; docs_test.go checks links between documents",
    "ValidateMetadata": "asks an image registry for published versions; test_the_metadata_fits_the_published_model does the rest",
    "CheckForAirbyteCloudSectionContent": "prescribes steps for Airbyte Cloud, which does not run custom Docker connectors",
    "CheckConnectorLanguageTag": "recognizes Python, Java and manifests by their files, and no other language",
    "CheckConnectorCDKTag": "is about connectors in Python",
    "CheckConnectorUsesPoetry": "is about connectors in Python",
    "CheckConnectorLicenseMatchInPyproject": "is about connectors in Python",
    "CheckConnectorVersionMatchInPyproject": "is about connectors in Python",
    "CheckPublishToPyPiIsDeclared": "is about connectors in Python",
    "CheckManifestOnlyConnectorBaseImage": "is about connectors that are a manifest",
    "CheckConnectorUsesPythonBaseImage": "is about connectors in Python",
    "CheckConnectorMaxSecondsBetweenMessagesValue": "is about certified connectors",
}


def name_of(check):
    return type(check).__name__


@pytest.fixture(autouse=True)
def airbytes_repository(monkeypatch):
    """The checks look for a connector where Airbyte's repository has it."""
    monkeypatch.chdir(os.environ["AIRBYTE_REPOSITORY"])


def test_the_metadata_fits_the_published_model():
    connector = Connector(NAME)
    options = ValidatorOptions(docs_path=str(connector.documentation_file_path), disable_dockerhub_checks=True)
    model, error = validate_and_load(connector.metadata_file_path, PRE_UPLOAD_VALIDATORS, options)
    assert model is not None, error


@pytest.mark.parametrize("check", [check for check in ENABLED if name_of(check) not in OTHERS], ids=name_of)
def test_the_check_passes(check):
    result = check._run(Connector(NAME))
    assert result.status is CheckStatus.PASSED, result.message


def test_the_checks_that_are_left_out_exist():
    assert set(OTHERS) <= {name_of(check) for check in ENABLED}


def test_the_icon_is_a_square():
    icon = Path(Connector(NAME).icon_path).read_text()
    assert 'viewBox="0 0 256 256"' in icon and 'width="256" height="256"' in icon
