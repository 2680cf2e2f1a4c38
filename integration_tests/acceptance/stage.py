"""Lays out a connector's directory as Airbyte's test suites expect it, with configurations of the simulator as secrets.

    stage.py CONFIG ROOT

CONFIG is a configuration that works. The layout is a copy, so that no suite writes into the checkout or touches the
secrets in it.
"""

import json
import shutil
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
FILES = ["acceptance-test-config.yml", "metadata.yaml", "spec.json", "icon.svg"]

# Tables of the simulator whose rows cannot be read: one for lack of a privilege, one by its nature.
UNREADABLE = ["plugintracelog", "postregarding"]


def configurations(working):
    """The configurations that acceptance-test-config.yml names, by file name, made of one that works."""
    return {
        "config.json": {**working, "odata_maxpagesize": 25, "exclude_tables": UNREADABLE},
        "few_tables.json": {
            **working,
            "url": working["url"] + "/main.aspx?appid=1",
            "include_tables": ["account", "CONTACT", "contoso_*"],
            "exclude_tables": ["contoso_?hild"],
            "on_expired_token": "fail",
        },
        "wrong_secret.json": {**working, "client_secret_value": "not-the-value-of-a-client-secret"},
        "unknown_client.json": {**working, "client_id": "00000000-0000-0000-0000-000000000002"},
        "unknown_tenant.json": {**working, "tenant_id": "00000000-0000-0000-0000-000000000001"},
        "no_tables.json": {**working, "include_tables": ["nothing_*"]},
        "unknown_environment.json": {**working, "url": "https://127.0.0.1:1"},
        "no_sign_in.json": {**working, "authority_host": "https://127.0.0.1:1"},
    }


def main(config, root):
    for name in FILES:
        shutil.copy(REPOSITORY / name, root / name)
    (root / "integration_tests").mkdir()
    for file in (REPOSITORY / "integration_tests").glob("*.json"):
        shutil.copy(file, root / "integration_tests")
    (root / "secrets").mkdir()
    for name, content in configurations(json.loads(config.read_text())).items():
        (root / "secrets" / name).write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
