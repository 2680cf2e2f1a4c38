package integration_tests_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// workload changes rows at random, the same way for the same seed.
type workload struct {
	t           *testing.T
	random      *rand.Rand
	environment *simulator.Environment
}

func newWorkload(t *testing.T, e *simulator.Environment, seed uint64) *workload {
	return &workload{t, rand.New(rand.NewPCG(seed, seed)), e}
}

// touched are the keys that a change of a table concerned, and whether their rows exist afterwards.
type touched map[string]bool

// deletions counts the rows that are gone.
func (t touched) deletions() int {
	n := 0
	for _, exists := range t {
		if !exists {
			n++
		}
	}
	return n
}

// change creates, updates and deletes rows of a table, creates some and deletes them again, and deletes some and
// creates them again with the same key: about n rows of each kind.
func (w *workload) change(table string, n int) touched {
	w.t.Helper()
	t, exists := w.environment.Table(table)
	require.True(w.t, exists, "table %s", table)
	ids := w.shuffled(table)
	changed := touched{}
	take := func() string {
		id := ids[0]
		ids = ids[1:]
		return id
	}
	for range n {
		changed[w.create(t, nil)] = true
		w.update(t, take(), changed)
	}
	for range n / 2 {
		id := take()
		w.delete(t, id, changed)
		if w.random.IntN(2) == 0 {
			changed[w.create(t, simulator.Row{t.PrimaryID: id})] = true
		}
		w.delete(t, w.create(t, nil), changed) // a row that no read has seen
	}
	twice := take() // updated, updated again, and then deleted
	w.update(t, twice, changed)
	w.update(t, twice, changed)
	w.delete(t, twice, changed)
	return changed
}

// shuffled are the keys of all rows of a table.
func (w *workload) shuffled(table string) []string {
	ids := slices.Sorted(maps.Keys(maps.Collect(w.environment.Rows(table))))
	w.random.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	return ids
}

func (w *workload) create(t schema.Table, row simulator.Row) string {
	w.t.Helper()
	whole := simulator.Row{}
	for _, c := range t.Columns {
		if w.random.IntN(3) > 0 {
			w.set(whole, c)
		}
	}
	maps.Copy(whole, row)
	id, err := w.environment.Create(t.LogicalName, whole)
	require.NoError(w.t, err)
	return id
}

// update sets some columns, at least one.
func (w *workload) update(t schema.Table, id string, changed touched) {
	w.t.Helper()
	row := simulator.Row{}
	for len(row) == 0 {
		for _, c := range t.Columns {
			if w.random.IntN(5) == 0 && c.LogicalName != "partitionid" { // a row does not move to another partition
				w.set(row, c)
			}
		}
	}
	require.NoError(w.t, w.environment.Update(t.LogicalName, id, row))
	changed[id] = true
}

func (w *workload) delete(t schema.Table, id string, changed touched) {
	w.t.Helper()
	require.NoError(w.t, w.environment.Delete(t.LogicalName, id))
	changed[id] = false
}

// set gives a column a value, where it is one that a client may write.
func (w *workload) set(row simulator.Row, c schema.Column) {
	kept := []string{"versionnumber", "createdon", "modifiedon", "exchangerate", "statuscode", "fullname"}
	computed := c.SourceType != 0 || strings.HasSuffix(c.LogicalName, "_base") || strings.HasSuffix(c.LogicalName, "_composite")
	if c.Property() == "" || c.PrimaryID || computed || slices.Contains(kept, c.LogicalName) {
		return
	}
	value := w.value(c)
	if value != nil && w.random.IntN(8) == 0 && c.Type != schema.Boolean && c.Type != schema.State && c.Type != schema.ManagedProperty {
		value = json.RawMessage("null")
	}
	if value != nil {
		row[c.Property()] = value
	}
}

// value is a value that a column takes, nil for a type that clients do not write.
func (w *workload) value(c schema.Column) any {
	switch {
	case c.IsLookup(), c.Type == schema.Uniqueidentifier, c.Type == schema.File:
		return w.guid()
	case len(c.Options) > 0 && c.Type == schema.MultiSelectPicklist:
		return fmt.Sprintf("%d,%d", c.Options[0].Value, c.Options[len(c.Options)-1].Value)
	case len(c.Options) > 0 && c.Type != schema.Boolean:
		return c.Options[w.random.IntN(len(c.Options))].Value
	}
	switch c.Type { //nolint:exhaustive // those that are not named are written by the service alone
	case schema.String, schema.Memo:
		return w.text(c.MaxLength)
	case schema.EntityName:
		return "contact"
	case schema.Integer:
		return w.random.Int32() - 1<<30
	case schema.BigInt:
		return w.random.Int64()
	case schema.Decimal, schema.Money:
		return json.Number(fmt.Sprintf("%d.%010d", w.random.Int64N(2_000_000_000)-1_000_000_000, w.random.Int64N(10_000_000_000)))
	case schema.Double:
		return json.Number(strconv.FormatFloat(w.random.Float64()*2000-1000, 'f', 5, 64))
	case schema.Boolean:
		return w.random.IntN(2) == 0
	case schema.DateTime:
		return w.moment(c)
	case schema.Image:
		return base64.StdEncoding.EncodeToString([]byte(w.text(30)))
	case schema.ManagedProperty:
		return map[string]any{"Value": w.random.IntN(2) == 0}
	default:
		return nil
	}
}

func (w *workload) guid() string {
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", w.random.Uint32(), w.random.IntN(1<<16), w.random.IntN(1<<12), w.random.IntN(1<<12), w.random.Int64N(1<<48))
}

// text is made of what readers of JSON lines stumble over.
func (w *workload) text(limit int) string {
	pieces := []string{
		"a", "Zoë", "日本", "😀", "\u2028", "\u2029", "\u0085", "\n", "\r\n", "\t", "\"", "\\", "/", "<b>&amp;</b>", "\u0001", " ",
		`{"@odata.nextLink":"x"}`, "null", "\u202f", "e\u0301", "\u007f", "%20",
	}
	var text string
	for range w.random.IntN(6) {
		piece := pieces[w.random.IntN(len(pieces))]
		if len(text)+len(piece) > limit {
			break
		}
		text += piece
	}
	return text
}

func (w *workload) moment(c schema.Column) string {
	at := time.Date(1753+w.random.IntN(400), time.Month(1+w.random.IntN(12)), 1+w.random.IntN(28), w.random.IntN(24), w.random.IntN(60), w.random.IntN(60), 0, time.UTC)
	if c.Behavior == schema.DateOnly {
		return at.Format(time.DateOnly)
	}
	return at.Format(time.RFC3339)
}
