"""Runs Airbyte's Python connector against an environment that is not Microsoft's.

The connector knows one sign-in host, and its sessions ignore the variables that name certificates. So the sign-in host is
taken from DATAVERSE_AUTHORITY, and the certificate authority of DATAVERSE_CA_FILE is trusted. Nothing else is changed.
"""

import os
import sys
from urllib.parse import urlsplit

import certifi

certifi.where = lambda: os.environ["DATAVERSE_CA_FILE"]  # before requests imports the name
for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
    os.environ.pop(variable, None)

from source_microsoft_dataverse.dataverse import MicrosoftOauth2Authenticator  # noqa: E402
from source_microsoft_dataverse.run import run  # noqa: E402

endpoint = MicrosoftOauth2Authenticator.get_token_refresh_endpoint


def moved(self: MicrosoftOauth2Authenticator) -> str:
    return os.environ["DATAVERSE_AUTHORITY"] + urlsplit(endpoint(self)).path


MicrosoftOauth2Authenticator.get_token_refresh_endpoint = moved

if __name__ == "__main__":
    sys.exit(run())
