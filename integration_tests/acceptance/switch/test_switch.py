"""Users of Airbyte's Python connector switch to this one with their configuration, their saved state and, with a scheduler of
their own, their configured catalog. docs/switching.md lists the differences, and these tests verify it."""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path

import pytest

from connector import Connector, configured
from environment import Environment, next_second

TABLES = {"account": "name", "contact": "lastname", "contoso_everything": "contoso_name", "task": "subject"}  # each with a column of text
GUIDE = (Path(__file__).parents[3] / "docs" / "switching.md").read_text()
LAUNCH = Path(__file__).parents[1] / "python_connector" / "launch.py"


class Switch:
    """An environment, and both connectors with the same configuration."""

    def __init__(self, folder: Path):
        self.environment = Environment(folder, rows=120)
        config = {**self.environment.config, "odata_maxpagesize": 50}
        trust = {"DATAVERSE_CA_FILE": str(self.environment.ca)}
        moved = {**trust, "DATAVERSE_AUTHORITY": config["authority_host"]}
        self.python = Connector(folder / "python", config, [os.environ["PYTHON_CONNECTOR"], str(LAUNCH)], moved)
        self.ours = Connector(folder / "ours", {**config, "metadata_streams": False}, environment=trust)
        self.theirs, self.discovered = self.python.discover(), self.ours.discover()

    def differ(self, table: str) -> dict[str, set[str]]:
        """The columns that only the Python connector declares, those that only this one declares, and those whose type differs."""
        theirs, ours = (streams[table]["json_schema"]["properties"] for streams in (self.theirs, self.discovered))
        both = theirs.keys() & ours.keys()
        return {"removed": theirs.keys() - ours.keys(), "added": ours.keys() - theirs.keys(), "changed": {c for c in both if theirs[c] != ours[c]}}

    def key(self, table: str) -> str:
        return self.theirs[table]["source_defined_primary_key"][0][0]


@pytest.fixture(scope="module")
def switch(tmp_path_factory):
    made = Switch(tmp_path_factory.mktemp("switch"))
    yield made
    made.environment.close()


def split(records: list[dict], key: str) -> tuple[set[str], set[str]]:
    """The keys of rows and of deletions, each of which occurs once."""
    rows = [r[key] for r in records if not r.get("_ab_cdc_deleted_at")]
    deletions = [r[key] for r in records if r.get("_ab_cdc_deleted_at")]
    assert len(set(rows)) == len(rows) and len(set(deletions)) == len(deletions)
    return set(rows), set(deletions)


def test_the_configuration_remains_valid(switch):
    for connector in (switch.python, switch.ours):
        (status,) = connector.run("check").of("CONNECTION_STATUS", "connectionStatus")
        assert status["status"] == "SUCCEEDED", status
    (spec,) = switch.ours.run("spec").of("SPEC", "spec")
    assert set(spec["connectionSpecification"]["required"]) <= set(switch.environment.config)


def test_every_stream_that_could_be_read_is_offered(switch):
    assert set(switch.theirs) - set(switch.discovered) == {"sharepointdocument"}, "which has no entity set"


def test_no_column_is_lost_but_contents(switch):
    names = sorted(switch.discovered)
    catalog = configured(switch.theirs, *(n for n in names if n not in ("postregarding", "plugintracelog")), mode="full_refresh")
    read = switch.python.read(catalog)
    for stream in (s["stream"]["name"] for s in catalog["streams"]):
        seen = {column for row in read.records(stream) for column in row if "@" not in column}
        assert switch.differ(stream)["removed"] & seen <= {"documentbody", "body"}, stream


def test_the_next_sync_carries_exactly_the_changes_since(switch):
    catalog = configured(switch.theirs, *TABLES)
    state = switch.python.read(catalog).states()
    assert {s["stream"]["stream_descriptor"]["name"] for s in state} == set(TABLES)
    next_second()
    wanted = {table: switch.environment.change(table, column) for table, column in TABLES.items()}

    theirs = switch.python.read(catalog, state)
    ours = switch.ours.read(catalog, state)
    for table in TABLES:
        assert split(ours.records(table), switch.key(table)) == wanted[table], table
        assert split(theirs.records(table), switch.key(table)) == wanted[table], f"{table}, by the Python connector itself"
        assert_deletions_win(ours.records(table))

    again = switch.ours.read(catalog, ours.states())
    assert not again.of("RECORD", "record"), "the state is now the connector's own"
    refreshed = switch.ours.read(configured(switch.discovered, *TABLES), ours.states())
    assert not refreshed.of("RECORD", "record"), "the state remains valid with the connector's own catalog"


