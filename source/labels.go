package source

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

// labels are the labels that a read needs: those of the choice columns whose labels are selected, by table and column.
type labels map[string]map[string]*record.Labels

// labelsError reports that the labels of a stream could not be read.
type labelsError struct {
	table string
	cause error
}

func (e *labelsError) Error() string {
	return fmt.Sprintf("read the labels of %s: %v", e.table, e.cause)
}

// Unwrap returns the error of the request.
func (e *labelsError) Unwrap() error { return e.cause }

// remedy is the sentence on how to sync the stream nevertheless.
func (e *labelsError) remedy() string {
	return fmt.Sprintf("To sync table %s without its labels, deselect its labels, or set choice_labels to false.", e.table)
}

// labelReader reads labels before the rows.
type labelReader struct {
	client    *dataverse.Client
	preferred []int // the languages in which a label is taken if it exists in them, the first one first
	found     labels
	encoded   map[*dataverse.OptionSet]*record.Labels // columns with the same option set share its labels
}

// labels reads the labels that the configured streams select. A stream whose labels cannot be read gets an error in
// unreadable: without them its rows would arrive with null labels, and would not arrive again once the labels can be read.
func (i *invocation) labels(
	ctx context.Context, client *dataverse.Client, c *config.Config, configured protocol.ConfiguredCatalog,
	tables map[string]*dataverse.Table, unreadable map[string]error,
) labels {
	selected := selectedChoices(configured, tables)
	if !c.ChoiceLabels {
		i.warnLabelsOff(ctx, selected)
		return nil
	}
	i.warnLabelsTaken(ctx, configured, tables)
	if len(selected) == 0 {
		return nil
	}
	preferred, requested := i.languages(ctx, client, c)
	r := labelReader{client: client, preferred: preferred, found: labels{}, encoded: map[*dataverse.OptionSet]*record.Labels{}}
	lacking, failed, err := r.read(ctx, selected, requested)
	if err == nil && len(lacking) > 0 && len(requested) > 0 {
		var more []*dataverse.TableError
		_, more, err = r.read(ctx, lacking, nil)
		failed = append(failed, more...)
	}
	for _, f := range failed {
		unreadable[f.Table] = &labelsError{f.Table, f}
	}
	for _, t := range selected {
		if err != nil {
			unreadable[t.LogicalName] = &labelsError{t.LogicalName, err}
		}
		if unreadable[t.LogicalName] != nil {
			continue
		}
		i.warnLabelsMissing(ctx, t.LogicalName, r.found.complete(t))
	}
	return r.found
}

// selectedChoices returns the tables with selected labels, sorted by name, each with the choice columns that they belong to.
func selectedChoices(configured protocol.ConfiguredCatalog, tables map[string]*dataverse.Table) []dataverse.Table {
	var all []dataverse.Table
	for _, s := range configured.Streams {
		t := tables[s.Name]
		if t == nil {
			continue
		}
		choices := dataverse.Table{LogicalName: t.LogicalName}
		for _, name := range slices.Sorted(maps.Keys(s.Columns)) {
			if c := catalog.LabeledColumn(*t, name); c != nil {
				choices.Columns = append(choices.Columns, *c)
			}
		}
		if len(choices.Columns) > 0 {
			all = append(all, choices)
		}
	}
	slices.SortFunc(all, func(a, b dataverse.Table) int { return strings.Compare(a.LogicalName, b.LogicalName) })
	return all
}

// languages returns the languages in which a label is preferred, and those in which labels are requested: label_language and
// the base language of the organization. Not every application user may read the base language. Without it labels are
// requested in all languages, of which that of the application user is usually the base language.
func (i *invocation) languages(ctx context.Context, client *dataverse.Client, c *config.Config) (preferred, requested []int) {
	if c.LabelLanguage != 0 {
		preferred = []int{c.LabelLanguage}
	}
	limited, cancel := context.WithTimeout(ctx, optionalTimeout)
	defer cancel()
	base, err := client.BaseLanguage(limited)
	switch {
	case err != nil || base == 0:
		i.log.DebugContext(ctx, "organization.languagecode cannot be retrieved, so labels are requested in all languages", "error", err)
		return preferred, nil
	case base != c.LabelLanguage:
		preferred = append(preferred, base)
	}
	return preferred, preferred
}

