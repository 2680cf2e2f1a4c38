package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode"

	"source-microsoft-dataverse/integration_tests/destination"
)

// listed is the number of accounts that are printed.
const listed = 8

// accounts reads accounts with labels and lookup types, and prints a list in which every value means something.
func (d *demo) accounts(ctx context.Context) error {
	d.title("A list of accounts: labels, types of lookups, and metadata")
	if err := d.writeMeaning(); err != nil {
		return err
	}
	catalog, err := d.catalogOf(ctx, "account", "contact", "systemuser", "team", "_metadata_columns")
	if err != nil {
		return err
	}
	result, err := d.run(ctx, "read", "--config", "meaning.json", "--catalog", "accounts.json")
	if err != nil {
		return err
	}
	copied := destination.New()
	s, err := copied.Begin(catalog)
	if err != nil {
		return err
	}
	if report := s.Apply(result.Lines, result.ExitCode, result.Rest); len(report.Violations) > 0 {
		return fmt.Errorf("the output violates the protocol: %w", report.Violations[0])
	}
	list := accountList(copied)
	d.say("%-26s | %-26s | %-8s | %-13s | %-22s | %s", "account", "owner", "status", "customer type", "primary contact", "parent")
	d.say("%s", strings.Repeat("-", tableWidth+listWidth))
	for _, a := range list[:min(listed, len(list))] {
		d.say("%-26s | %-26s | %-8s | %-13s | %-22s | %s", a.name, a.owner, a.status, a.customerType, a.contact, a.parent)
	}
	d.say("… and %d more accounts", max(0, len(list)-listed))
	return d.compareLabels(copied)
}

// listWidth is by how much the list is wider than the table of results.
const listWidth = 40

// writeMeaning writes a configuration that adds labels and types of lookups.
func (d *demo) writeMeaning() error {
	raw, err := os.ReadFile(d.path("config.json"))
	if err != nil {
		return fmt.Errorf("read the configuration: %w", err)
	}
	var settings map[string]any
	if err := json.Unmarshal(raw, &settings); err != nil {
		return fmt.Errorf("read the configuration: %w", err)
	}
	settings["choice_labels"], settings["lookup_types"] = true, true
	return d.write("meaning.json", settings)
}

// catalogOf has the connector print a catalog of some streams, and writes it to accounts.json.
func (d *demo) catalogOf(ctx context.Context, streams ...string) (destination.Catalog, error) {
	var catalog destination.Catalog
	result, err := d.run(ctx, "catalog", "--config", "meaning.json", "--tables", strings.Join(streams, ","))
	if err != nil {
		return catalog, err
	}
	text := bytes.Join(append(result.Lines, result.Rest), []byte{'\n'})
	if err := json.Unmarshal(text, &catalog); err != nil {
		return catalog, fmt.Errorf("read the catalog: %w", err)
	}
	if err := os.WriteFile(d.path("accounts.json"), text, 0o600); err != nil {
		return catalog, fmt.Errorf("write the catalog: %w", err)
	}
	return catalog, nil
}

// listedAccount is an account as people read it.
type listedAccount struct {
	name, owner, status, customerType, contact, parent string
	filled                                             int // of the fields
}

// accountList returns the accounts, those with the most to show first.
func accountList(d *destination.Destination) []listedAccount {
	names := map[string]string{} // of rows, by table and key
	for table, column := range map[string]string{"account": "name", "contact": "fullname", "systemuser": "fullname", "team": "name"} {
		for _, row := range d.Rows(table) {
			names[table+" "+text(row[keyColumn(table)])] = text(row[column])
		}
	}
	parents := "" // the tables to which a parent belongs
	for _, row := range d.Rows("_metadata_columns") {
		if text(row["table_name"]) == "account" && text(row["column_name"]) == "parentaccountid" {
			parents = text(row["targets"])
		}
	}
	named := func(table, key string) string {
		if name := names[table+" "+key]; name != "" {
			return fmt.Sprintf("%s (%s)", short(name), table)
		}
		return ""
	}
	var list []listedAccount
	for _, key := range slices.Sorted(maps.Keys(d.Rows("account"))) {
		row := d.Rows("account")[key]
		a := listedAccount{
			name: short(text(row["name"])), owner: named(text(row["_ownerid_value_type"]), text(row["_ownerid_value"])),
			status: text(row["statuscode_label"]), customerType: text(row["customertypecode_label"]),
			contact: short(names["contact "+text(row["_primarycontactid_value"])]), parent: named(parents, text(row["_parentaccountid_value"])),
		}
		for _, field := range []string{a.owner, a.status, a.customerType, a.contact, a.parent} {
			a.filled += len(field[:min(1, len(field))])
		}
		list = append(list, a)
	}
	slices.SortStableFunc(list, func(a, b listedAccount) int { return cmp.Compare(b.filled, a.filled) })
	return list
}

func keyColumn(table string) string { return table + "id" }

// text returns a JSON string without its quotes, "" for null.
func text(raw json.RawMessage) string {
	var value string
	_ = json.Unmarshal(raw, &value) // null and other kinds leave it empty
	return value
}

// short returns the beginning of a name, on one line.
func short(name string) string {
	const most = 15
	runes := []rune(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, name))
	if len(runes) <= most {
		return string(runes)
	}
	return string(runes[:most-1]) + "…"
}

// compareLabels fails unless each account has the label that the environment defines for its status.
func (d *demo) compareLabels(copied *destination.Destination) error {
	account, _ := d.environment.Table("account")
	labels := map[string]string{}
	for _, o := range account.Column("statuscode").Options {
		labels[fmt.Sprint(o.Value)] = o.Label
	}
	for key, row := range copied.Rows("account") {
		if code := string(row["statuscode"]); code != "null" && text(row["statuscode_label"]) != labels[code] {
			return fmt.Errorf("account %s has the status %s with the label %s", key, code, row["statuscode_label"])
		}
	}
	return nil
}
