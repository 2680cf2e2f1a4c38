package model_test

import (
	"encoding/json"
	"iter"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// labels are what a trial draws about labels. The simulator lacks one in eight in each language other than the base language.
type labels struct {
	on       bool // choice_labels
	language int  // label_language; 0: it is not set
	unknown  bool // the application user may not read the base language
}

// labelsStream is the number of the random stream from which labels are drawn, so that all else is drawn as without them.
const labelsStream = 11

func drawLabels(seed uint64) labels {
	r := rand.New(rand.NewPCG(seed, labelsStream))
	return labels{on: one(r, 2), language: []int{0, 1031, 1033, 1036}[r.IntN(4)], unknown: one(r, 3)}
}

// provisioned are the languages of the environment, its base language first.
func provisioned() []int { return []int{1031, 1033, 1036} }

// settings adds the settings to a configuration.
func (l labels) settings(configuration map[string]any) map[string]any {
	if l.on {
		configuration["choice_labels"] = true
	}
	if l.on && l.language != 0 {
		configuration["label_language"] = l.language
	}
	return configuration
}

// options are the options of choice columns. Their codes are close together and far apart.
func options() []schema.Option {
	return []schema.Option{{Value: 1, Label: "Low"}, {Value: 2, Label: "Zoë's \"high\""}, {Value: 100000000, Label: "\u2028日"}}
}

func choice(name string, typ schema.ColumnType) schema.Column {
	return schema.Column{LogicalName: name, SchemaName: name, Type: typ, Options: options()}
}

func yesNo(name string) schema.Column {
	c := choice(name, schema.Boolean)
	c.Options = []schema.Option{{Value: 0, Label: "No"}, {Value: 1, Label: "Yes"}}
	return c
}

// code draws the value of a choice column.
func code(r *rand.Rand, typ schema.ColumnType) any {
	var codes []string
	for _, o := range options() {
		if one(r, 2) {
			codes = append(codes, strconv.Itoa(o.Value))
		}
	}
	switch {
	case typ == schema.Boolean:
		return one(r, 2)
	case len(codes) == 0:
		return nil
	case typ == schema.Picklist:
		return json.Number(codes[0])
	default:
		return strings.Join(codes, ",")
	}
}

// rows yields the rows of the environment as a stream should have them.
func (w *world) rows(stream string) iter.Seq2[string, map[string]json.RawMessage] {
	l := w.switches.labels
	if !l.on {
		return w.environment.Rows(stream)
	}
	return w.environment.LabeledRows(stream, slices.DeleteFunc([]int{l.language}, func(language int) bool { return language == 0 })...)
}

// withoutLanguage removes the column with the base language from the organization.
func withoutLanguage(t *schema.Table) *schema.Table {
	t = t.Clone()
	t.Columns = slices.DeleteFunc(t.Columns, func(c schema.Column) bool { return c.LogicalName == "languagecode" })
	return t
}

// shape gives the tables of a new environment an organization as it is drawn.
func (l labels) shape(all []*schema.Table) []*schema.Table {
	at := slices.IndexFunc(all, func(t *schema.Table) bool { return t.LogicalName == organization })
	if l.unknown {
		all[at] = withoutLanguage(all[at])
	}
	return all
}
