"""Microsoft's Python SDK for Dataverse works on a simulated environment, and its changes arrive through the connector as
records and deletions."""

from __future__ import annotations

import os
from enum import IntEnum

import pytest
from azure.identity import ClientSecretCredential
from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.errors import HttpError, MetadataError
from PowerPlatform.Dataverse.models.filters import col
from PowerPlatform.Dataverse.models.relationship import ManyToManyRelationshipMetadata
from PowerPlatform.Dataverse.models.upsert import UpsertItem

from connector import Connector, configured
from environment import Environment, next_second


class Priority(IntEnum):
    Low = 1
    High = 2


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    made = Environment(tmp_path_factory.mktemp("environment"), rows=40)
    yield made
    made.close()


@pytest.fixture(scope="module")
def connector(environment, tmp_path_factory):
    return Connector(tmp_path_factory.mktemp("connector"), environment.config, environment={"DATAVERSE_CA_FILE": str(environment.ca)})


@pytest.fixture(scope="module")
def client(environment):
    os.environ["REQUESTS_CA_BUNDLE"] = str(environment.ca)
    credential = ClientSecretCredential(
        environment.config["tenant_id"], environment.config["client_id"], environment.config["client_secret_value"],
        authority=environment.config["authority_host"], disable_instance_discovery=True)
    with DataverseClient(environment.url, credential) as made:
        yield made


class Sync:
    """Reads a table with the connector, and then only its changes."""

    def __init__(self, connector: Connector, table: str, key: str):
        self.connector, self.table, self.key = connector, table, key
        self.catalog = configured(connector.discover(), table)
        assert self.catalog["streams"][0]["sync_mode"] == "incremental"
        self.state = connector.read(self.catalog).states()

    def changes(self) -> tuple[dict[str, dict], set[str]]:
        """The rows that were written since the last time, by key, and the keys of those that were deleted."""
        next_second()
        read = self.connector.read(self.catalog, self.state)
        self.state = read.states()
        records = read.records(self.table)
        rows = {r[self.key]: r for r in records if not r["_ab_cdc_deleted_at"]}
        return rows, {r[self.key] for r in records if r["_ab_cdc_deleted_at"]}


@pytest.fixture(scope="module")
def synced(connector):
    return Sync(connector, "account", "accountid")


@pytest.fixture
def accounts(synced):
    synced.changes()  # those that other tests have made
    return synced


def test_a_wrong_secret_does_not_sign_in(environment):
    os.environ["REQUESTS_CA_BUNDLE"] = str(environment.ca)
    credential = ClientSecretCredential(
        environment.config["tenant_id"], environment.config["client_id"], "mistaken",
        authority=environment.config["authority_host"], disable_instance_discovery=True)
    with pytest.raises(Exception, match="AADSTS7000215"):
        credential.get_token(environment.url + "/.default")


def test_tables_and_columns_are_described(client):
    names = {t["LogicalName"] for t in client.tables.list()}
    assert {"account", "contoso_everything"} <= names
    info = client.tables.get("contoso_Everything")
    assert (info.entity_set_name, info.primary_id_attribute) == ("contoso_everythings", "contoso_everythingid")
    columns = {c["LogicalName"]: c for c in client.tables.list_columns("contoso_everything")}
    assert columns["contoso_decimal"]["@odata.type"] == "#Microsoft.Dynamics.CRM.DecimalAttributeMetadata"
    typed = {c["LogicalName"]: c for c in client.tables.list_columns("contoso_everything", typed=True)}
    assert typed["contoso_name"]["MaxLength"] == 100
    assert client.tables.get_column("account", "nothing") is None
    assert {r["SchemaName"] for r in client.tables.list_table_relationships("contoso_child")}


def test_rows_are_created_changed_and_deleted(client, accounts):
    key = client.records.create("account", {"name": "Fabrikam", "numberofemployees": 7, "industrycode": "Accounting"})
    client.records.update("account", key, {"telephone1": "+1 555 0100"})
    gone = client.records.create("account", {"name": "gone"})
    client.records.delete("account", gone)
    row = client.records.retrieve("account", key, select=["name", "telephone1", "industrycode"])
    assert (row["name"], row["telephone1"], row["industrycode"]) == ("Fabrikam", "+1 555 0100", 1)
    with pytest.raises(HttpError) as refused:
        client.records.update("account", gone, {"name": "back"})
    assert refused.value.status_code == 404
    rows, deleted = accounts.changes()
    assert rows.keys() == {key} and rows[key]["numberofemployees"] == 7 and rows[key]["industrycode"] == 1
    assert deleted == {gone}


