package main

import (
	"errors"
	"fmt"
	"strings"

	"source-microsoft-dataverse/integration_tests/destination"
)

// tableWidth is the width of the table of results.
const tableWidth = 90

// keys returns the rows that the destination has now, by table and key.
func (d *demo) keys() map[string]map[string]destination.Row {
	keys := map[string]map[string]destination.Row{}
	for _, table := range tables() {
		keys[table] = d.destination.Rows(table)
	}
	return keys
}

// compare prints the table of results. It fails if the destination differs from the environment, or if the second sync
// delivered anything but the changes.
func (d *demo) compare(
	catalog destination.Catalog, changes map[string]change, before map[string]map[string]destination.Row, second *destination.Report,
) error {
	d.say("%-20s | %9s | %11s | %-33s | %s", "stream", "Dataverse", "destination", "second sync", "equal")
	d.say("%s", strings.Repeat("-", tableWidth))
	var wrong []error
	for _, s := range catalog.Streams {
		name := s.Stream.Name
		differences := d.destination.Differences(name, d.environment.Rows(name))
		delivered, err := d.delivered(s, changes[name], before[name], second.Streams[name])
		equal := "yes"
		if len(differences) > 0 {
			equal = "NO"
			wrong = append(wrong, fmt.Errorf("%s differs: %v", name, differences))
		}
		if err != nil {
			wrong = append(wrong, err)
		}
		d.say("%-20s | %9d | %11d | %-33s | %s", name, d.count(name), len(d.destination.Rows(name)), delivered, equal)
	}
	if len(wrong) > 0 {
		return errors.Join(wrong...)
	}
	d.say("\nEvery value is equal, down to the last digit. Of the tracked tables, the second sync delivered only the changes.")
	return nil
}

// delivered describes the records of a stream in the second sync. It fails if they are not the changes of its table.
func (d *demo) delivered(s *destination.ConfiguredStream, done change, before map[string]destination.Row, report *destination.StreamReport) (string, error) {
	name := s.Stream.Name
	if s.SyncMode != destination.Incremental {
		if rows := d.count(name); report.Records != rows {
			return "", fmt.Errorf("%s: %d records of %d rows", name, report.Records, rows)
		}
		return fmt.Sprintf("all %d rows, not tracked", report.Records), nil
	}
	created := 0
	for key := range d.destination.Rows(name) {
		if _, old := before[key]; !old {
			created++
		}
	}
	updated := report.Records - report.Deletions - created
	if created != done.created || updated != done.updated || report.Deletions != done.deleted+done.ghosts {
		return "", fmt.Errorf("%s: %d created, %d updated, %d deleted were delivered, but the changes were %+v", name, created, updated, report.Deletions, done)
	}
	return fmt.Sprintf("%d created, %d updated, %d deleted", created, updated, report.Deletions), nil
}

func (d *demo) count(table string) int {
	n := 0
	for range d.environment.Rows(table) {
		n++
	}
	return n
}
