package replicate_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/finops"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
)

const dmfCustomers, dmfCurrencies = "dmf_sales_customers", "dmf_sales_currencies"

func TestOneExecutionServesAllStreamsOfACompany(t *testing.T) {
	e := newExports(t)
	o := readSales(t.Context(), t, e, []string{"USMF", "DEMF"}, nil, customers(""), currencies(""))
	require.NoError(t, o.err)
	assert.Zero(t, o.failed)
	assert.Equal(t, []string{"idle USMF", "export USMF", "download", "idle DEMF", "export DEMF", "download"}, e.calls)
	assert.Equal(t, []string{
		`{"Amount":0.50,"CustomerId":"A","dataAreaId":"USMF"}`, `{"Amount":1.25,"CustomerId":"B","dataAreaId":"USMF"}`,
		`{"Amount":2.00,"CustomerId":"C","dataAreaId":"USMF"}`, `{"Amount":0.50,"CustomerId":"A","dataAreaId":"DEMF"}`,
		`{"Amount":1.25,"CustomerId":"B","dataAreaId":"DEMF"}`, `{"Amount":2.00,"CustomerId":"C","dataAreaId":"DEMF"}`,
	}, o.written(dmfCustomers, "RECORD"))
	assert.Equal(t, []string{`{"CurrencyCode":"EUR","Name":"Euro"}`}, o.written(dmfCurrencies, "RECORD"), "the rows of all companies are in the first package")
	for _, stream := range []string{dmfCustomers, dmfCurrencies} {
		assert.Len(t, o.written(stream, "COMPLETE"), 1)
		assert.Contains(t, o.stateOf(t, stream), `"__ab_full_refresh_sync_complete":true`)
	}
	currenciesDone := slices.Index(o.messages, dmfCurrencies+" COMPLETE")
	assert.Less(t, currenciesDone, len(o.messages)-2, "a shared entity is complete after the first company")
}

func TestOnlySharedStreamsNeedOneCompany(t *testing.T) {
	e := newExports(t)
	o := readSales(t.Context(), t, e, []string{"USMF", "DEMF"}, nil, currencies(""))
	require.NoError(t, o.err)
	assert.Equal(t, []string{"idle USMF", "export USMF", "download"}, e.calls)
}

func TestExecutionIsInTheStatesBeforeItIsRequested(t *testing.T) {
	e := newExports(t)
	var ids []string
	ctx, kill := context.WithCancel(t.Context())
	e.onStart = func(x finops.Execution, _ bool) {
		ids = append(ids, x.ID)
		kill() // as if the process ended before its request
	}
	o := readSales(ctx, t, e, []string{"USMF"}, nil, customers(""), currencies(""))
	require.Len(t, ids, 1)
	for _, stream := range []string{dmfCustomers, dmfCurrencies} {
		assert.Contains(t, o.stateOf(t, stream), `"open":{"execution":"`+ids[0]+`","company":"USMF"`)
		assert.Len(t, o.written(stream, "INCOMPLETE"), 1)
	}
	assert.Equal(t, 2, o.failed)
}

func TestReadThatWasKilledGoesOnWithItsExecution(t *testing.T) {
	e := newExports(t)
	ctx, kill := context.WithCancel(t.Context())
	e.onStart = func(finops.Execution, bool) { kill() }
	first := readSales(ctx, t, e, []string{"USMF"}, inJob("7"), customers(""), currencies(""))
	e.calls, e.onStart = nil, nil
	second := readSales(t.Context(), t, e, []string{"USMF"}, inJob("7"),
		customers(first.stateOf(t, dmfCustomers)), currencies(first.stateOf(t, dmfCurrencies)))
	require.NoError(t, second.err)
	assert.Equal(t, []string{"continue USMF", "download"}, e.calls)
	assert.Equal(t, []string{"A", "B", "C"}, second.customerIDs(t))
}

func TestReadThatWasKilledInAFileGoesOnAtItsRow(t *testing.T) {
	e := newExports(t)
	e.files["Customers"] = manyCustomers(120_000)
	whole := readSales(t.Context(), t, e, []string{"USMF"}, inJob("7"), customers(""))
	states := whole.written(dmfCustomers, "STATE")
	require.Len(t, states, 5, "the execution, two in the file, its end, and the end of the stream")
	at := slices.IndexFunc(whole.messages, func(m string) bool { return strings.Contains(m, `"rows":50000`) })
	require.Positive(t, at)
	before := outcome{messages: whole.messages[:at]}
	_, state, _ := strings.Cut(states[1], " ")
	e.calls = nil
	rest := readSales(t.Context(), t, e, []string{"USMF"}, inJob("7"), customers(state))
	assert.Equal(t, []string{"continue USMF", "download"}, e.calls)
	assert.Equal(t, whole.customerIDs(t), append(before.customerIDs(t), rest.customerIDs(t)...))
}

