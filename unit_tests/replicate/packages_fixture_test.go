package replicate_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/finops"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
)

// exports is a fake finance & operations environment: its executions end as scripted, and its packages have the files of entities.
type exports struct {
	t      *testing.T
	files  map[string]string // CSV by the label of the entity; a package has them all
	counts map[string]int64  // of the job log, where they differ from the rows of the files

	running *finops.Execution
	ends    []error                                   // of the executions, one after the other; nil: it succeeds
	failed  map[string]bool                           // entities that are not exported
	pack    func(content []byte, download int) []byte // changes a package
	onStart func(x finops.Execution, begun bool)      // is called when an execution is run
	gone    map[string]bool                           // executions whose packages are lost
	empty   bool                                      // there is no package
	mapped  []string                                  // the columns of every mapping; none: there is no mapping
	calls   []string                                  // what was asked for
	loads   int
	folder  string
}

func newExports(t *testing.T) *exports {
	t.Helper()
	return &exports{
		t: t, folder: t.TempDir(), gone: map[string]bool{}, failed: map[string]bool{}, counts: map[string]int64{},
		files: map[string]string{
			"Customers":  "CUSTOMERID,AMOUNT\r\nA,.50\r\nB,1.25\r\nC,2.00\r\n",
			"Currencies": "CURRENCYCODE,NAME\r\nEUR,Euro\r\n",
		},
	}
}

func (e *exports) AwaitIdle(_ context.Context, project, company string, _ bool, _ func(string)) (*finops.Execution, error) {
	e.calls = append(e.calls, "idle "+company)
	return e.running, nil
}

func (e *exports) Export(ctx context.Context, x finops.Execution, begun bool, _ func(finops.Status)) (finops.Outcome, error) {
	verb := "export"
	if begun {
		verb = "continue"
	}
	e.calls = append(e.calls, verb+" "+x.Company)
	if e.onStart != nil {
		e.onStart(x, begun)
	}
	if ctx.Err() != nil {
		return finops.Outcome{}, ctx.Err()
	}
	if len(e.ends) > 0 {
		err := e.ends[0]
		e.ends = e.ends[1:]
		if err != nil {
			return finops.Outcome{}, err
		}
	}
	o := finops.Outcome{Status: finops.Succeeded, Completed: serviceTime(), Entities: map[string]finops.EntityOutcome{}}
	for label, text := range e.files {
		rows := int64(max(strings.Count(text, "\n")-1, 0))
		if count, found := e.counts[label]; found {
			rows = count
		}
		o.Entities[strings.ToLower(label)] = finops.EntityOutcome{Status: "Finished", Records: rows}
	}
	for label := range e.failed {
		o.Status = finops.PartiallySucceeded
		o.Entities[strings.ToLower(label)] = finops.EntityOutcome{Status: "Error"}
	}
	return o, nil
}

func (e *exports) EntityFailed(_ context.Context, x finops.Execution, o finops.Outcome, label string) error {
	if o.Entity(label).Failed() {
		return &finops.EntityError{Execution: x, Entity: label, Status: o.Entity(label).Status}
	}
	return nil
}

// Download stores the package through a real client, which makes its file.
func (e *exports) Download(ctx context.Context, execution string, mayBeNone bool) (*finops.File, error) {
	e.calls = append(e.calls, "download")
	if e.gone[execution] {
		return nil, &finops.LostError{Execution: execution, Reason: "it was removed"}
	}
	if e.empty {
		return nil, nil
	}
	client := finops.New("https://fo.example", noTokens{}, e, finops.Options{Folder: e.folder})
	return client.Download(ctx, execution, mayBeNone)
}

// RoundTrip implements http.RoundTripper for Download.
func (e *exports) RoundTrip(r *http.Request) (*http.Response, error) {
	body := []byte(`{"value":"https://storage.example/package?sig=x"}`)
	if r.URL.Host == "storage.example" {
		body = e.content()
		e.loads++
		if e.pack != nil {
			body = e.pack(body, e.loads)
		}
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, Request: r, ContentLength: int64(len(body)), Body: io.NopCloser(bytes.NewReader(body)),
	}, nil
}

// content is a package with all files.
func (e *exports) content() []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	write := func(name, text string) {
		into, err := w.Create(name)
		require.NoError(e.t, err)
		_, err = io.WriteString(into, text)
		require.NoError(e.t, err)
	}
	manifest := `<DataManagementPackageManifest xmlns="http://schemas.microsoft.com/dynamics/2015/01/DataManagement"><DefinitionGroupName>Sales</DefinitionGroupName><PackageEntityList>`
	mapping := ""
	for _, column := range e.mapped {
		mapping += `<EntityMap><XMLField>` + column + `</XMLField></EntityMap>`
	}
	for label, text := range e.files {
		manifest += `<DataManagementPackageEntityData><EntityMapList>` + mapping + `</EntityMapList><EntityName>` + label + `</EntityName><InputFilePath>` + label + `.csv</InputFilePath><SourceFormat>CSV</SourceFormat></DataManagementPackageEntityData>`
		if text != "" {
			write(label+".csv", text)
		}
	}
	write("Manifest.xml", manifest+`</PackageEntityList></DataManagementPackageManifest>`)
	require.NoError(e.t, w.Close())
	return out.Bytes()
}

