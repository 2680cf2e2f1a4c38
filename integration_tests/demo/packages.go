package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/packages"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/finops"
)

// dataProject is the data project of finance & operations that the demo reads.
const dataProject = "Airbyte export"

// finance is a finance & operations environment that is linked to the Dataverse environment.
type finance struct {
	options     finops.Options
	environment *finops.Environment
	server      *simulator.FinanceOperations
}

// startFinance starts the environment. The caller closes its server.
func startFinance(ctx context.Context, server *simulator.Server) (*finance, error) {
	f := &finance{options: finops.Sample()}
	var err error
	if f.environment, err = finops.New(f.options); err != nil {
		return nil, fmt.Errorf("make the finance & operations environment: %w", err)
	}
	if f.server, err = server.StartFinanceOperations(ctx, f.environment, simulator.FinanceOperationsOptions{}); err != nil {
		return nil, fmt.Errorf("start the finance & operations environment: %w", err)
	}
	return f, nil
}

// entityStreams are the streams of the project with the labels of their entities.
func entityStreams() [][2]string {
	return [][2]string{
		{"dmf_airbyte_export_currencies", "Currencies"}, {"dmf_airbyte_export_customer_groups", "Customer groups"},
		{"dmf_airbyte_export_fixed_assets_v2", "Fixed assets V2"}, {"dmf_airbyte_export_workers", "Workers"},
	}
}

// packages exports the data project and reads its entities, and compares them with the environment.
func (d *demo) packages(ctx context.Context) error {
	d.title("read: the entities of a data project in finance & operations")
	var names []string
	for _, s := range entityStreams() {
		names = append(names, s[0])
	}
	catalog, err := destination.Configure(d.streams, names...)
	if err != nil {
		return err
	}
	if err := d.write("packages.json", catalog); err != nil {
		return err
	}
	result, err := d.run(ctx, "read", "--config", "config.json", "--catalog", "packages.json")
	if err != nil {
		return err
	}
	read, err := d.destination.Begin(catalog)
	if err != nil {
		return err
	}
	report := read.Apply(result.Lines, result.ExitCode, result.Rest)
	if len(report.Violations) > 0 {
		return fmt.Errorf("the output violates the protocol: %w", errors.Join(report.Violations...))
	}
	d.excerpt(samples(result.Lines, names[0]), firstKinds)
	return d.compareEntities()
}

// compareEntities prints the table of entities. It fails if a value differs.
func (d *demo) compareEntities() error {
	d.say("The project %q was exported once for each company; all its entities come from the same packages.\n", dataProject)
	d.say("%-36s | %20s | %11s | %s", "stream", "finance & operations", "destination", "equal")
	d.say("%s", strings.Repeat("-", tableWidth))
	var wrong []error
	for _, s := range entityStreams() {
		stream, entity := s[0], d.finance.entity(s[1])
		rows := packages.Rows(d.finance.environment, entity, 0, d.finance.environment.Companies()...)
		count, equal := 0, "yes"
		for range rows {
			count++
		}
		if differences := d.destination.Differences(stream, rows); len(differences) > 0 {
			equal = "NO"
			wrong = append(wrong, fmt.Errorf("%s differs: %v", stream, differences))
		}
		d.say("%-36s | %20d | %11d | %s", stream, count, len(d.destination.Rows(stream)), equal)
	}
	return errors.Join(wrong...)
}

// entity returns an entity of the environment by its label.
func (f *finance) entity(label string) *finops.Entity {
	for i := range f.options.Entities {
		if f.options.Entities[i].Label == label {
			return &f.options.Entities[i]
		}
	}
	return &finops.Entity{Label: label}
}