def test_a_new_connection_carries_exactly_the_changes_since(switch):
    """On the platform this connector discovers the catalog, and the state is that of the Python connector."""
    others = ("contoso_sensordata", "team")
    before = switch.python.read(configured(switch.theirs, *TABLES, *others))
    next_second()
    wanted = {table: switch.environment.change(table, column) for table, column in TABLES.items()}

    catalog = configured(switch.discovered, *TABLES, *others)
    read = switch.ours.read(catalog, before.states())
    for stream in catalog["streams"][:len(TABLES)]:
        table = stream["stream"]["name"]
        assert (stream["sync_mode"], stream["cursor_field"]) == ("incremental", ["_ab_cdc_updated_at"])
        assert split(read.records(table), switch.key(table)) == wanted[table], table
        assert_later_than(before.records(table), read.records(table), switch.key(table))
        added = {column for row in read.records(table) for column in row} & switch.differ(table)["added"]
        assert added == switch.differ(table)["added"], table
    for table in others:
        assert len(read.records(table)) == len(switch.environment.rows(table)), f"{table} changes its sync mode, so it is read in full"

    again = switch.ours.read(catalog, read.states())
    assert {r["stream"] for r in again.of("RECORD", "record")} <= {"contoso_sensordata"}, "which is full refresh only"


def assert_deletions_win(records: list[dict]) -> None:
    """With the old catalog destinations compare modifiedon: that of a deletion must be later than that of every row."""
    newest = max(r["modifiedon"] for r in records if not r.get("_ab_cdc_deleted_at"))
    for deletion in (r for r in records if r.get("_ab_cdc_deleted_at")):
        assert deletion["modifiedon"].endswith("Z") and deletion["modifiedon"] > newest


def assert_later_than(before: list[dict], after: list[dict], key: str) -> None:
    """With the new catalog every version of a row, including its deletion, is newer than what the Python connector sent."""
    former = {row[key]: datetime.fromisoformat(row["_ab_cdc_updated_at"]) for row in before}
    known = [row for row in after if row[key] in former]
    assert len(known) == 13, "ten rows changed and three are gone"
    for row in known:
        assert datetime.fromisoformat(row["_ab_cdc_updated_at"]) > former[row[key]]


def test_rows_keep_their_values(switch):
    catalog = configured(switch.theirs, *TABLES, mode="full_refresh")
    theirs, ours = switch.python.read(catalog), switch.ours.read(catalog)
    for table in TABLES:
        key = switch.key(table)
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


def test_the_guide_names_each_setting(switch):
    (spec,) = switch.ours.run("spec").of("SPEC", "spec")
    for setting in spec["connectionSpecification"]["properties"]:
        assert f"`{setting}`" in GUIDE


# The beginning of the row in the guide, for each kind of column that is removed, added or changes its type.
ROWS = {
    "removed": {
        "OwnerType": "owner, ",
        "CustomerType": "customer, ",
        "StringType of another column": "name of the row that a lookup refers to, ",
        "EntityNameType of another column": "table that a lookup refers to, ",
        "PartyListType": "parties of activities, ",
        "CalendarRulesType": "rules of a calendar, ",
        "StringType": "bodies of notes and attachments, ",
        "not readable": "columns that cannot be read, ",
        "_ab_cdc_updated_at": "elastic tables",
        "_ab_cdc_deleted_at": "elastic tables",
    },
    "added": {
        "OwnerType": "owner, ",
        "CustomerType": "customer, ",
        "MultiSelectPicklistType": "multi-select choices, ",
        "FileType": "files, ",
        "_ab_cdc_updated_at": "tables that are tracked and whose tracking cannot be turned off, ",
        "_ab_cdc_deleted_at": "tables that are tracked and whose tracking cannot be turned off, ",
    },
    "changed": {
        "ManagedPropertyType": "managed properties",
        "DateTimeType": "time-zone independent date and time",
        "_ab_cdc_updated_at": "`_ab_cdc_updated_at` of a row",
        "_ab_cdc_deleted_at": "`_ab_cdc_deleted_at`",
    },
}


def kinds(environment: Environment, table: str) -> dict[str, str]:
    """The kind of each column of a table, by each name that it can have in a stream."""
    path = f"EntityDefinitions(LogicalName='{table}')/Attributes?$select=LogicalName,AttributeTypeName,AttributeOf,IsValidForRead"
    found = {name: name for name in ("_ab_cdc_updated_at", "_ab_cdc_deleted_at")}
    for attribute in environment.request("GET", path)[1]["value"]:
        kind = attribute["AttributeTypeName"]["Value"] + (" of another column" if attribute["AttributeOf"] else "")
        name = attribute["LogicalName"]
        found[name] = found[f"_{name}_value"] = kind if attribute["IsValidForRead"] else "not readable"
    return found


def test_the_guide_lists_each_kind_of_column_that_differs(switch):
    found = {what: {} for what in ROWS}
    for table in switch.discovered:
        kind = kinds(switch.environment, table)
        for what, columns in switch.differ(table).items():
            found[what].update({kind[column]: f"{table}.{column}" for column in columns})
    starts = re.findall(r"^\| (.*?) \|", GUIDE, re.M)
    for what, rows in ROWS.items():
        assert found[what].keys() == rows.keys(), f"{what}: {found[what]}"
        for kind, row in rows.items():
            assert any(start.startswith(row) for start in starts), f"{kind}, such as {found[what][kind]}, is {what} without a row"
