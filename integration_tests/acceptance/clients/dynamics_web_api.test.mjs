// dynamics-web-api, the client of many browser and Node applications, works on a simulated environment, and its changes
// arrive through the connector as records and deletions.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { before, test } from "node:test";

const { CONNECTOR, NODE_PACKAGES, SIMULATION } = process.env; // SIMULATION is a directory with config.json and ca.pem
const { DynamicsWebApi } = createRequire(join(NODE_PACKAGES, "/"))("dynamics-web-api");
const config = JSON.parse(readFileSync(join(SIMULATION, "config.json"), "utf8"));

async function token() {
  const response = await fetch(`${config.authority_host}/${config.tenant_id}/oauth2/v2.0/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "client_credentials", client_id: config.client_id, client_secret: config.client_secret_value, scope: `${config.url}/.default`,
    }),
  });
  return (await response.json()).access_token;
}

const client = new DynamicsWebApi({ serverUrl: config.url, dataApi: { version: "9.2" }, onTokenRefresh: token });

// The messages of a run of the connector.
function connector(verb, ...files) {
  const done = spawnSync(CONNECTOR, [verb, "--config", join(SIMULATION, "config.json"), ...files], {
    env: { ...process.env, DATAVERSE_CA_FILE: join(SIMULATION, "ca.pem") }, encoding: "utf8", maxBuffer: 1 << 28, timeout: 120_000,
  });
  assert.equal(done.status, 0, `${done.error ?? ""}${done.stdout.slice(-2000)}${done.stderr}`);
  return done.stdout.trim().split("\n").map((line) => JSON.parse(line));
}

// A file with a configured catalog of one stream.
function catalog(table, mode) {
  const stream = connector("discover").find((m) => m.type === "CATALOG").catalog.streams.find((s) => s.name === table);
  const path = join(SIMULATION, `catalog-${table}.json`);
  writeFileSync(path, JSON.stringify({
    streams: [{
      stream, sync_mode: mode, destination_sync_mode: "append_dedup", primary_key: stream.source_defined_primary_key,
      cursor_field: stream.default_cursor_field ?? [], generation_id: 1, minimum_generation_id: 0, sync_id: 1,
    }],
  }));
  return path;
}

const state = join(SIMULATION, "state.json");
let accounts;

// What has changed in the accounts since the last time: rows by key, and the keys of deletions.
function changes(...more) {
  const messages = connector("read", "--catalog", accounts, ...more);
  const states = messages.filter((m) => m.type === "STATE").map((m) => ({ type: "STREAM", stream: m.state.stream }));
  writeFileSync(state, JSON.stringify(states.slice(-1)));
  const records = messages.filter((m) => m.type === "RECORD").map((m) => m.record.data);
  return {
    rows: new Map(records.filter((r) => !r._ab_cdc_deleted_at).map((r) => [r.accountid, r])),
    deletions: new Set(records.filter((r) => r._ab_cdc_deleted_at).map((r) => r.accountid)),
  };
}

before(() => {
  accounts = catalog("account", "incremental");
  changes();
});

test("it signs in and asks who it is", async () => {
  const who = await client.callFunction("WhoAmI");
  assert.match(who.UserId, /^[0-9a-f-]{36}$/);
  assert.match(who.OrganizationId, /^[0-9a-f-]{36}$/);
});

test("it reads tables, columns and relationships", async () => {
  const tables = await client.retrieveEntities({ select: ["LogicalName", "EntitySetName"], filter: "LogicalName eq 'contoso_everything'" });
  assert.deepEqual(tables.value.map((t) => t.EntitySetName), ["contoso_everythings"]);
  const table = await client.retrieveEntity({ key: "LogicalName='account'", select: ["PrimaryIdAttribute"] });
  assert.equal(table.PrimaryIdAttribute, "accountid");
  const columns = await client.retrieveAttributes({
    entityKey: "LogicalName='account'", castType: "Microsoft.Dynamics.CRM.LookupAttributeMetadata", select: ["LogicalName", "Targets"],
  });
  assert.ok(columns.value.some((c) => c.LogicalName === "primarycontactid" && c.Targets.includes("contact")));
  const relationships = await client.retrieveRelationships({
    castType: "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata", select: ["SchemaName"], filter: "ReferencingEntity eq 'contact'",
  });
  assert.ok(relationships.value.length > 0);
  assert.match(await client.retrieveCsdlMetadata(), /EntityType Name="account"/);
});

test("it creates, changes, upserts and deletes rows", async () => {
  const made = await client.create({ collection: "accounts", data: { name: "Fabrikam", numberofemployees: 7 }, returnRepresentation: true });
  await client.update({ collection: "accounts", key: made.accountid, data: { telephone1: "+1 555 0100" } });
  await client.updateSingleProperty({ collection: "accounts", key: made.accountid, fieldValuePair: { fax: "5" } });
  const upserted = "11111111-2222-4333-8444-000000000001";
  await client.upsert({ collection: "accounts", key: upserted, data: { name: "made by an upsert" } });
  await client.upsert({ collection: "accounts", key: upserted, data: { name: "and changed by one" } });
  const gone = await client.create({ collection: "accounts", data: { name: "gone" } });
  await client.deleteRecord({ collection: "accounts", key: gone });
  await assert.rejects(client.retrieve({ collection: "accounts", key: gone }), (e) => e.status === 404 && e.code === "0x80040217");
  await assert.rejects(client.create({ collection: "accounts", data: { nome: "x" } }), (e) => e.status === 400);
  const read = await client.retrieve({ collection: "accounts", key: made.accountid, select: ["name", "telephone1", "fax"] });
  assert.deepEqual([read.name, read.telephone1, read.fax], ["Fabrikam", "+1 555 0100", "5"]);

  const { rows, deletions } = changes("--state", state);
  assert.deepEqual(new Set(rows.keys()), new Set([made.accountid, upserted]));
  assert.equal(rows.get(made.accountid).telephone1, "+1 555 0100");
  assert.equal(rows.get(upserted).name, "and changed by one");
  assert.deepEqual(deletions, new Set([gone]));
});

test("it changes a row unless somebody else has changed it", async () => {
  const made = await client.create({ collection: "accounts", data: { name: "first" }, returnRepresentation: true });
  const etag = made["@odata.etag"];
  await client.update({ collection: "accounts", key: made.accountid, data: { name: "second" }, ifmatch: etag });
  assert.equal(await client.update({ collection: "accounts", key: made.accountid, data: { name: "third" }, ifmatch: etag }), false);
  assert.equal(changes("--state", state).rows.get(made.accountid).name, "second");
});

test("it writes in bulk", async () => {
  const targets = ["a", "b", "c"].map((name) => ({ "@odata.type": "Microsoft.Dynamics.CRM.account", name }));
  const made = await client.callAction({ collection: "accounts", actionName: "Microsoft.Dynamics.CRM.CreateMultiple", action: { Targets: targets } });
  assert.equal(made.Ids.length, 3);
  await client.callAction({
    collection: "accounts", actionName: "Microsoft.Dynamics.CRM.UpdateMultiple",
    action: { Targets: made.Ids.map((accountid) => ({ "@odata.type": "Microsoft.Dynamics.CRM.account", accountid, fax: "9" })) },
  });
  const { rows } = changes("--state", state);
  assert.deepEqual(new Set(rows.keys()), new Set(made.Ids));
  assert.ok([...rows.values()].every((r) => r.fax === "9"));
});

test("it reads page by page", async () => {
  const seen = new Set();
  let pages = 0;
  let page = await client.retrieveMultiple({ collection: "contacts", select: ["lastname"], maxPageSize: 15 });
  for (;;) {
    pages += 1;
    page.value.forEach((r) => seen.add(r.contactid));
    if (!page.oDataNextLink) break;
    page = await client.retrieveMultiple({ collection: "contacts", select: ["lastname"], maxPageSize: 15 }, page.oDataNextLink);
  }
  assert.deepEqual([pages, seen.size], [3, 40]);
  const all = await client.retrieveAll({ collection: "contacts", select: ["lastname"] });
  assert.equal(all.value.length, 40);
  assert.equal(await client.count({ collection: "contacts" }), 40);
  const joined = await client.retrieveMultiple({
    collection: "contacts", select: ["lastname"], expand: [{ property: "parentcustomerid_account", select: ["name"] }],
    filter: "lastname ne null", orderBy: ["lastname"], top: 40,
  });
  assert.ok(joined.value.some((r) => r.parentcustomerid_account?.name));
});

test("it aggregates", async () => {
  const counted = await client.retrieveMultiple({ collection: "contacts", apply: "groupby((statecode),aggregate($count as total))" });
  assert.equal(counted.value.reduce((sum, group) => sum + group.total, 0), 40);
});

test("it fetches by XML", async () => {
  const fetched = await client.fetchAll({
    collection: "contacts", includeAnnotations: "Microsoft.Dynamics.CRM.fetchxmlpagingcookie",
    fetchXml: "<fetch count='15'><entity name='contact'><attribute name='lastname'/></entity></fetch>",
  });
  assert.equal(new Set(fetched.value.map((r) => r.contactid)).size, 40);
});

test("it tracks changes", async () => {
  let page = await client.retrieveMultiple({ collection: "contacts", select: ["lastname"], trackChanges: true });
  const link = page.oDataDeltaLink;
  const [kept, gone] = page.value;
  await client.update({ collection: "contacts", key: kept.contactid, data: { lastname: "Changed" } });
  await client.deleteRecord({ collection: "contacts", key: gone.contactid });
  page = await client.retrieveMultiple({ collection: "contacts", select: ["lastname"] }, link);
  assert.deepEqual(page.value.filter((r) => r.reason !== "deleted").map((r) => [r.contactid, r.lastname]), [[kept.contactid, "Changed"]]);
  assert.deepEqual(page.value.filter((r) => r.reason === "deleted").map((r) => r.id), [gone.contactid]);
  assert.ok(page.oDataDeltaLink && page.oDataDeltaLink !== link);
});

test("it applies batches in full or not at all", async () => {
  client.startBatch();
  client.create({ collection: "accounts", data: { name: "parent" }, contentId: "1" });
  client.create({ collection: "accounts", data: { name: "child", "parentaccountid@odata.bind": "$1" } });
  await client.executeBatch();
  client.startBatch();
  client.create({ collection: "accounts", data: { name: "never" } });
  client.deleteRecord({ collection: "accounts", key: "00000000-0000-0000-0000-0000000000aa" });
  await assert.rejects(client.executeBatch());
  const rows = [...changes("--state", state).rows.values()];
  assert.deepEqual(new Set(rows.map((r) => r.name)), new Set(["parent", "child"]));
  const [child, parent] = ["child", "parent"].map((name) => rows.find((r) => r.name === name));
  assert.equal(child._parentaccountid_value, parent.accountid);
});

test("it associates rows and disassociates them", async () => {
  const [a, b] = await Promise.all(["a", "b"].map((name) => client.create({ collection: "accounts", data: { name } })));
  await client.associateSingleValued({ collection: "accounts", primaryKey: a, navigationProperty: "parentaccountid", relatedCollection: "accounts", relatedKey: b });
  assert.equal(changes("--state", state).rows.get(a)._parentaccountid_value, b);
  await client.disassociateSingleValued({ collection: "accounts", primaryKey: a, navigationProperty: "parentaccountid" });
  assert.equal(changes("--state", state).rows.get(a)._parentaccountid_value, null);
});

test("it creates a table, tracks its changes, fills it and deletes it", async () => {
  const label = (text) => ({ LocalizedLabels: [{ Label: text, LanguageCode: 1033 }] });
  const id = await client.createEntity({
    data: {
      "@odata.type": "Microsoft.Dynamics.CRM.EntityMetadata", SchemaName: "new_Visit", DisplayName: label("Visit"), OwnershipType: "UserOwned",
      Attributes: [{ "@odata.type": "Microsoft.Dynamics.CRM.StringAttributeMetadata", SchemaName: "new_Name", MaxLength: 100, IsPrimaryName: true, DisplayName: label("Name") }],
    },
  });
  const column = await client.createAttribute({
    entityKey: id, data: { "@odata.type": "Microsoft.Dynamics.CRM.IntegerAttributeMetadata", SchemaName: "new_Guests", DisplayName: label("Guests"), MinValue: 0, MaxValue: 9 },
  });
  assert.match(column, /^[0-9a-f-]{36}$/i);
  const definition = await client.retrieveEntity({ key: id });
  await client.updateEntity({ data: { ...definition, ChangeTrackingEnabled: true } });
  const guests = await client.retrieveAttribute({ entityKey: id, attributeKey: column });
  await client.updateAttribute({ entityKey: id, data: { ...guests, "@odata.type": "Microsoft.Dynamics.CRM.IntegerAttributeMetadata", MaxValue: 20 } });
  const visit = await client.create({ collection: "new_visits", data: { new_name: "Monday", new_guests: 12 } });
  const path = catalog("new_visit", "incremental");
  const rows = connector("read", "--catalog", path).filter((m) => m.type === "RECORD").map((m) => m.record.data);
  assert.deepEqual(rows.map((r) => [r.new_visitid, r.new_name, r.new_guests]), [[visit, "Monday", 12]]);
  await client.deleteRecord({ collection: "EntityDefinitions", key: id });
  assert.ok(!connector("discover").find((m) => m.type === "CATALOG").catalog.streams.some((s) => s.name === "new_visit"));
});

test("it sends a file and gets it back", async () => {
  const key = await client.create({ collection: "contoso_everythings", data: { contoso_name: "with a file" } });
  const data = Buffer.alloc(5_000_000, "0123456789");
  await client.uploadFile({ collection: "contoso_everythings", key, fieldName: "contoso_document", fileName: "digits.txt", data });
  const back = await client.downloadFile({ collection: "contoso_everythings", key, property: "contoso_document" });
  assert.equal(back.fileName, "digits.txt");
  assert.ok(Buffer.from(back.data).equals(data));
});
