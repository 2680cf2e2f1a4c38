"""Each statement of docs/modeling.md runs in DuckDB on what the connector delivered in two syncs, with changes in between. Its
result is compared with what the environment holds."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from connector import Connector, configured
from environment import Environment, next_second
from page import blocks, scripts
from warehouse import Warehouse

KEYS = {"account": "accountid", "contact": "contactid", "opportunity": "opportunityid", "activitypointer": "activityid",
        "systemuser": "systemuserid", "team": "teamid", "systemuserroles": "systemuserroleid", "role": "roleid",
        "transactioncurrency": "transactioncurrencyid"}
READ_IN_FULL = ["activityparty", "organization"]
METADATA = ["_metadata_tables", "_metadata_columns", "_metadata_choices", "_metadata_relationships"]
NAMES = {"account": "name", "contact": "fullname", "opportunity": "name", "systemuser": "fullname", "team": "name"}
VIEWS = ["OptionsetMetadata", "GlobalOptionsetMetadata", "StateMetadata", "StatusMetadata", "TargetMetadata", "AttributeMetadata",
         "stringmap"]
PARTIES = {1: "from", 2: "to", 3: "cc", 4: "bcc"}  # those that the simulator has


class Page:
    """The statements of the page. Each must be taken by a test."""

    def __init__(self):
        self.left = blocks("modeling.md", "sql")

    def take(self, fragment: str) -> str:
        """The one statement that contains a fragment."""
        (found,) = [sql for sql in self.left if fragment in sql]
        self.left.remove(found)
        return found


class Model:
    """The warehouse after two syncs and the views of the page, and what the environment holds."""

    def __init__(self, folder):
        self.page = Page()
        self.environment = Environment(folder / "environment", 250, "--languages", "1033,1031")
        self._sync(folder)
        self.warehouse = Warehouse(folder)
        self.rows = {table: self.environment.rows(table) for table in [*KEYS, *READ_IN_FULL]}
        self.by_key = {table: {row[key]: row for row in self.rows[table]} for table, key in KEYS.items()}
        self._views(folder)

    def _sync(self, folder) -> None:
        config = {**self.environment.config, "choice_labels": True, "lookup_types": True}
        source = Connector(folder / "connector", config, environment={"DATAVERSE_CA_FILE": str(self.environment.ca)})
        streams = source.discover()
        catalog = configured(streams, *KEYS, *READ_IN_FULL, *METADATA)
        first = source.read(catalog)
        next_second()
        self.environment.change("opportunity", "name")
        _, self.deleted = self.environment.change("account", "name")
        second = source.read(catalog, first.states())
        load(folder, catalog, first, second)

    def _views(self, folder) -> None:
        current = self.page.take("CREATE VIEW account AS")
        for table, key in KEYS.items():
            self.warehouse.query(current.replace("accountid", key).replace("account", table))
        for table in READ_IN_FULL + METADATA:
            self.warehouse.query(f"CREATE VIEW {table} AS FROM raw.{table}")
        self.warehouse.query(self.page.take("CREATE VIEW named_row"))
        self.warehouse.query(self.page.take("CREATE VIEW choice_label"))
        for view in VIEWS:
            self.warehouse.query(self.page.take(f"CREATE VIEW {view} AS"))

    def result(self, fragment: str) -> list[dict]:
        return self.warehouse.query(self.page.take(fragment))

    def name(self, key: str | None, *tables: str) -> str | None:
        """The name of the row with that key in one of the tables."""
        return next((self.by_key[t][key][NAMES[t]] for t in tables or NAMES if key in self.by_key[t]), None)

    def options(self, table: str, column: str) -> dict[int, str]:
        kind = "Status" if column == "statuscode" else "Picklist"
        found = self.environment.request("GET", f"EntityDefinitions(LogicalName='{table}')/Attributes(LogicalName='{column}')"
                                                f"/Microsoft.Dynamics.CRM.{kind}AttributeMetadata?$expand=OptionSet")[1]
        return {o["Value"]: o["Label"]["UserLocalizedLabel"]["Label"] for o in found["OptionSet"]["Options"]}


def load(folder, catalog, *syncs) -> None:
    """Runs the page's script on the outputs of syncs."""
    (folder / "load.py").write_text(scripts("modeling.md")["load.py"])
    (folder / "catalog.json").write_text(json.dumps(catalog))
    outputs = []
    for number, sync in enumerate(syncs, 1):
        outputs.append(f"sync{number}.jsonl")
        (folder / outputs[-1]).write_text("".join(line + "\n" for line in sync.lines))
    (command,) = blocks("modeling.md", "sh")
    assert command.split() == ["python3", "load.py", "catalog.json", *outputs]
    done = subprocess.run([sys.executable, *command.split()[1:]], cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    made = Model(tmp_path_factory.mktemp("model"))
    yield made
    made.environment.close()


def test_the_views_hold_the_rows_of_the_environment(model):
    for table, key in {**KEYS, "activityparty": "activitypartyid"}.items():
        found = {row[key]: row for row in model.warehouse.query(f"FROM {table}")}
        assert set(found) == {row[key] for row in model.rows[table]}, table
    names = {row["accountid"]: row["name"] for row in model.warehouse.query("SELECT accountid, name FROM account")}
    assert names == {row["accountid"]: row["name"] for row in model.rows["account"]}


def test_deleted_rows_are_listed(model):
    assert {row["accountid"] for row in model.result("WHERE _ab_cdc_deleted_at IS NOT NULL")} == model.deleted


def test_the_account_list_is_readable(model):
    def shown(row):
        contact = model.by_key["contact"].get(row["_primarycontactid_value"], {})
        currency = model.by_key["transactioncurrency"].get(row["_transactioncurrencyid_value"], {})
        return (row["name"], row["accountnumber"], contact.get("fullname"), contact.get("emailaddress1"),
                model.name(row["_parentaccountid_value"], "account"), model.name(row["_ownerid_value"], "systemuser", "team"),
                row["revenue"], currency.get("isocurrencycode"), {0: "Active", 1: "Inactive"}[row["statecode"]], row["createdon"])

    found = [tuple(row.values())[:-1] + (row["createdon"].strftime("%Y-%m-%dT%H:%M:%SZ"),)
             for row in model.result("isocurrencycode AS currency")]
    assert Counter(found) == Counter(map(shown, model.rows["account"]))
    owners = {row[5] for row in found}
    assert owners & {row["name"] for row in model.rows["team"]} and owners & {row["fullname"] for row in model.rows["systemuser"]}


def test_open_opportunities_are_added_up_by_owner(model):
    wanted = {}
    for row in model.rows["opportunity"]:
        if row["statecode"] == 0:
            wanted.setdefault(row["_ownerid_value"], []).append(row)
    found = model.result("WHERE opportunity.statecode = 0")
    assert Counter((r["owner"], r["opportunities"], r["estimated_value"]) for r in found) == Counter(
        (model.name(owner, "systemuser", "team"), len(rows), total(r["estimatedvalue_base"] for r in rows)) for owner, rows in wanted.items())
    assert Counter(str(r["next_close"]) for r in found) == Counter(
        str(min((r["estimatedclosedate"] for r in rows if r["estimatedclosedate"]), default=None)) for rows in wanted.values())
    assert found[0]["estimated_value"] == max(r["estimated_value"] for r in found if r["estimated_value"] is not None)


def total(amounts) -> Decimal | None:
    """The sum of what is not null, null if all are."""
    present = [Decimal(a) for a in amounts if a is not None]
    return sum(present) if present else None


def test_customers_are_companies_or_people(model):
    def shown(row):
        key = row["_customerid_value"]
        kind = next((t for t in ("account", "contact") if key in model.by_key[t]), None)
        return row["name"], model.name(key, "account", "contact"), kind

    found = [tuple(row.values()) for row in model.result("END AS customer_type")]
    assert Counter(found) == Counter(map(shown, model.rows["opportunity"]))
    assert {row[2] for row in found} >= {"account", "contact"}


def test_labels_are_joined_to_choices(model):
    industries, statuses = model.options("account", "industrycode"), model.options("account", "statuscode")
    found = model.result("industry.label AS industry")
    assert Counter(tuple(row.values()) for row in found) == Counter(
        (row["name"], industries.get(row["industrycode"]), statuses[row["statuscode"]]) for row in model.rows["account"])
    assert "Accounting" in {row["industry"] for row in found}


def attributes(model, table: str, kind: str, more: str = "?$expand=OptionSet") -> list[dict]:
    """The columns of a table that are of one type, as the environment defines them: choices with their options."""
    return model.environment.request("GET", f"EntityDefinitions(LogicalName='{table}')/Attributes/Microsoft.Dynamics.CRM.{kind}AttributeMetadata"
                                            + more)[1]["value"]


def test_accounts_are_listed_with_what_they_mean(model):
    statuses, types = model.options("account", "statuscode"), model.options("account", "customertypecode")

    def shown(row):
        owner = row["_ownerid_value"]
        parent = model.name(row["_parentaccountid_value"], "account")
        return (row["name"], model.name(owner, "systemuser", "team"), next((t for t in ("systemuser", "team") if owner in model.by_key[t]), None),
                statuses[row["statuscode"]], types.get(row["customertypecode"]), model.name(row["_primarycontactid_value"], "contact"),
                parent, parent and "account")

    found = [tuple(row.values()) for row in model.result("AS parent_type")]
    assert Counter(found) == Counter(map(shown, model.rows["account"]))
    assert {row[2] for row in found} == {"systemuser", "team"} and {row[7] for row in found} == {None, "account"}
    assert len({row[4] for row in found}) > 2


def test_the_tables_of_synapse_link_are_views(model):
    found = {(r["EntityName"], r["OptionSetName"], r["Option"], r["LocalizedLabelLanguageCode"]): r
             for view in ("OptionsetMetadata", "GlobalOptionsetMetadata") for r in model.warehouse.query(f"FROM {view}")}
    wanted = {("account", a["LogicalName"], o["Value"], label["LanguageCode"]): label["Label"]
              for a in attributes(model, "account", "Picklist") for o in a["OptionSet"]["Options"] for label in o["Label"]["LocalizedLabels"]}
    assert {key: r["LocalizedLabel"] for key, r in found.items() if key[0] == "account"} == wanted
    assert {key[3] for key in found} == {1033, 1031} and not any(r["IsUserLocalizedLabel"] for r in found.values())
    assert ("contoso_everything", "contoso_choices") in {key[:2] for key in found}, "multi-select"
    (account,) = (r for r in model.warehouse.query("FROM StateMetadata WHERE EntityName = 'account' AND LocalizedLabelLanguageCode = 1033 AND State = 1"))
    assert account["LocalizedLabel"] == "Inactive"
    statuses = model.warehouse.query("FROM StatusMetadata WHERE EntityName = 'account' AND LocalizedLabelLanguageCode = 1033")
    (status,) = attributes(model, "account", "Status")
    assert {(r["Status"], r["State"], r["LocalizedLabel"]) for r in statuses} == {
        (o["Value"], o["State"], o["Label"]["UserLocalizedLabel"]["Label"]) for o in status["OptionSet"]["Options"]}


def test_lookups_and_columns_are_views(model):
    targets = {(r["EntityName"], r["AttributeName"], r["ReferencedEntity"]) for r in model.warehouse.query("FROM TargetMetadata")}
    lookups = attributes(model, "account", "Lookup", "")
    assert targets and {(e, a, t) for e, a, t in targets if e == "account"} >= {
        ("account", a["LogicalName"], t) for a in lookups for t in a["Targets"] if t in KEYS and a["AttributeOf"] is None}
    columns = model.warehouse.query("FROM AttributeMetadata WHERE EntityName = 'account'")
    defined = model.environment.request("GET", "EntityDefinitions(LogicalName='account')/Attributes?$select=LogicalName,AttributeType,MetadataId")[1]["value"]
    assert {(r["AttributeName"], r["AttributeType"], r["MetadataId"]) for r in columns} == {
        (a["LogicalName"], a["AttributeType"], a["MetadataId"]) for a in defined}
    assert any(r["MaxLength"] for r in columns) and any(r["Precision"] for r in columns)


def test_labels_are_those_of_fivetrans_stringmap(model):
    found = model.warehouse.query("FROM stringmap WHERE objecttypecode = 'account' AND attributename = 'industrycode' ORDER BY displayorder")
    assert {r["attributevalue"]: r["value"] for r in found} == model.options("account", "industrycode")
    assert [r["displayorder"] for r in found] == list(range(1, len(found) + 1))
    every = model.warehouse.query("SELECT count(*) AS n, count(DISTINCT stringmapid) AS ids FROM stringmap")[0]
    assert every["n"] == every["ids"] > 0


def test_activities_are_counted_by_what_they_are_about(model):
    wanted = {}
    for row in model.rows["activitypointer"]:
        table = next((t for t in NAMES if row["_regardingobjectid_value"] in model.by_key[t]), None)
        if table:
            wanted.setdefault((row["_regardingobjectid_value"], table), []).append(row)
    found = model.result("AS regarding")
    assert Counter(tuple(row.values())[:4] for row in found) == Counter(
        (table, model.name(key, table), len(rows), sum(r["statecode"] == 0 for r in rows)) for (key, table), rows in wanted.items())
    ends = Counter(row["last_completed"].strftime("%Y-%m-%dT%H:%M:%SZ") for row in found if row["last_completed"])
    assert ends == Counter(max(filter(None, (r["actualend"] for r in rows))) for rows in wanted.values() if any(r["actualend"] for r in rows))
    assert {row["table_name"] for row in found} == {"account", "contact", "opportunity"}


def test_parties_have_a_role_and_a_name(model):
    def shown(row):
        party = model.name(row["_partyid_value"])
        return (model.by_key["activitypointer"][row["_activityid_value"]]["subject"], PARTIES.get(row["participationtypemask"]),
                row["addressused"] if party is None else party)

    found = [tuple(row.values()) for row in model.result("participationtypemask")]
    assert Counter(found) == Counter(shown(r) for r in model.rows["activityparty"] if r["_activityid_value"] in model.by_key["activitypointer"])
    assert {row[1] for row in found} >= set(PARTIES.values())


def test_users_have_roles(model):
    users, roles = model.by_key["systemuser"], model.by_key["role"]
    found = [tuple(row.values()) for row in model.result("AS security_role")]
    assert Counter(found) == Counter((users[r["systemuserid"]]["fullname"], roles[r["roleid"]]["name"]) for r in model.rows["systemuserroles"]
                                     if r["systemuserid"] in users and r["roleid"] in roles)
    assert found


def test_the_environment_has_a_base_currency(model):
    (organization,) = model.rows["organization"]
    currency = model.by_key["transactioncurrency"][organization["_basecurrencyid_value"]]
    assert [row["base_currency"] for row in model.result("AS base_currency")] == [currency["currencyname"]]


def test_days_are_those_of_a_time_zone(model):
    def day(row):
        moment = datetime.fromisoformat(row["createdon"]) if row["createdon"] else None
        return moment and moment.astimezone(ZoneInfo("Europe/Berlin")).date()

    found = {row["day"]: row["accounts"] for row in model.result("Europe/Berlin")}
    assert found == Counter(map(day, model.rows["account"]))
    in_utc = Counter(datetime.fromisoformat(row["createdon"]).date() for row in model.rows["account"] if row["createdon"])
    assert found != in_utc, "some accounts were created around midnight"


def test_every_statement_of_the_page_was_run(model):
    assert model.page.left == []
