package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// change is the numbers of rows that were changed in a table between the syncs.
type change struct{ created, updated, deleted, ghosts int }

// change changes each table, by numbers that differ from table to table, and prints them.
func (d *demo) change() (map[string]change, error) {
	done := map[string]change{}
	if err := d.writeDigits(); err != nil {
		return nil, err
	}
	for i, name := range tables() {
		c := change{created: 3 + i, updated: 5 + 2*i, deleted: 2 + i%3, ghosts: 1 + i%2}
		if err := d.changeTable(name, c); err != nil {
			return nil, err
		}
		d.say("%-20s %2d rows created, %2d updated, %d deleted, %d created and deleted again before the next sync",
			name, c.created, c.updated, c.deleted, c.ghosts)
		if name == digitsTable {
			c.updated++
		}
		done[name] = c
	}
	return done, nil
}

func (d *demo) changeTable(name string, c change) error {
	t, exists := d.environment.Table(name)
	if !exists {
		return fmt.Errorf("the environment has no table %s", name)
	}
	ids := slices.Sorted(maps.Keys(maps.Collect(d.environment.Rows(name))))
	for i := range c.created {
		if _, err := d.environment.Create(name, values(t, i)); err != nil {
			return err
		}
	}
	for i := range c.updated {
		if err := d.environment.Update(name, ids[i], values(t, c.created+i)); err != nil {
			return err
		}
	}
	for i := range c.deleted {
		if err := d.environment.Delete(name, ids[c.updated+i]); err != nil {
			return err
		}
	}
	for i := range c.ghosts {
		id, err := d.environment.Create(name, values(t, i))
		if err != nil {
			return err
		}
		if err := d.environment.Delete(name, id); err != nil {
			return err
		}
	}
	return nil
}

// values returns values for a new or changed row: its name, or in a table without names the ids that it joins.
func values(t schema.Table, i int) simulator.Row {
	name := t.PrimaryName
	if name == "fullname" { // Dataverse composes the full name of a person
		name = "lastname"
	}
	if name != "" {
		return simulator.Row{name: fmt.Sprintf("Näme %d, \"quoted\" 😀\u2028and broken", i)}
	}
	row := simulator.Row{}
	for _, c := range t.Columns {
		if c.Type == schema.Uniqueidentifier && !c.PrimaryID {
			row[c.Property()] = fmt.Sprintf("5eed0000-0000-4000-8000-%012d", i)
		}
	}
	return row
}

// digitsTable is a table with every column type.
const digitsTable = "contoso_everything"

// writeDigits updates the last row with numbers of more digits than a float64 has.
func (d *demo) writeDigits() error {
	ids := slices.Sorted(maps.Keys(maps.Collect(d.environment.Rows(digitsTable))))
	row := simulator.Row{
		"contoso_bigint":          json.Number("9007199254740993"),
		"contoso_decimal":         json.Number("98765432.0123456789"),
		"contoso_money":           json.Number("123456789012.34"),
		"contoso_dateonly":        "2028-02-29",
		"contoso_zoneindependent": "2028-02-29T23:59:59Z",
	}
	if err := d.environment.Update(digitsTable, ids[len(ids)-1], row); err != nil {
		return err
	}
	d.say("%-20s  1 row updated, to the whole number 9007199254740993 and the decimal 98765432.0123456789", digitsTable)
	return nil
}

// saveState writes the state file of the second sync.
func (d *demo) saveState() error {
	if err := os.WriteFile(d.path("state.json"), d.destination.StateFile(), 0o600); err != nil {
		return fmt.Errorf("write the state: %w", err)
	}
	return nil
}