def test_rows_are_written_in_bulk(client, accounts):
    keys = client.records.create("account", [{"name": f"bulk {n}"} for n in range(8)])
    assert len(set(keys)) == 8
    client.records.update("account", keys[:3], {"websiteurl": "https://example.com"})
    client.records.update("account", keys[3:5], [{"fax": "1"}, {"fax": "2"}])
    assert client.records.delete("account", keys[6:], use_bulk_delete=True)
    rows, deleted = accounts.changes()
    assert rows.keys() == set(keys[:6]) and deleted == set(keys[6:])
    assert [rows[k]["websiteurl"] for k in keys[:4]] == ["https://example.com"] * 3 + [None]
    assert [rows[k]["fax"] for k in keys[3:5]] == ["1", "2"]


def test_rows_are_upserted_by_an_alternate_key(client, accounts):
    made = client.tables.create_alternate_key("account", "new_number_key", ["accountnumber"], display_name="Number")
    try:
        (listed,) = client.tables.get_alternate_keys("account")
        assert (listed.metadata_id, listed.key_attributes, listed.status) == (made.metadata_id, ["accountnumber"], "Active")
        client.records.upsert("account", [UpsertItem(alternate_key={"accountnumber": "K-1"}, record={"name": "first"})])
        client.records.upsert("account", [
            UpsertItem(alternate_key={"accountnumber": "K-1"}, record={"name": "first again"}),
            UpsertItem(alternate_key={"accountnumber": "K-2"}, record={"name": "second"})])
        with pytest.raises(HttpError, match="new_number_key violated"):
            client.records.create("account", {"name": "third", "accountnumber": "K-2"})
        rows, deleted = accounts.changes()
        assert {(r["accountnumber"], r["name"]) for r in rows.values()} == {("K-1", "first again"), ("K-2", "second")} and not deleted
    finally:
        client.tables.delete_alternate_key("account", made.metadata_id)
    assert client.tables.get_alternate_keys("account") == []


def test_rows_are_listed_page_by_page(client, environment):
    pages = list(client.records.list_pages("contact", select=["lastname"], page_size=15))
    assert [len(page.records) for page in pages] == [15, 15, 10]
    assert {r["contactid"] for page in pages for r in page.records} == set(environment.keys("contact"))
    first = client.records.list("contact", select=["lastname"], orderby=["lastname desc"], top=3)
    assert len(first.records) == 3


def test_rows_are_found_by_conditions(client):
    keys = client.records.create("contoso_everything", [{"contoso_name": f"found {n}", "contoso_integer": 9_000_000 + n} for n in range(5)])

    def found(condition) -> set[int]:
        query = client.query.builder("contoso_everything").select("contoso_name").where(condition & col("contoso_name").startswith("found"))
        return {keys.index(row["contoso_everythingid"]) for row in query.execute()}

    assert found(col("contoso_integer") >= 9_000_003) == {3, 4}
    assert found(col("contoso_name").in_(["found 0", "found 2"])) == {0, 2}
    assert found(col("contoso_integer").not_in([9_000_000, 9_000_001])) == {2, 3, 4}
    assert found(col("contoso_integer").between(9_000_001, 9_000_002)) == {1, 2}
    assert found(~(col("contoso_name").like("%3") | col("contoso_decimal").is_not_null())) == {0, 1, 2, 4}


def test_rows_are_queried(client):
    client.records.create("account", {"name": "Queried", "revenue": 5000})
    found = client.query.sql("SELECT name, revenue FROM account WHERE name = 'Queried'")
    assert [(r["name"], r["revenue"]) for r in found] == [("Queried", 5000)]
    top = client.query.sql("SELECT TOP 5 name FROM account ORDER BY name DESC")
    assert len(top) == 5 and [r["name"] for r in top] == sorted((r["name"] for r in top), reverse=True)
    (counted,) = client.query.sql("SELECT COUNT(*) AS total FROM contact")
    assert counted["total"] == 40
    with_parent = client.records.list("contact", select=["lastname"], expand=["parentcustomerid_account($select=name)"], top=40)
    assert any(r["parentcustomerid_account"] and r["parentcustomerid_account"]["name"] for r in with_parent.records)


def test_fetchxml_returns_page_by_page(client, environment):
    xml = "<fetch count='15'><entity name='contact'><attribute name='lastname'/></entity></fetch>"
    pages = list(client.query.fetchxml(xml).execute_pages())
    assert [len(page.records) for page in pages] == [15, 15, 10]
    assert {r["contactid"] for page in pages for r in page.records} == set(environment.keys("contact"))