func TestLaterJobReadsAnUnreadExecutionFromItsFirstRow(t *testing.T) {
	e := newExports(t)
	state := `{"version":2,"phase":"package","project":"Sales","entity":"Customers","job":"7","columns":["Amount","CustomerId","dataAreaId"],` +
		`"open":{"execution":"ab-Sales-DEMF-20261128T120000Z-0123456789abcdef","company":"DEMF","requested":"` + requestedAt().Format("2006-01-02T15:04:05Z") + `","rows":2}}`
	o := readSales(t.Context(), t, e, []string{"USMF", "DEMF"}, inJob("8"), customers(state))
	require.NoError(t, o.err)
	assert.Equal(t, []string{"continue DEMF", "download", "idle USMF", "export USMF", "download"}, e.calls, "the open execution occupies the project")
	assert.Len(t, o.written(dmfCustomers, "RECORD"), 6)
}

func TestStreamThatThisJobHasReadIsNotReadAgain(t *testing.T) {
	e := newExports(t)
	first := readSales(t.Context(), t, e, []string{"USMF"}, inJob("7"), customers(""))
	e.calls = nil
	second := readSales(t.Context(), t, e, []string{"USMF"}, inJob("7"), customers(first.stateOf(t, dmfCustomers)))
	assert.Empty(t, e.calls)
	assert.Empty(t, second.written(dmfCustomers, "RECORD"))
	assert.Len(t, second.written(dmfCustomers, "COMPLETE"), 1)
	third := readSales(t.Context(), t, e, []string{"USMF"}, inJob("8"), customers(first.stateOf(t, dmfCustomers)))
	assert.Len(t, third.written(dmfCustomers, "RECORD"), 3)
}

func TestRunningExecutionOfTheConnectorIsTakenOver(t *testing.T) {
	e := newExports(t)
	running := finops.NewExecution("Sales", "USMF", serviceTime())
	e.running = &running
	o := readSales(t.Context(), t, e, []string{"USMF"}, nil, customers(""))
	require.NoError(t, o.err)
	assert.Equal(t, []string{"idle USMF", "continue USMF", "download"}, e.calls)
	assert.Contains(t, o.written(dmfCustomers, "STATE")[0], running.ID)
}

func TestFailedExecutionIsRepeated(t *testing.T) {
	failure := func(message string) error {
		return &finops.ExportError{Status: finops.Failed, Messages: []string{message}}
	}
	canceled := &finops.ExportError{Status: finops.Canceled}
	for name, c := range map[string]struct {
		ends    []error
		exports int
		fails   bool
	}{
		"it succeeds then":               {[]error{failure("a")}, 2, false},
		"it fails again":                 {[]error{failure("a"), failure("a")}, 2, true},
		"a temporary failure":            {[]error{failure("DMF1968: x"), failure("DMF1968: x")}, 3, false},
		"a temporary failure that stays": {[]error{failure("DMF1968: x"), failure("DMF1968: x"), failure("DMF1968: x")}, 3, true},
		"someone canceled it":            {[]error{canceled}, 1, true},
		"it is stuck":                    {[]error{&finops.StuckError{}}, 1, true},
		"it was not started":             {[]error{&finops.RefusedError{}}, 2, false},
		"another error":                  {[]error{errors.New("x")}, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			e := newExports(t)
			e.ends = slices.Clone(c.ends)
			for i, err := range e.ends {
				if refused := new(finops.RefusedError); errors.As(err, &refused) {
					e.ends[i] = errRefused(t)
				}
			}
			o := readSales(t.Context(), t, e, []string{"USMF"}, nil, customers(""), currencies(""))
			require.NoError(t, o.err)
			count := 0
			for _, call := range e.calls {
				if strings.HasPrefix(call, "export") {
					count++
				}
			}
			assert.Equal(t, c.exports, count)
			assert.Equal(t, c.fails, o.failed == 2)
			assert.Equal(t, c.fails, len(o.written(dmfCustomers, "INCOMPLETE")) == 1)
		})
	}
}

