"""A simulated Dataverse environment in a process of its own, used through the Web API."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from decimal import Decimal
from pathlib import Path

TIMEOUT_SECONDS = 60
HEADERS = {"Accept": "application/json", "OData-MaxVersion": "4.0", "OData-Version": "4.0"}


class Refused(Exception):
    """A response of the Web API with a status of 400 or more."""

    def __init__(self, method: str, path: str, status: int, body: str):
        super().__init__(f"{method} {path}: {status} {body[:300]}")


class Environment:
    """Serves an environment with the given rows of each table until close is called."""

    def __init__(self, folder: Path, rows: int = 0, *options: str):
        folder.mkdir(parents=True, exist_ok=True)
        self.ca = folder / "ca.pem"
        self.config_path = folder / "config.json"
        self.process = subprocess.Popen(
            [os.environ["SIMULATOR"], "--address", "127.0.0.1:0", "--ca", str(self.ca), "--config", str(self.config_path),
             "--rows", str(rows), *options],
            stderr=subprocess.PIPE, text=True)
        self._wait()
        self.config = json.loads(self.config_path.read_text())
        self.url = self.config["url"]
        self.api = self.url + "/api/data/v9.2/"
        self._tls = ssl.create_default_context(cafile=str(self.ca))
        self._token = ""

    def _wait(self) -> None:
        """Waits for the line that names the configuration, the last that the server prints before it serves."""
        self.output = []
        watch = threading.Timer(TIMEOUT_SECONDS, self.process.kill)  # which ends its lines
        watch.start()
        try:
            for line in self.process.stderr:
                self.output.append(line)
                if line.startswith("config"):
                    return
        finally:
            watch.cancel()
        raise RuntimeError("the simulator did not start:\n" + "".join(self.output))

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(TIMEOUT_SECONDS)
        finally:
            self.process.kill()
            self.process.stderr.close()

    def sign_in(self) -> str:
        form = urllib.parse.urlencode({
            "grant_type": "client_credentials", "client_id": self.config["client_id"],
            "client_secret": self.config["client_secret_value"], "scope": self.url + "/.default"})
        address = f"{self.config['authority_host']}/{self.config['tenant_id']}/oauth2/v2.0/token"
        with urllib.request.urlopen(address, form.encode(), TIMEOUT_SECONDS, context=self._tls) as response:
            return json.load(response)["access_token"]

    def request(self, method: str, path: str, body: object = None, **headers: str):
        """Requests a path below the Web API, or an absolute link, and returns the headers and the JSON of the response. Numbers
        with a fraction arrive as Decimal, with the digits that the service sent."""
        self._token = self._token or self.sign_in()
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            path if path.startswith("https://") else self.api + path, data, method=method,
            headers={**HEADERS, "Authorization": "Bearer " + self._token, "Content-Type": "application/json",
                     **{name.replace("_", "-"): value for name, value in headers.items()}})
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS, context=self._tls) as response:
                text = response.read()
                return response.headers, json.loads(text, parse_float=Decimal) if text else None
        except urllib.error.HTTPError as error:
            raise Refused(method, path, error.code, error.read().decode(errors="replace")) from None

    def entity_set(self, table: str) -> str:
        return self.request("GET", f"EntityDefinitions(LogicalName='{table}')?$select=EntitySetName")[1]["EntitySetName"]

    def rows(self, table: str) -> list[dict]:
        """All rows of a table, without annotations."""
        found, link = [], self.entity_set(table)
        while link:
            page = self.request("GET", link)[1]
            found += [{k: v for k, v in row.items() if "@" not in k} for row in page["value"]]
            link = page.get("@odata.nextLink")
        return found

    def create(self, table: str, **values: object) -> str:
        headers, _ = self.request("POST", self.entity_set(table), values)
        return headers["OData-EntityId"].rsplit("(", 1)[1].rstrip(")")

    def update(self, table: str, key: str, **values: object) -> None:
        self.request("PATCH", f"{self.entity_set(table)}({key})", values, If_Match="*")

    def delete(self, table: str, key: str) -> None:
        self.request("DELETE", f"{self.entity_set(table)}({key})")

    def keys(self, table: str) -> list[str]:
        primary = self.request("GET", f"EntityDefinitions(LogicalName='{table}')?$select=PrimaryIdAttribute")[1]["PrimaryIdAttribute"]
        return [row[primary] for row in self.rows(table)]

    def change(self, table: str, column: str) -> tuple[set[str], set[str]]:
        """Creates five rows, changes ten in a text column, deletes three, and creates and deletes two. Returns the keys of
        the rows that were written and of those that were deleted."""
        keys = self.keys(table)
        written = {self.create(table, **{column: f"created {n}"}) for n in range(5)}
        for key in keys[:10]:
            self.update(table, key, **{column: "changed"})
        ghosts = {self.create(table, **{column: "ghost"}) for _ in range(2)}
        gone = ghosts | set(keys[-3:])
        for key in gone:
            self.delete(table, key)
        return written | set(keys[:10]), gone


def next_second() -> None:
    """Waits for the next whole second, the resolution of Dataverse's times."""
    time.sleep(1.0 - time.time() % 1.0)