// read reads the labels of the tables' columns in some languages, all if there are none, and returns the tables with an
// option that has no label in any of them.
func (r *labelReader) read(ctx context.Context, tables []dataverse.Table, languages []int) (lacking []dataverse.Table, failed []*dataverse.TableError, err error) {
	wanted := make(map[string]dataverse.Table, len(tables))
	for _, t := range tables {
		wanted[t.LogicalName] = t
	}
	lacks := map[string]bool{}
	failed, err = r.client.Choices(ctx, tables, languages, func(c dataverse.Choice) error {
		if t := wanted[c.Table]; t.Has(c.Column) {
			r.found.set(c.Table, c.Column, r.encode(c.Set))
			lacks[c.Table] = lacks[c.Table] || slices.ContainsFunc(c.Set.Options, func(o dataverse.Option) bool { return o.Label.In() == "" })
		}
		return nil
	})
	return slices.DeleteFunc(slices.Clone(tables), func(t dataverse.Table) bool { return !lacks[t.LogicalName] }), failed, err
}

func (r *labelReader) encode(set *dataverse.OptionSet) *record.Labels {
	if known := r.encoded[set]; known != nil {
		return known
	}
	all := make([]record.Label, len(set.Options))
	for i, o := range set.Options {
		all[i] = record.Label{Code: o.Value, Text: o.Label.In(r.preferred...)}
	}
	encoded := record.NewLabels(all)
	r.encoded[set] = encoded
	return encoded
}

// set sets the labels of a column.
func (l labels) set(table, column string, to *record.Labels) {
	if l[table] == nil {
		l[table] = map[string]*record.Labels{}
	}
	l[table][column] = to
}

// complete gives no labels to the columns of a table whose options the service did not return, and returns these.
func (l labels) complete(t dataverse.Table) []string {
	var missing []string
	for _, c := range t.Columns {
		if l[t.LogicalName][c.Property] == nil {
			l.set(t.LogicalName, c.Property, record.NewLabels(nil))
			missing = append(missing, c.Property)
		}
	}
	return missing
}

// warnLabelsOff warns of tables whose labels are selected although labels are off.
func (i *invocation) warnLabelsOff(ctx context.Context, selected []dataverse.Table) {
	names := make([]string, len(selected))
	for n, t := range selected {
		names[n] = t.LogicalName
	}
	if len(names) > 0 {
		i.log.WarnContext(ctx, fmt.Sprintf("Labels of choices are selected, but choice_labels is false, so they are left out. Set choice_labels to true, "+
			"or refresh the source schema. The tables are: %s.", firstOf(names)))
	}
}

// warnLabelsMissing warns of choice columns without options.
func (i *invocation) warnLabelsMissing(ctx context.Context, table string, columns []string) {
	if len(columns) > 0 {
		i.log.WarnContext(ctx, fmt.Sprintf("Dataverse returned no options of %s in table %s, so the labels are null.", firstOf(columns), table))
	}
}

// warnLabelsTaken warns of selected columns that have the name of a label.
func (i *invocation) warnLabelsTaken(ctx context.Context, configured protocol.ConfiguredCatalog, tables map[string]*dataverse.Table) {
	for _, s := range configured.Streams {
		if t := tables[s.Name]; t != nil {
			taken := catalog.LabelsTaken(*t)
			i.warnTaken(ctx, s.Name, slices.DeleteFunc(taken, func(name string) bool {
				_, selected := s.Columns[name]
				return !selected
			}))
		}
	}
}

// warnTaken warns of columns of a table that have the name of a label.
func (i *invocation) warnTaken(ctx context.Context, table string, columns []string) {
	if len(columns) > 0 {
		i.log.WarnContext(ctx, fmt.Sprintf("Columns of table %s have the name of a choice label and are delivered in its place: %s.", table, firstOf(columns)))
	}
}