func TestEntityThatFailedEndsItsStreamAlone(t *testing.T) {
	e := newExports(t)
	e.failed["Customers"] = true
	o := readSales(t.Context(), t, e, []string{"USMF", "DEMF"}, nil, customers(""), currencies(""))
	require.NoError(t, o.err)
	assert.Equal(t, 1, o.failed)
	assert.Len(t, o.written(dmfCustomers, "ERROR"), 1)
	assert.Len(t, o.written(dmfCustomers, "INCOMPLETE"), 1)
	assert.Empty(t, o.written(dmfCustomers, "RECORD"))
	assert.Len(t, o.written(dmfCurrencies, "COMPLETE"), 1)
	assert.Equal(t, []string{"idle USMF", "export USMF", "download"}, e.calls, "no other stream needs the second company")
	e.calls = nil
	o = readSales(t.Context(), t, e, []string{"USMF"}, nil, customers(""))
	assert.Equal(t, 1, o.failed)
	assert.Equal(t, []string{"idle USMF", "export USMF"}, e.calls, "no stream needs the package")
}

func TestLostPackageIsExportedAgain(t *testing.T) {
	e := newExports(t)
	first := readSales(t.Context(), t, e, []string{"USMF"}, inJob("7"), customers(""))
	_, state, _ := strings.Cut(first.written(dmfCustomers, "STATE")[0], " ")
	state = strings.Replace(state, `"company":"USMF"`, `"company":"USMF","rows":2`, 1)
	id := state[strings.Index(state, "ab-Sales"):]
	e.gone[id[:strings.Index(id, `"`)]] = true
	e.calls = nil
	o := readSales(t.Context(), t, e, []string{"USMF"}, inJob("7"), customers(state))
	require.NoError(t, o.err)
	assert.Equal(t, []string{"continue USMF", "download", "idle USMF", "export USMF", "download"}, e.calls)
	assert.Equal(t, []string{"A", "B", "C"}, o.customerIDs(t))
	assert.Contains(t, o.log, "Rows of the lost package have been sent already.")
}

func TestDamagedPackageIsDownloadedAgain(t *testing.T) {
	for _, c := range []struct {
		damaged int // of the downloads
		fails   bool
	}{{1, false}, {2, true}} {
		e := newExports(t)
		e.pack = func(content []byte, download int) []byte {
			if download <= c.damaged {
				return content[:len(content)/2]
			}
			return content
		}
		o := readSales(t.Context(), t, e, []string{"USMF"}, nil, customers(""))
		require.NoError(t, o.err)
		assert.Equal(t, c.fails, o.failed == 1)
		assert.Equal(t, 1, strings.Count(strings.Join(e.calls, ","), "export"), "the same execution is read")
	}
}

func TestPackageWithoutRowsIsCompleteOnlyIfNoneAreCounted(t *testing.T) {
	for name, c := range map[string]struct {
		file   string
		counts int64
		empty  bool // there is no package
		fails  bool
	}{
		"only a header, none are counted": {"CUSTOMERID,AMOUNT\r\n", 0, false, false},
		"only a header, some are counted": {"CUSTOMERID,AMOUNT\r\n", 5, false, true},
		"no file, none are counted":       {"", 0, false, false},
		"no file, some are counted":       {"", 5, false, true},
		"no package, none are counted":    {"", 0, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			e := newExports(t)
			e.files = map[string]string{"Customers": c.file}
			e.counts["Customers"], e.empty = c.counts, c.empty
			o := readSales(t.Context(), t, e, []string{"USMF"}, nil, customers(""))
			require.NoError(t, o.err)
			assert.Empty(t, o.written(dmfCustomers, "RECORD"))
			assert.Equal(t, c.fails, o.failed == 1)
			assert.Equal(t, c.fails, len(o.written(dmfCustomers, "COMPLETE")) == 0)
		})
	}
}

func TestFileWithoutAKeyColumnEndsItsStream(t *testing.T) {
	e := newExports(t)
	e.files["Customers"] = "AMOUNT\r\n1.00\r\n"
	o := readSales(t.Context(), t, e, []string{"USMF"}, nil, customers(""), currencies(""))
	assert.Equal(t, 1, o.failed)
	assert.Contains(t, o.written(dmfCustomers, "ERROR")[0], "CustomerId")
	assert.Empty(t, o.written(dmfCustomers, "RECORD"))
}

