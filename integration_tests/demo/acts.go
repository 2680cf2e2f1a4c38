package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// doctor examines the tables of the demo, and fails if a sync would.
func (d *demo) doctor(ctx context.Context) error {
	d.title("doctor: would a sync work, and how long would it take?")
	result, err := d.run(ctx, "doctor", "--config", "config.json", "--filter", strings.Join(tables(), ","))
	if err != nil {
		return err
	}
	d.excerpt(result.Lines, len(result.Lines))
	return nil
}

func (d *demo) spec(ctx context.Context) error {
	d.title("spec: the settings of the connector")
	result, err := d.run(ctx, "spec")
	if err != nil {
		return err
	}
	d.excerpt(result.Lines, 1)
	return nil
}

func (d *demo) check(ctx context.Context) error {
	d.title("check: does the configuration lead to an environment?")
	result, err := d.run(ctx, "check", "--config", "config.json")
	if err != nil {
		return err
	}
	d.excerpt(result.Lines, len(result.Lines))
	for _, line := range result.Lines {
		message, err := destination.Parse(line)
		if err != nil {
			return fmt.Errorf("read the output of check: %w", err)
		}
		if status := message.ConnectionStatus; status != nil && status.Status == "SUCCEEDED" {
			return nil
		}
	}
	return errors.New("check did not succeed, although it exited with code 0")
}

func (d *demo) discover(ctx context.Context) error {
	d.title("discover: which streams does the environment have?")
	result, err := d.run(ctx, "discover", "--config", "config.json")
	if err != nil {
		return err
	}
	for _, line := range result.Lines {
		message, err := destination.Parse(line)
		if err != nil {
			return fmt.Errorf("read the output of discover: %w", err)
		}
		if message.Catalog == nil {
			continue
		}
		d.excerpt([][]byte{line}, 1)
		if d.streams, err = destination.ParseCatalog(message.Catalog); err != nil {
			return err
		}
	}
	columns, incremental, metadata, entities := 0, 0, 0, 0
	for _, s := range d.streams {
		switch {
		case strings.HasPrefix(s.Name, "_metadata_"):
			metadata++
			continue
		case strings.HasPrefix(s.Name, "dmf_"):
			entities++
			continue
		}
		columns += len(s.JSONSchema.Properties)
		incremental += len(s.SupportedSyncModes) - 1
	}
	tables := len(d.streams) - metadata - entities
	d.say("%d streams of tables with %d columns; %d of them can be read incrementally.%s %d streams describe the tables, and %d are\n"+
		"entities of a data project in finance & operations.",
		tables, columns, incremental, unlisted(len(schema.Realistic())-tables), metadata, entities)
	return nil
}

// unlisted explains why there are fewer streams than tables, after a space. It is "" if there are not.
func unlisted(tables int) string {
	switch tables {
	case 0:
		return ""
	case 1:
		return " One table cannot be listed."
	default:
		return fmt.Sprintf(" %d tables cannot be listed.", tables)
	}
}

// firstKinds is the number of kinds of lines that a first sync has for a stream: STARTED, RUNNING, a row, a STATE, and
// COMPLETE. Later syncs have deletions too.
const firstKinds = 5

// replicate syncs, changes rows, and syncs again.
func (d *demo) replicate(ctx context.Context) error {
	catalog, err := destination.Configure(d.streams, tables()...)
	if err != nil {
		return err
	}
	if err := d.write("catalog.json", catalog); err != nil {
		return err
	}
	d.title("read: the first sync delivers every row")
	first, err := d.sync(ctx, catalog, firstKinds, "read", "--config", "config.json", "--catalog", "catalog.json")
	if err != nil {
		return err
	}
	d.say("%d records of %d streams.", first.Records(), len(catalog.Streams))

	d.title("Meanwhile, in Dataverse")
	changes, err := d.change()
	if err != nil {
		return err
	}
	before := d.keys()

	d.title("read: the second sync delivers what has changed")
	if err := d.saveState(); err != nil {
		return err
	}
	second, err := d.sync(ctx, catalog, firstKinds+1, "read", "--config", "config.json", "--catalog", "catalog.json", "--state", "state.json")
	if err != nil {
		return err
	}
	d.say("%d records. Tables without change tracking are read in full; of the others, only the changes are read. A row that was\n"+
		"created and deleted in between is delivered as a deletion.", second.Records())

	d.title("The destination compared with Dataverse, value for value")
	return d.compare(catalog, changes, before, second)
}

// sync reads into the destination and prints some lines of the output.
func (d *demo) sync(ctx context.Context, catalog destination.Catalog, shown int, args ...string) (*destination.Report, error) {
	result, err := d.run(ctx, args...)
	if err != nil {
		return nil, err
	}
	s, err := d.destination.Begin(catalog)
	if err != nil {
		return nil, err
	}
	report := s.Apply(result.Lines, result.ExitCode, result.Rest)
	if len(report.Violations) > 0 {
		return nil, fmt.Errorf("the output violates the protocol: %w", errors.Join(report.Violations...))
	}
	d.excerpt(samples(result.Lines, tables()[0]), shown)
	return report, nil
}