def test_a_batch_applies_each_change_set_in_full_or_not_at_all(client, accounts):
    batch = client.batch.new()
    with batch.changeset() as changes:
        reference = changes.records.create("account", {"name": "in a change set"})
        changes.records.update("account", reference, {"fax": "7"})
    batch.records.create("account", {"name": "beside it"})
    batch.records.list("contact", select=["lastname"], top=1)
    result = batch.execute()
    assert not result.failed and len(result.succeeded) >= 3

    broken = client.batch.new()
    with broken.changeset() as changes:
        changes.records.create("account", {"name": "never"})
        changes.records.delete("account", "00000000-0000-0000-0000-0000000000aa")
    assert broken.execute().failed
    rows, _ = accounts.changes()
    assert {(r["name"], r["fax"]) for r in rows.values()} == {("in a change set", "7"), ("beside it", None)}


def test_a_table_is_created_filled_and_read(client, connector):
    info = client.tables.create("new_Project", {
        "new_Budget": {"type": "decimal", "precision": 4}, "new_Priority": Priority, "new_Started": "datetime",
        "new_Done": "bool", "new_Notes": "memo", "new_Count": "int", "new_Share": "float"}, display_name="Project")
    assert (info.logical_name, info.entity_set_name, info.primary_id_attribute) == ("new_project", "new_projects", "new_projectid")
    with pytest.raises(MetadataError, match="already exists"):
        client.tables.create("new_Project", {})
    client.tables.add_columns("new_Project", {"new_Code": "string"})
    client.tables.update_column("new_Project", "new_Code", {"max_length": 12, "display_name": "Short code"})
    assert client.tables.get_column("new_Project", "new_Code", typed=True)["MaxLength"] == 12
    lookup = client.tables.create_lookup_field("new_Project", "new_SponsorId", "account", display_name="Sponsor")
    assert client.tables.get_relationship(lookup.relationship_schema_name).referenced_entity == "account"

    sponsor = client.records.create("account", {"name": "Sponsor"})
    key = client.records.create("new_project", {
        "new_name": "Moon", "new_budget": 12.3456, "new_priority": "High", "new_done": True, "new_count": 3, "new_code": "M-1",
        "new_SponsorId@odata.bind": f"/accounts({sponsor})"})
    with pytest.raises(HttpError, match="exceeded the maximum allowed length of '12'"):
        client.records.update("new_project", key, {"new_code": "x" * 13})
    (row,) = connector.read(configured(connector.discover(), "new_project")).records("new_project")
    assert (row["new_projectid"], row["new_name"], row["new_priority"], row["new_done"]) == (key, "Moon", 2, True)
    assert (float(row["new_budget"]), row["_new_sponsorid_value"], row["new_notes"]) == (12.3456, sponsor, None)

    client.tables.remove_columns("new_Project", ["new_Notes"])
    assert "new_notes" not in connector.discover()["new_project"]["json_schema"]["properties"]
    client.tables.delete_relationship(lookup.relationship_id)
    assert "_new_sponsorid_value" not in connector.discover()["new_project"]["json_schema"]["properties"]
    client.tables.delete("new_Project")
    assert "new_project" not in connector.discover()


def test_a_many_to_many_relationship_is_a_stream(client, environment, connector):
    made = client.tables.create_many_to_many_relationship(ManyToManyRelationshipMetadata("new_account_contact", "account", "contact"))
    assert client.tables.get_relationship("new_account_contact").relationship_id == made.relationship_id
    account, contact = environment.keys("account")[0], environment.keys("contact")[0]
    environment.request("POST", f"accounts({account})/new_account_contact/$ref", {"@odata.id": f"{environment.api}contacts({contact})"})
    (row,) = connector.read(configured(connector.discover(), "new_account_contact")).records("new_account_contact")
    assert (row["accountid"], row["contactid"]) == (account, contact)
    client.tables.delete_relationship(made.relationship_id)
    assert "new_account_contact" not in connector.discover()


@pytest.mark.parametrize("mode", ["small", "chunk"])
def test_a_file_is_uploaded(client, environment, connector, tmp_path, mode):
    key = client.records.create("contoso_everything", {"contoso_name": mode})
    paper = tmp_path / f"{mode}.txt"
    paper.write_bytes(b"content " * 700_000)
    client.files.upload("contoso_Everything", key, "contoso_Document", str(paper), mode=mode)
    records = connector.read(configured(connector.discover(), "contoso_everything")).records("contoso_everything")
    (row,) = (r for r in records if r["contoso_everythingid"] == key)
    assert row["contoso_document_name"] == paper.name and len(row["contoso_document"]) == 36
