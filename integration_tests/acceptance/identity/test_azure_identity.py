"""Microsoft's azure-identity signs in on a simulated Microsoft Entra, and the connector signs in with the same credentials."""

from __future__ import annotations

import datetime
import json
import os
import ssl
import urllib.request

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CertificateCredential, ClientAssertionCredential, ManagedIdentityCredential, WorkloadIdentityCredential
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from connector import Connector
from environment import Environment

SUBJECT = "system:serviceaccount:airbyte:airbyte-admin"
PASSWORD = "P4ss wörd"


class Certificate:
    """A certificate with its key, signed by itself."""

    def __init__(self, name: str):
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        now = datetime.datetime.now(datetime.timezone.utc)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.made = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(self.key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=90)).sign(self.key, hashes.SHA256()))

    def pem(self, password: str | None = None) -> bytes:
        encryption = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
        return self.made.public_bytes(serialization.Encoding.PEM) + self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)

    def pfx(self, password: str) -> bytes:
        return pkcs12.serialize_key_and_certificates(
            b"airbyte", self.key, self.made, None, serialization.BestAvailableEncryption(password.encode()))


@pytest.fixture(scope="module")
def certificate():
    return Certificate("airbyte")


@pytest.fixture(scope="module")
def environment(certificate, tmp_path_factory):
    folder = tmp_path_factory.mktemp("environment")
    registered, token = folder / "registered.pem", folder / "token"
    registered.write_bytes(certificate.made.public_bytes(serialization.Encoding.PEM))
    made = Environment(folder / "simulator", 1, "--certificate", str(registered), "--federated-subject", SUBJECT,
                       "--token-file", str(token), "--managed-identity")
    made.token = token
    os.environ["REQUESTS_CA_BUNDLE"] = str(made.ca)
    yield made
    made.close()


@pytest.fixture
def options(environment):
    """What each credential needs on a sign-in host that is not Microsoft's."""
    return {"authority": environment.config["authority_host"], "disable_instance_discovery": True}


def who_am_i(environment, credential) -> dict:
    """Signs in, and calls the Web API with the token."""
    token = credential.get_token(environment.url + "/.default").token
    request = urllib.request.Request(environment.api + "WhoAmI", headers={"Authorization": "Bearer " + token})
    with urllib.request.urlopen(request, timeout=60, context=ssl.create_default_context(cafile=str(environment.ca))) as response:
        return json.load(response)


def ids(environment) -> list[str]:
    return [environment.config["tenant_id"], environment.config["client_id"]]


def check(environment, folder, credentials: dict, variables: dict | None = None, **changes: object) -> dict:
    """The connection status of a check with these credentials in place of the client secret."""
    config = {k: v for k, v in environment.config.items() if k != "client_secret_value"} | {"credentials": credentials} | changes
    run = Connector(folder, config, environment={"DATAVERSE_CA_FILE": str(environment.ca), **(variables or {})}).run("check")
    (status,) = run.of("CONNECTION_STATUS", "connectionStatus")
    return status


@pytest.mark.parametrize("chain", [True, False])
@pytest.mark.parametrize("form", ["PEM", "encrypted PEM", "PFX"])
def test_a_certificate_signs_in(environment, options, certificate, form, chain, tmp_path):
    data, password = {
        "PEM": (certificate.pem(), None), "encrypted PEM": (certificate.pem(PASSWORD), PASSWORD), "PFX": (certificate.pfx(PASSWORD), PASSWORD),
    }[form]
    credential = CertificateCredential(
        *ids(environment), certificate_data=data, password=password, send_certificate_chain=chain, **options)
    assert who_am_i(environment, credential)["UserId"]
    file = tmp_path / "certificate"
    file.write_bytes(data)
    credentials = {"auth_type": "client_certificate", "certificate_file_path": str(file), "send_certificate_chain": chain}
    if password:
        credentials["certificate_password"] = password
    assert check(environment, tmp_path, credentials) == {"status": "SUCCEEDED"}


def test_another_certificate_is_refused(environment, options, tmp_path):
    unknown = Certificate("unknown").pem()
    with pytest.raises(ClientAuthenticationError, match="AADSTS700027.*The key was not found"):
        who_am_i(environment, CertificateCredential(*ids(environment), certificate_data=unknown, **options))
    status = check(environment, tmp_path, {"auth_type": "client_certificate", "certificate": unknown.decode()})
    assert status["status"] == "FAILED" and "(AADSTS700027)" in status["message"]


def test_a_workload_signs_in(environment, options, tmp_path):
    tenant, client = ids(environment)
    credential = WorkloadIdentityCredential(tenant_id=tenant, client_id=client, token_file_path=str(environment.token), **options)
    assert who_am_i(environment, credential)["UserId"]
    assertion = environment.token.read_text()
    assert who_am_i(environment, ClientAssertionCredential(tenant, client, lambda: assertion, **options))["UserId"]
    variables = {"AZURE_FEDERATED_TOKEN_FILE": str(environment.token)}
    assert check(environment, tmp_path, {"auth_type": "workload_identity"}, variables) == {"status": "SUCCEEDED"}


def test_a_changed_token_is_refused(environment, options):
    header, claims, signature = environment.token.read_text().split(".")
    changed = ".".join([header, claims, signature[:-8] + ("A" * 8 if signature[-8:] != "A" * 8 else "B" * 8)])
    with pytest.raises(ClientAuthenticationError, match="AADSTS50013"):
        who_am_i(environment, ClientAssertionCredential(*ids(environment), lambda: changed, **options))


def test_a_managed_identity_signs_in(environment, monkeypatch, tmp_path):
    (line,) = [line for line in environment.output if line.startswith("identity")]
    variables = dict(variable.split("=", 1) for variable in line.split()[1:])
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert who_am_i(environment, ManagedIdentityCredential())["UserId"]
    assert check(environment, tmp_path, {"auth_type": "managed_identity"}, variables, tenant_id=None, client_id=None) == {"status": "SUCCEEDED"}
