package integration_tests_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// newChoiceLab is a lab in three languages whose configuration asks for labels in German. Tables without change tracking are
// read in full, so that their deletions show.
func newChoiceLab(t *testing.T, b simulator.Behaviors) *lab {
	t.Helper()
	l := newLab(t, simulator.Options{
		Seed: 3, Rows: map[string]int{"account": 80, "contoso_everything": 50, "contoso_child": 50}, Languages: []int{1036, 1031, 1033}, Behaviors: b,
	})
	maps.Copy(l.config, map[string]any{"choice_labels": true, "label_language": 1031, "cursor_for_untracked": "off"})
	return l
}

// equalLabeled requires that the destination has streams as the environment has them, with labels.
func (l *lab) equalLabeled(d *destination.Destination, streams ...string) {
	l.t.Helper()
	for _, stream := range streams {
		assert.Empty(l.t, d.Differences(stream, l.environment.LabeledRows(stream, 1031)), "stream %s", stream)
		assert.Zero(l.t, d.Duplicates(stream), "duplicates in stream %s", stream)
	}
}

// optionRequests returns how many requests for options the server had: by RetrieveMetadataChanges, and by table and type.
func (l *lab) optionRequests() (together, byType int) {
	for _, r := range l.server.Requests() {
		switch {
		case strings.Contains(r.Path, "RetrieveMetadataChanges") && strings.Contains(r.RawQuery, "OptionSet"):
			together++
		case strings.Contains(r.Path, "AttributeMetadata") && strings.Contains(r.RawQuery, "OptionSet"):
			byType++
		}
	}
	return together, byType
}

func TestLabelsAreThoseOfTheRows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		behaviors        simulator.Behaviors
		together, byType bool
	}{
		"from one request":                        {simulator.Behaviors{}, true, false},
		"from requests by table and type":         {simulator.Behaviors{MetadataChangesUnavailable: true}, false, true},
		"where changed rows are read by keys":     {simulator.Behaviors{EditedSelect: simulator.Ignored}, true, false},
		"where the service refuses other columns": {simulator.Behaviors{EditedSelect: simulator.Refused}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := newChoiceLab(t, c.behaviors)
			streams := []string{"account", "contoso_everything", "contoso_child"}
			d, catalog := destination.New(), l.configured(streams...)
			l.sync(d, catalog)
			l.equalLabeled(d, streams...)
			together, byType := l.optionRequests()
			assert.Equal(t, c.together, together == 1, "%d requests", together)
			assert.Equal(t, c.byType, byType > 0, "%d requests", byType)
			work := newWorkload(t, l.environment, 3)
			for _, stream := range streams {
				work.change(stream, 12)
			}
			report := l.sync(d, catalog)
			assert.Positive(t, report.Streams["account"].Deletions)
			l.equalLabeled(d, streams...)
		})
	}
}

func TestALabelMayBeSelectedWithoutItsColumn(t *testing.T) {
	t.Parallel()
	l := newChoiceLab(t, simulator.Behaviors{})
	d, catalog := destination.New(), l.configured("account")
	catalog.Stream("account").Deselect("statuscode", "customertypecode", "donotphone", "statecode_label")
	l.sync(d, catalog)
	newWorkload(t, l.environment, 3).change("account", 12)
	l.sync(d, catalog)
	l.equalLabeled(d, "account")
	assert.NotContains(t, slices.Collect(maps.Keys(catalog.Stream("account").Stream.JSONSchema.Properties)), "statuscode")
}

func TestAnEditedLabelReachesTheRowsThatComeAgain(t *testing.T) {
	t.Parallel()
	l := newChoiceLab(t, simulator.Behaviors{})
	d, catalog := destination.New(), l.configured("account")
	l.sync(d, catalog)
	offered := l.discover()
	table, _ := l.environment.Table("account")
	options := slices.Clone(table.Column("statuscode").Options)
	for i := range options {
		options[i].Translations = map[int]string{1031: "Neu " + options[i].Label}
	}
	require.NoError(t, l.environment.SetOptions("account", "statuscode", options))
	assert.Equal(t, offered, l.discover(), "a label is no part of the schema")
	report := l.sync(d, catalog)
	assert.Zero(t, report.Records(), "no row has changed")
	assert.NotEmpty(t, d.Differences("account", l.environment.LabeledRows("account", 1031)))
	for _, id := range l.environment.IDs("account") {
		require.NoError(t, l.environment.Update("account", id, simulator.Row{"name": "again"}))
	}
	l.sync(d, catalog)
	l.equalLabeled(d, "account")
}

func TestACodeWithoutAnOptionHasNoLabel(t *testing.T) {
	t.Parallel()
	l := newChoiceLab(t, simulator.Behaviors{})
	require.NoError(t, l.environment.SetOptions("account", "customertypecode", []schema.Option{{Value: 3, Label: "Customer"}}))
	d, catalog := destination.New(), l.configured("account")
	l.sync(d, catalog)
	l.equalLabeled(d, "account")
}

func TestLabelsChangeNothingElse(t *testing.T) {
	t.Parallel()
	l := newChoiceLab(t, simulator.Behaviors{})
	labeled := l.configured("account", "contoso_everything")
	l.config["choice_labels"] = false
	plain := l.configured("account", "contoso_everything")
	for _, s := range labeled.Streams {
		for name := range s.Stream.JSONSchema.Properties {
			if strings.HasSuffix(name, "_label") {
				s.Deselect(name)
			}
		}
	}
	assert.Equal(t, plain, labeled)
	d := destination.New()
	l.config["choice_labels"] = true
	l.sync(d, plain)
	l.equal(d, "account", "contoso_everything")
	together, byType := l.optionRequests()
	assert.Zero(t, together+byType, "no label is selected")
}
