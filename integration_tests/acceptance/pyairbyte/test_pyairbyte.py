"""PyAirbyte runs the connector as a local executable and writes its records to databases. Their content is compared with the
environment in SQL."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import Counter
import sys
from pathlib import Path

import airbyte as ab
import pytest
from airbyte_protocol.models import ConfiguredAirbyteCatalog

import warehouse
from connector import TIMEOUT_SECONDS, Connector, configured
from environment import Environment, next_second

TABLES = {"account": "accountid", "contact": "contactid", "contoso_everything": "contoso_everythingid", "systemuserroles": "systemuserroleid",
          "contoso_sensordata": "contoso_sensordataid", "contoso_legacyorder": "contoso_legacyorderid"}
CHANGED = {"account": "name", "contact": "lastname", "contoso_everything": "contoso_name"}


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    made = Environment(tmp_path_factory.mktemp("environment"), rows=250)
    os.environ["DATAVERSE_CA_FILE"] = str(made.ca)
    yield made
    made.close()


@pytest.fixture(scope="module", params=["DuckDB", "PostgreSQL"])
def cache(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "DuckDB":
        yield warehouse.duckdb(folder)
        return
    server = warehouse.Postgres()
    yield server.cache(folder)
    server.close()


def source(environment: Environment, *streams: str) -> ab.Source:
    return ab.get_source("source-microsoft-dataverse", config=environment.config, streams=list(streams),
                         local_executable=os.environ["CONNECTOR"])


def assert_equal(cache, environment: Environment, table: str) -> warehouse.Comparison:
    rows = environment.rows(table)
    if table == "contoso_sensordata":  # part of its key, so never null
        rows = [{**row, "partitionid": row["partitionid"] or ""} for row in rows]
    compared = warehouse.Comparison(cache, table, TABLES[table], rows)
    assert compared.differences()[:5] == [], table
    assert compared.count(compared.alive) == len(rows) > 0
    return compared


def test_the_printed_catalog_is_one_to_airbytes_models(environment, tmp_path):
    config = Connector(tmp_path, environment.config).config
    done = subprocess.run([os.environ["CONNECTOR"], "catalog", "--config", config, "--tables", ",".join(TABLES)], capture_output=True,
                          text=True, check=True, timeout=TIMEOUT_SECONDS)
    catalog = ConfiguredAirbyteCatalog.model_validate_json(done.stdout)
    assert {s.stream.name: s.sync_mode.value for s in catalog.streams} == {
        **dict.fromkeys(TABLES, "incremental"), "contoso_sensordata": "full_refresh", "contoso_legacyorder": "full_refresh"}
    for s in catalog.streams:
        assert s.primary_key == s.stream.source_defined_primary_key and TABLES[s.stream.name] == s.primary_key[0][0]
        if s.sync_mode.value == "incremental":
            assert (s.cursor_field, s.destination_sync_mode.value) == (["_ab_cdc_updated_at"], "append_dedup")


def test_first_read_changes_and_second_read_arrive_in_the_database(environment, cache):
    first = source(environment, *TABLES)
    first.check()
    result = first.read(cache=cache)
    assert result.processed_records == sum(len(environment.rows(table)) for table in TABLES)
    for table in TABLES:
        assert_equal(cache, environment, table)

    next_second()
    gone = {table: environment.change(table, column)[1] for table, column in CHANGED.items()}
    whole = sum(len(environment.rows(table)) for table in ("contoso_sensordata", "contoso_legacyorder"))
    second = source(environment, *TABLES).read(cache=cache)
    assert second.processed_records == 20 * len(CHANGED) + whole, "only the changes of tracked tables"
    for table in TABLES:
        compared = assert_equal(cache, environment, table)
        deleted = compared.query(f"SELECT {TABLES[table]} FROM {compared.table} WHERE NOT ({compared.alive})")
        assert {key for (key,) in deleted} == gone.get(table, set())


def test_whole_numbers_of_64_bits_keep_all_their_digits(environment, cache):
    rows = environment.rows("contoso_sensordata")
    compared = warehouse.Comparison(cache, "contoso_sensordata", "contoso_sensordataid", rows)
    assert compared.types["versionnumber"].lower() == "bigint"
    held = {number for (number,) in compared.query(f"SELECT versionnumber FROM {compared.table}")}
    assert held == {row["versionnumber"] for row in rows} and max(held) > 2**53


def test_records_have_the_digits_that_pyairbyte_drops(environment, tmp_path):
    exact = environment.create("contoso_everything", contoso_name="exact", contoso_decimal=0.1234567891)
    connector = Connector(tmp_path, environment.config)
    read = connector.read(configured(connector.discover(), *TABLES))
    for table, key in TABLES.items():
        wanted = {row[key]: row for row in environment.rows(table)}
        records = read.records(table)
        assert {record[key] for record in records} == set(wanted)
        for record in records:
            for column in record.keys() - {"_ab_cdc_updated_at", "_ab_cdc_deleted_at", "partitionid"}:
                value = wanted[record[key]][column]
                if column in ("contoso_zoneindependent",) and value:
                    value = value.rstrip("Z")  # a time without a time zone
                assert str(record[column]) == str(value), f"{table}.{column}"
    assert {str(r["contoso_decimal"]) for r in read.records("contoso_everything") if r["contoso_everythingid"] == exact} == {"0.1234567891"}


METADATA = {"_metadata_tables": "table_name", "_metadata_columns": "table_name, column_name",
            "_metadata_choices": "table_name, column_name, value, language_code", "_metadata_relationships": "schema_name"}


def test_the_documented_list_of_accounts_comes_with_what_it_means(environment, tmp_path):
    """PyAirbyte configures streams of metadata as incremental, although they offer full refreshes alone."""
    tables = ("account", "contact", "systemuser", "team")
    config = {**environment.config, "choice_labels": True, "lookup_types": True, "include_tables": list(tables)}
    cache = warehouse.duckdb(tmp_path)
    ab.get_source("source-microsoft-dataverse", config=config, streams=[*tables, *METADATA], local_executable=os.environ["CONNECTOR"]).read(cache=cache)

    def query(sql: str) -> list[tuple]:
        with cache.get_sql_engine().connect() as connection:
            return list(connection.exec_driver_sql(f"USE {warehouse.SCHEMA}") and connection.exec_driver_sql(sql))

    for stream, key in METADATA.items():
        ((rows, keys),) = query(f"SELECT count(*), count(DISTINCT ({key})) FROM {stream}")
        assert rows == keys > 0, stream
    assert {name for (name,) in query("SELECT table_name FROM _metadata_tables")} == set(tables)
    blocks = re.findall(r"(?ms)^```sql\n(.*?)^```$", (Path(__file__).parents[3] / "docs" / "modeling.md").read_text())
    (sql,) = [block for block in blocks if "AS parent_type" in block]
    found = query(sql.rstrip().rstrip(";"))
    accounts = environment.rows("account")
    owners = {row["systemuserid"]: row["fullname"] for row in environment.rows("systemuser")}
    owners |= {row["teamid"]: row["name"] for row in environment.rows("team")}
    assert Counter(row[:2] for row in found) == Counter((a["name"], owners.get(a["_ownerid_value"])) for a in accounts)
    assert {row[2] for row in found} == {"systemuser", "team"} and {row[3] for row in found} == {"Active", "Inactive"}
    assert "Competitor" in {row[4] for row in found} and {row[7] for row in found} == {None, "account"}


def pyab(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([str(Path(sys.executable).with_name("pyab")), *arguments], capture_output=True, text=True, check=False,
                          timeout=TIMEOUT_SECONDS)


def test_pyab_validates_the_connector(environment, tmp_path):
    done = pyab("validate", "--connector", os.environ["CONNECTOR"], "--config", str(environment.config_path))
    assert done.returncode == 0 and "Running connector check" in done.stdout, done.stderr
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps({**environment.config, "client_secret_value": "mistaken"}))
    done = pyab("validate", "--connector", os.environ["CONNECTOR"], "--config", str(wrong))
    assert done.returncode != 0 and "client secret" in " ".join(done.stderr.split()), done.stderr