func TestColumnThatTheFileLacksIsNullWithAWarning(t *testing.T) {
	for entity, c := range map[string]struct{ file, record string }{
		"Customers":  {"CUSTOMERID\r\nA\r\n", `{"Amount":null,"CustomerId":"A","dataAreaId":"USMF"}`},
		"Currencies": {"CURRENCYCODE\r\nEUR\r\n", `{"CurrencyCode":"EUR","Name":null}`},
	} {
		e := newExports(t)
		e.files[entity] = c.file
		stream := map[string]replicate.PackageStream{"Customers": customers(""), "Currencies": currencies("")}[entity]
		o := readSales(t.Context(), t, e, []string{"USMF"}, nil, stream)
		assert.Equal(t, []string{c.record}, o.written(stream.Configured.Name, "RECORD"))
		assert.Contains(t, o.log, "Selected columns are not in the file of the entity")
	}
}

func TestColumnOutsideTheMappingIsNullInXML(t *testing.T) {
	e := newExports(t)
	e.files["Currencies"] = "<Document><X><CURRENCYCODE>EUR</CURRENCYCODE></X></Document>\n"
	e.mapped = []string{"CURRENCYCODE"}
	o := readSales(t.Context(), t, e, []string{"USMF"}, nil, currencies(""))
	assert.Equal(t, []string{`{"CurrencyCode":"EUR","Name":null}`}, o.written(dmfCurrencies, "RECORD"))
	assert.Contains(t, o.log, "columns=Name")
	e.mapped = []string{"CURRENCYCODE", "NAME"}
	o = readSales(t.Context(), t, e, []string{"USMF"}, nil, currencies(""))
	assert.Equal(t, []string{`{"CurrencyCode":"EUR","Name":""}`}, o.written(dmfCurrencies, "RECORD"))
	assert.NotContains(t, o.log, "Selected columns")
}

func TestEmptyFileOfAnEntityHasNoRows(t *testing.T) {
	e := newExports(t)
	e.files["Customers"] = "\ufeff"
	o := readSales(t.Context(), t, e, []string{"USMF"}, nil, customers(""))
	assert.Zero(t, o.failed)
	assert.Empty(t, o.written(dmfCustomers, "RECORD"))
}

func TestValueThatDoesNotParseIsNullWithItsReason(t *testing.T) {
	e := newExports(t)
	e.files["Customers"] = "CUSTOMERID,AMOUNT\r\nA,many\r\n"
	o := readSales(t.Context(), t, e, []string{"USMF"}, nil, customers(""))
	assert.Zero(t, o.failed)
	at := slices.IndexFunc(o.lines, func(line string) bool { return strings.Contains(line, `"RECORD"`) })
	assert.Contains(t, o.lines[at], `"Amount":null`)
	assert.Contains(t, o.lines[at], `"meta":{"changes":[{"field":"Amount","change":"NULLED","reason":"SOURCE_SERIALIZATION_ERROR"}]}`)
}

func TestStreamThatCannotBeReadNeedsNoExecution(t *testing.T) {
	e := newExports(t)
	refused := customers("")
	refused.Err = errors.New("the line is incremental")
	o := readSales(t.Context(), t, e, []string{"USMF"}, nil, refused)
	require.NoError(t, o.err)
	assert.Empty(t, e.calls)
	assert.Equal(t, []string{dmfCustomers + " STARTED", dmfCustomers + " ERROR the line is incremental", dmfCustomers + " INCOMPLETE"}, o.messages)
}

func TestProjectsAndTablesAreReadTogether(t *testing.T) {
	e := newExports(t)
	table := fullRefresh("")
	o := runIn(t.Context(), t, nil, func(j *replicate.Job) {
		j.Exports = e
		j.Projects = []replicate.Project{{Name: "Sales", Companies: []string{"USMF"}, Entities: []replicate.PackageStream{customers("")}}}
		j.Explain = func(s replicate.Stream, err error) protocol.Failure {
			return protocol.Failure{Type: protocol.SystemError, Message: err.Error()}
		}
	}, replicate.Stream{Configured: table.Configured, TableError: errors.New("not readable")})
	require.NoError(t, o.err)
	assert.Equal(t, 1, o.failed)
	assert.Len(t, o.written(dmfCustomers, "COMPLETE"), 1)
}
