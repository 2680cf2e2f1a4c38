package integration_tests_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/binary"
	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
)

// edit edits every response to requests for rows of a table.
func (l *lab) edit(table string, edit faults.Edit) *faults.Injection {
	return l.server.Inject(faults.Fault{Match: faults.Table(table), Then: edit}.Always())
}

// recordsOf parses the records of an output.
func recordsOf(t *testing.T, result binary.Result) []*destination.Record {
	t.Helper()
	var list []*destination.Record
	for _, m := range messages(t, result) {
		if m.Record != nil {
			list = append(list, m.Record)
		}
	}
	return list
}

func TestNamesInAnotherLetterCaseAreTheSameNames(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 20, Rows: map[string]int{"task": 60}})
	names := regexp.MustCompile(`"(subject|activityid|_ownerid_value|versionnumber)":`)
	l.edit("task", func(_ *http.Request, body []byte) []byte {
		return names.ReplaceAllFunc(body, func(name []byte) []byte { return bytes.ToUpper(name) })
	})
	d, catalog := destination.New(), l.configured("task")
	l.sync(d, catalog)
	l.equal(d, "task")
	newWorkload(t, l.environment, 20).change("task", 8)
	l.sync(d, catalog)
	l.equal(d, "task")
}

func TestDeletionsNameTheirKeysInAnyLetterCase(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 20, Rows: map[string]int{"task": 60}})
	d, catalog := destination.New(), l.configured("task")
	l.sync(d, catalog)
	newWorkload(t, l.environment, 20).change("task", 8)
	keys := regexp.MustCompile(`"id":"[^"]*"`)
	l.edit("task", func(_ *http.Request, body []byte) []byte {
		return keys.ReplaceAllFunc(body, func(member []byte) []byte {
			return append([]byte(`"id":`), bytes.ToUpper(member[len(`"id":`):])...)
		})
	})
	assert.NotZero(t, l.sync(d, catalog).Streams["task"].Deletions)
	l.equal(d, "task")
}

func TestADeletionWithAnInvalidKeyDeletesNoOtherRow(t *testing.T) {
	t.Parallel()
	for name, id := range map[string]string{"an address": `"id":"https://host/tasks($1)"`, "a number": `"id":17`, "nothing": `"of":"$1"`} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, simulator.Options{Seed: 20, Rows: map[string]int{"task": 60}})
			d, catalog := destination.New(), l.configured("task")
			l.sync(d, catalog)
			gone := newWorkload(t, l.environment, 20).shuffled("task")[0]
			require.NoError(t, l.environment.Delete("task", gone))
			injection := l.edit("task", replaced(regexp.MustCompile(`"id":"([^"]*)"`), id))
			report, result := l.read(d, catalog)
			if result.ExitCode == 0 { // it was understood
				l.equal(d, "task")
				return
			}
			assert.NotContains(t, report.Streams["task"].Statuses, "COMPLETE")
			assert.Len(t, d.Rows("task"), 60)
			injection.Remove()
			l.sync(d, catalog)
			l.equal(d, "task")
		})
	}
}

func TestAColumnThatComesInNoRowBringsOneWarning(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 20, Rows: map[string]int{"task": 90}})
	l.edit("task", replaced(regexp.MustCompile(`"description":(?:null|"(?:\\.|[^"\\])*"),?`), ""))
	report := l.sync(destination.New(), l.configured("task"))
	assert.Len(t, warnings(report, "description"), 1)
}

func TestAValueOfAnotherTypeBecomesNullWithAReason(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ column, value string }{
		"not a number":         {"contoso_double", `"NaN"`},
		"infinity":             {"contoso_double", `"INF"`},
		"an object in a text":  {"contoso_name", `{"text":"x"}`},
		"a text in an integer": {"contoso_integer", `"12"`},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, simulator.Options{Seed: 20, Rows: map[string]int{"contoso_everything": 20}})
			value := regexp.MustCompile(`"` + c.column + `":(?:null|[-+.0-9eE]+|"(?:\\.|[^"\\])*")`)
			l.edit("contoso_everything", replaced(value, `"`+c.column+`":`+c.value))
			d, catalog := destination.New(), l.configured("contoso_everything")
			report, result := l.read(d, catalog)
			require.Equal(t, 0, result.ExitCode, "%v", report.Errors)
			list := recordsOf(t, result)
			require.Len(t, list, 20)
			for _, r := range list {
				assert.Equal(t, "null", string(r.Data[c.column]))
				var meta struct {
					Changes []struct{ Field, Change, Reason string } `json:"changes"`
				}
				require.NoError(t, json.Unmarshal(r.Meta, &meta))
				require.Len(t, meta.Changes, 1)
				assert.Equal(t, c.column, meta.Changes[0].Field)
				assert.Equal(t, "NULLED", meta.Changes[0].Change)
			}
			assert.Len(t, warnings(report, c.column), 1)
		})
	}
}

func TestANullCharacterInATextIsReplaced(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 20, Rows: map[string]int{"task": 20}})
	l.edit("task", replaced(regexp.MustCompile(`"subject":"`), `"subject":"a\u0000b`))
	for _, r := range recordsOf(t, l.run(l.readArgs(destination.New(), l.configured("task"))...)) {
		var subject string
		require.NoError(t, json.Unmarshal(r.Data["subject"], &subject))
		assert.True(t, strings.HasPrefix(subject, "a\uFFFDb"), "%q", subject)
	}
}

func TestRowsOfATableWithoutARealKeyAreAllDelivered(t *testing.T) {
	l := newLab(t, simulator.Options{Seed: 20, Rows: map[string]int{"contoso_legacyorder": 60}})
	key := regexp.MustCompile(`"contoso_legacyorderid":"[^"]*"`)
	l.edit("contoso_legacyorder", replaced(key, fmt.Sprintf(`"contoso_legacyorderid":"%036d"`, 0)))
	list := recordsOf(t, l.run(l.readArgs(destination.New(), l.configured("contoso_legacyorder"))...))
	assert.Len(t, list, 60)
}
