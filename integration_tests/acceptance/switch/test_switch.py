"""Users of Airbyte's Python connector change over to this one, with what they have: the configuration, the configured
catalog and the saved state. docs/switching.md tells them what becomes different, and these tests hold it to that."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from connector import Connector, configured
from environment import Environment, next_second

TABLES = ("account", "contact", "contoso_everything", "task")
LAUNCH = Path(__file__).parents[1] / "python_connector" / "launch.py"


class Switch:
    """An environment with both connectors beside it, which read one and the same configuration."""

    def __init__(self, folder: Path):
        self.environment = Environment(folder, rows=120)
        config = {**self.environment.config, "odata_maxpagesize": 50}
        trust = {"DATAVERSE_CA_FILE": str(self.environment.ca)}
        moved = {**trust, "DATAVERSE_AUTHORITY": config["authority_host"]}
        self.python = Connector(folder / "python", config, [os.environ["PYTHON_CONNECTOR"], str(LAUNCH)], moved)
        self.ours = Connector(folder / "ours", config, environment=trust)
        self.theirs = self.python.discover()

    def differ(self, table: str) -> tuple[set[str], set[str]]:
        """The columns that only the Python connector declares, and those that only this one does."""
        theirs, ours = (set(s[table]["json_schema"]["properties"]) for s in (self.theirs, self.ours.discover()))
        return theirs - ours, ours - theirs


@pytest.fixture(scope="module")
def switch(tmp_path_factory):
    made = Switch(tmp_path_factory.mktemp("switch"))
    yield made
    made.environment.close()


def change(environment: Environment, table: str, name: str) -> tuple[set[str], set[str]]:
    """Five rows are created, ten changed, three deleted, and two come and go. Gives what was written and what is gone."""
    keys = environment.keys(table)
    written = {environment.create(table, **{name: f"created {n}"}) for n in range(5)}
    for key in keys[:10]:
        environment.update(table, key, **{name: "changed"})
    ghosts = {environment.create(table, **{name: "ghost"}) for _ in range(2)}
    gone = ghosts | set(keys[-3:])
    for key in gone:
        environment.delete(table, key)
    return written | set(keys[:10]), gone


def split(records: list[dict], key: str) -> tuple[set[str], set[str]]:
    """The keys of rows and of deletions, each of which stands there once."""
    rows = [r[key] for r in records if not r.get("_ab_cdc_deleted_at")]
    deletions = [r[key] for r in records if r.get("_ab_cdc_deleted_at")]
    assert len(set(rows)) == len(rows) and len(set(deletions)) == len(deletions)
    return set(rows), set(deletions)


def test_the_configuration_is_taken_over(switch):
    for connector in (switch.python, switch.ours):
        (status,) = connector.run("check").of("CONNECTION_STATUS", "connectionStatus")
        assert status["status"] == "SUCCEEDED", status
    (spec,) = switch.ours.run("spec").of("SPEC", "spec")
    assert set(spec["connectionSpecification"]["required"]) <= set(switch.environment.config)


def test_each_stream_is_offered_that_could_be_read(switch):
    assert set(switch.theirs) - set(switch.ours.discover()) == {"sharepointdocument"}, "which has no entity set"


def test_no_column_is_lost_that_ever_had_a_value(switch):
    names = sorted(switch.ours.discover())
    catalog = configured(switch.theirs, *(n for n in names if n not in ("postregarding", "plugintracelog")), mode="full_refresh")
    read = switch.python.read(catalog)
    for stream in (s["stream"]["name"] for s in catalog["streams"]):
        seen = {column for row in read.records(stream) for column in row if "@" not in column}
        misnamed, _ = switch.differ(stream)
        assert not misnamed & seen, stream


def test_the_next_sync_carries_exactly_the_changes_since(switch):
    catalog = configured(switch.theirs, *TABLES)
    state = switch.python.read(catalog).states()
    assert {s["stream"]["stream_descriptor"]["name"] for s in state} == set(TABLES)
    next_second()
    names = {"account": "name", "contact": "lastname", "contoso_everything": "contoso_name", "task": "subject"}
    wanted = {table: change(switch.environment, table, names[table]) for table in TABLES}

    theirs = switch.python.read(catalog, state)
    ours = switch.ours.read(catalog, state)
    for table in TABLES:
        key = switch.theirs[table]["source_defined_primary_key"][0][0]
        assert split(ours.records(table), key) == wanted[table], table
        assert split(theirs.records(table), key) == wanted[table], f"{table}, by the Python connector itself"
        assert_deletions_win(ours.records(table))

    again = switch.ours.read(catalog, ours.states())
    assert not again.of("RECORD", "record"), "from there on the state is the connector's own"


def assert_deletions_win(records: list[dict]) -> None:
    """Under the old catalog rows are told apart by modifiedon: a deletion has to be newer there than every row."""
    newest = max(r["modifiedon"] for r in records if not r.get("_ab_cdc_deleted_at"))
    for deletion in (r for r in records if r.get("_ab_cdc_deleted_at")):
        assert deletion["modifiedon"].endswith("Z") and deletion["modifiedon"] > newest


def test_rows_have_the_values_that_they_had(switch):
    catalog = configured(switch.theirs, *TABLES, mode="full_refresh")
    theirs, ours = switch.python.read(catalog), switch.ours.read(catalog)
    for table in TABLES:
        key = switch.theirs[table]["source_defined_primary_key"][0][0]
        expected = {row[key]: row for row in theirs.records(table)}
        rows = ours.records(table)
        assert {row[key] for row in rows} == set(expected)
        for row in rows:
            for column in row.keys() - {"_ab_cdc_updated_at", "_ab_cdc_deleted_at"}:
                assert row[column] == expected[row[key]][column], f"{table}.{column}"


def test_a_state_without_a_token_means_a_first_sync(switch):
    catalog = configured(switch.theirs, "task")
    state = [{"type": "STREAM", "stream": {"stream_descriptor": {"name": "task", "namespace": None},
                                           "stream_state": {"$deltatoken": "None"}}}]
    assert len(switch.ours.read(catalog, state).records("task")) == len(switch.environment.rows("task"))


def test_the_guide_names_each_kind_of_column_that_goes_or_comes(switch):
    guide = (Path(__file__).parents[3] / "docs" / "switching.md").read_text()
    (spec,) = switch.ours.run("spec").of("SPEC", "spec")
    for setting in spec["connectionSpecification"]["properties"]:
        assert f"`{setting}`" in guide
    gone, come = switch.differ("account")
    for column in ("ownerid", "createdbyname", "owneridtype", "isprivate"):
        assert column in gone and f"`{column}`" in guide
    for column in ("_ownerid_value", "entityimage"):
        assert column in come and f"`{column}`" in guide
    gone, come = switch.differ("contoso_everything")
    assert {"contoso_customer", "contoso_parties"} <= gone
    assert {"_contoso_customer_value", "contoso_choices", "contoso_document", "contoso_photo"} <= come
    assert switch.ours.discover()["account"]["default_cursor_field"] == ["_ab_cdc_updated_at"]