type noTokens struct{}

func (noTokens) Token(context.Context) (string, error)       { return "token", nil }
func (noTokens) Renew(context.Context, string, string) error { return errors.New("never") }

// customers and currencies are streams of the project Sales. Currencies are shared.
func customers(state string) replicate.PackageStream {
	return packageStream("Customers", state, map[string]protocol.Property{
		"CustomerId": {Type: []string{"null", "string"}}, "Amount": {Type: []string{"null", "number"}},
		catalog.Company: {Type: []string{"null", "string"}},
	}, "CustomerId", catalog.Company)
}

func currencies(state string) replicate.PackageStream {
	s := packageStream("Currencies", state, map[string]protocol.Property{
		"CurrencyCode": {Type: []string{"null", "string"}}, "Name": {Type: []string{"null", "string"}},
	}, "CurrencyCode")
	s.Shared = true
	return s
}

func packageStream(entity, state string, columns map[string]protocol.Property, keys ...string) replicate.PackageStream {
	s := replicate.PackageStream{Entity: entity, Configured: protocol.ConfiguredStream{
		Name: catalog.PackageStreamName("Sales", entity), SyncMode: airbyte.SyncModeFullRefresh,
		SupportedSyncModes: []airbyte.SyncMode{airbyte.SyncModeFullRefresh}, Columns: columns,
	}}
	for _, key := range keys {
		s.Configured.PrimaryKey = append(s.Configured.PrimaryKey, []string{key})
	}
	if state != "" {
		s.State = []byte(state)
	}
	return s
}

// readSales reads streams of the project Sales for companies.
func readSales(ctx context.Context, t *testing.T, e *exports, companies []string, change func(*replicate.Job), streams ...replicate.PackageStream) outcome {
	t.Helper()
	return runIn(ctx, t, nil, func(j *replicate.Job) {
		j.Exports = e
		j.Projects = []replicate.Project{{Name: "Sales", Companies: companies, Entities: streams}}
		if change != nil {
			change(j)
		}
	})
}

// written returns what a run has written of a kind for a stream: the data of records, states, or the rest of the message.
func (o outcome) written(stream, kind string) []string {
	var all []string
	for _, m := range o.messages {
		if rest, found := strings.CutPrefix(m, stream+" "+kind); found {
			all = append(all, strings.TrimSpace(rest))
		}
	}
	return all
}

// stateOf is the last state of a stream, as the platform would pass it.
func (o outcome) stateOf(t *testing.T, stream string) string {
	t.Helper()
	states := o.written(stream, "STATE")
	require.NotEmpty(t, states)
	_, state, _ := strings.Cut(states[len(states)-1], " ")
	return state
}

// manyCustomers is a file with so many rows.
func manyCustomers(rows int) string {
	var text strings.Builder
	text.WriteString("CUSTOMERID,AMOUNT\r\n")
	for i := range rows {
		fmt.Fprintf(&text, "C%06d,%d.50\r\n", i, i)
	}
	return text.String()
}

// customerIDs are the keys of the records of customers, in order.
func (o outcome) customerIDs(t *testing.T) []string {
	t.Helper()
	var ids []string
	for _, data := range o.written("dmf_sales_customers", "RECORD") {
		var row struct{ CustomerID string }
		require.NoError(t, json.Unmarshal([]byte(data), &row))
		ids = append(ids, row.CustomerID)
	}
	return ids
}

func requestedAt() time.Time { return serviceTime() }

// errRefused is the error of an export that a service did not start, as a client returns it.
func errRefused(t *testing.T) error {
	t.Helper()
	client := finops.New("https://fo.example", noTokens{}, refusing{}, finops.Options{})
	_, err := client.Export(t.Context(), finops.NewExecution("Sales", "USMF", serviceTime()), false, nil)
	var refused *finops.RefusedError
	require.ErrorAs(t, err, &refused)
	return err
}

type refusing struct{}

func (refusing) RoundTrip(r *http.Request) (*http.Response, error) {
	text := `{"error":{"code":"","message":"An error has occurred.","innererror":{"message":"Execution details were not found for execution id: x"}}}`
	return &http.Response{StatusCode: http.StatusBadRequest, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(text))}, nil
}
