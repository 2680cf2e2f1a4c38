package replicate_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bitstrapped/airbyte"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
)

// mostBytes is the size of the largest content whose base64 text is delivered.
const mostBytes = 6 << 20

// noteEnvironment is an environment of notes whose contents are retrieved apart from the rows.
type noteEnvironment struct {
	rows     []string          // of pages of the table, without bodies
	bodies   map[string]string // JSON, by the row's key
	bodyErr  func(keys []string) error
	contents map[string][]byte // files and images, by key and column
	errors   map[string]error  // the same
	sizes    map[string]int64  // of files, by id
	sizesErr error
	down     error // of WhoAmI

	mu        sync.Mutex
	pages     []dataverse.PageRequest // of rows
	requested []string                // contents, and bodies by their keys
	whoAmI    int
}

// Page implements replicate.Environment.
func (l *noteEnvironment) Page(ctx context.Context, q dataverse.PageRequest, sink dataverse.Sink) (dataverse.Page, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	list, next := l.rows, dataverse.Link("")
	if _, filter, found := strings.Cut(string(q.Link), "$filter="); found {
		var keys []string
		for condition := range strings.SplitSeq(filter, "%20or%20") {
			keys = append(keys, strings.TrimPrefix(condition, "annotationid%20eq%20"))
		}
		l.requested = append(l.requested, "bodies of "+strings.Join(keys, ","))
		if l.bodyErr != nil {
			if err := l.bodyErr(keys); err != nil {
				return dataverse.Page{}, err
			}
		}
		list = nil
		for _, key := range keys {
			if body, exists := l.bodies[key]; exists {
				list = append(list, fmt.Sprintf(`{"annotationid":%q,"documentbody":%s}`, key, body))
			}
		}
	} else {
		l.pages = append(l.pages, q)
		from := 0
		if _, skip, found := strings.Cut(string(q.Link), "$skiptoken=%20last=%22"); found {
			_, _ = fmt.Sscan(skip, &from)
		}
		to := min(from+q.Size, len(list))
		if to < len(list) {
			first, _, _ := strings.Cut(string(q.Link), "&$skiptoken")
			next = dataverse.Link(fmt.Sprintf("%s&$skiptoken=%%20last=%%22%d", first, to))
		}
		list = list[from:to]
	}
	if err := sink.Begin(ctx, serviceTime()); err != nil {
		return dataverse.Page{}, err
	}
	for _, row := range list {
		if err := sink.Row(jsontext.NewDecoder(strings.NewReader(row))); err != nil {
			return dataverse.Page{}, err
		}
	}
	return dataverse.Page{At: serviceTime(), Next: next}, nil
}

// Table implements replicate.Environment.
func (l *noteEnvironment) Table(context.Context, string) (*dataverse.Table, error) {
	return notes(), nil
}

// Content implements replicate.Contents.
func (l *noteEnvironment) Content(_ context.Context, q dataverse.ContentRequest) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	name := q.Key + "." + q.Column
	text := name
	if q.FullSize {
		text += " at full size"
	}
	l.requested = append(l.requested, text)
	return l.contents[name], l.errors[name]
}

// FileSizes implements replicate.Contents.
func (l *noteEnvironment) FileSizes(_ context.Context, ids []string) (map[string]int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requested = append(l.requested, "sizes of "+strings.Join(ids, ","))
	return l.sizes, l.sizesErr
}

// WhoAmI implements replicate.Contents.
func (l *noteEnvironment) WhoAmI(context.Context) (dataverse.Identity, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.whoAmI++
	return dataverse.Identity{}, l.down
}

// notes is a table with each kind of content.
func notes() *dataverse.Table {
	return &dataverse.Table{LogicalName: "annotation", EntitySet: "annotations", PrimaryID: "annotationid", Columns: []dataverse.Column{
		{Property: "annotationid", Type: dataverse.UniqueIdentifier},
		{Property: "documentbody", Type: dataverse.String},
		{Property: "filesize", Type: dataverse.Integer},
		{Property: "paper", Type: dataverse.File},
		{Property: "paper_name", Type: dataverse.String},
		{Property: "photo", Type: dataverse.Image},
		{Property: "subject", Type: dataverse.String},
	}}
}

// readNotes reads columns of the notes with their contents.
func readNotes(t *testing.T, l *noteEnvironment, columns ...string) outcome {
	t.Helper()
	s := replicate.Stream{Table: notes(), Configured: protocol.ConfiguredStream{
		Name: "annotation", SyncMode: airbyte.SyncModeFullRefresh, Columns: map[string]protocol.Property{"annotationid": {}},
	}}
	for _, c := range columns {
		s.Configured.Columns[c] = protocol.Property{Type: []string{"null", "string"}}
	}
	return run(t, l, func(j *replicate.Job) { j.Contents = l }, s)
}

// delivered returns the data of the records by the row's key, and the changes as "key.field reason".
func delivered(t *testing.T, o outcome) (data map[string]map[string]any, changes []string) {
	t.Helper()
	data = map[string]map[string]any{}
	for _, line := range o.lines {
		var m struct {
			Record *struct {
				Data map[string]any
				Meta struct {
					Changes []struct{ Field, Reason string }
				}
			}
		}
		require.NoError(t, json.Unmarshal([]byte(line), &m))
		if m.Record == nil {
			continue
		}
		key := fmt.Sprint(m.Record.Data["annotationid"])
		data[key] = m.Record.Data
		for _, c := range m.Record.Meta.Changes {
			changes = append(changes, key+"."+c.Field+" "+c.Reason)
		}
	}
	return data, changes
}

func coded(status int, code string) error {
	return &dataverse.APIError{Status: status, Code: code, Message: "no"}
}

func TestBodiesOfNotesArriveWithTheirRows(t *testing.T) {
	l := &noteEnvironment{
		rows: []string{
			`{"annotationid":"n1","filesize":3,"subject":"a"}`, `{"annotationid":"n2","filesize":null,"subject":"b"}`,
			fmt.Sprintf(`{"annotationid":"n3","filesize":%d,"subject":"c"}`, mostBytes+1), `{"annotationid":"n4","filesize":4,"subject":"d"}`,
		},
		bodies: map[string]string{"n1": `"YWJj"`, "n2": `null`, "n3": `"never requested"`},
	}
	got := readNotes(t, l, "documentbody", "subject")
	require.Zero(t, got.failed, got.messages)
	data, changes := delivered(t, got)
	assert.Equal(t, "YWJj", data["n1"]["documentbody"])
	for key, subject := range map[string]string{"n1": "a", "n2": "b", "n3": "c", "n4": "d"} {
		assert.Equal(t, subject, data[key]["subject"])
		assert.Contains(t, data[key], "documentbody")
		assert.Len(t, data[key], 3, "the size was not selected")
	}
	assert.Equal(t, []string{
		"n3.documentbody SOURCE_FIELD_SIZE_LIMITATION", "n4.documentbody SOURCE_RETRIEVAL_ERROR", // the row has gone since
	}, changes)
	assert.Equal(t, []string{"bodies of n1,n2,n4", "bodies of n4"}, l.requested, "a response may lack rows")
	assert.Equal(t, dataverse.Link("annotations?$select=annotationid,filesize,subject"), l.pages[0].Link)
	assert.Equal(t, 50, l.pages[0].Size)
}

func TestFilesAndImagesArriveAsBase64(t *testing.T) {
	l := &noteEnvironment{
		rows: []string{
			`{"annotationid":"n1","paper":"F1","photo":"dGh1bWI="}`, `{"annotationid":"n2","paper":null,"photo":null}`,
			`{"annotationid":"n3","paper":"f3","photo":"c21hbGw="}`, `{"annotationid":"n4","paper":null,"photo":"c21hbGw="}`,
		},
		contents: map[string][]byte{"n1.paper": []byte("a paper"), "n1.photo": []byte("a photo"), "n3.paper": {}, "n4.photo": {}},
	}
	got := readNotes(t, l, "paper", "paper_content", "photo")
	require.Zero(t, got.failed, got.messages)
	data, changes := delivered(t, got)
	assert.Equal(t, map[string]map[string]any{
		"n1": {"annotationid": "n1", "paper": "F1", "paper_content": base64.StdEncoding.EncodeToString([]byte("a paper")), "photo": base64.StdEncoding.EncodeToString([]byte("a photo"))},
		"n2": {"annotationid": "n2", "paper": nil, "paper_content": nil, "photo": nil},
		"n3": {"annotationid": "n3", "paper": "f3", "paper_content": "", "photo": "c21hbGw="}, // stored as a thumbnail alone
		"n4": {"annotationid": "n4", "paper": nil, "paper_content": nil, "photo": "c21hbGw="}, // the same, if the response is empty
	}, data)
	assert.Empty(t, changes)
	slices.Sort(l.requested)
	assert.Equal(t, []string{"n1.paper", "n1.photo at full size", "n3.paper", "n3.photo at full size", "n4.photo at full size", "sizes of f1,f3"}, l.requested)
}

func TestFilesOfElasticRowsAreRequestedWithTheirPartition(t *testing.T) {
	l := &noteEnvironment{
		rows: []string{
			`{"annotationid":"n1","partitionid":"it's 50%/a","paper":"f1"}`, `{"annotationid":"n2","partitionid":null,"paper":"f2"}`,
		},
		contents: map[string][]byte{"annotationid=n1,partitionid='it%27%27s%2050%25%2Fa'.paper": []byte("x"), "n2.paper": []byte("y")},
	}
	s := replicate.Stream{Table: notes(), Configured: protocol.ConfiguredStream{
		Name: "annotation", SyncMode: airbyte.SyncModeFullRefresh,
		Columns: map[string]protocol.Property{"annotationid": {}, "partitionid": {}, "paper_content": {}},
	}}
	s.Table.Elastic = true
	s.Table.Columns = append(s.Table.Columns, dataverse.Column{Property: "partitionid", Type: dataverse.String})
	got := run(t, l, func(j *replicate.Job) { j.Contents = l }, s)
	require.Zero(t, got.failed, got.messages)
	data, changes := delivered(t, got)
	assert.Equal(t, "eA==", data["n1"]["paper_content"])
	assert.Equal(t, "eQ==", data["n2"]["paper_content"])
	assert.Empty(t, changes)
}

func TestAContentNotRetrievedIsNullWithItsReason(t *testing.T) {
	large := &dataverse.ResponseTooLargeError{Bytes: 6 << 20}
	l := &noteEnvironment{
		rows: []string{
			`{"annotationid":"n1","paper":"f1","photo":"eA=="}`, `{"annotationid":"n2","paper":"f2","photo":"eA=="}`,
			`{"annotationid":"n3","paper":"f3","photo":"eA=="}`, `{"annotationid":"n4","paper":"f4","photo":"eA=="}`, `{"annotationid":"n5","paper":"f5","photo":"eA=="}`,
		},
		sizes: map[string]int64{"f1": mostBytes + 1, "f2": mostBytes},
		errors: map[string]error{
			"n1.paper": errors.New("it is never requested"), "n2.paper": large, "n3.paper": coded(http.StatusForbidden, dataverse.CodePrivilegeMissing),
			"n4.paper": coded(http.StatusForbidden, ""), // of a scanner for viruses, say
			"n1.photo": large, "n2.photo": coded(http.StatusNotFound, dataverse.CodeNotFound), "n3.photo": coded(http.StatusInternalServerError, "0x80040216"),
		},
	}
	got := readNotes(t, l, "paper_content", "photo")
	require.Zero(t, got.failed, got.messages)
	data, changes := delivered(t, got)
	assert.ElementsMatch(t, []string{
		"n1.paper_content SOURCE_FIELD_SIZE_LIMITATION", "n2.paper_content SOURCE_FIELD_SIZE_LIMITATION",
		"n3.paper_content SOURCE_RETRIEVAL_ERROR", "n4.paper_content SOURCE_RETRIEVAL_ERROR", "n5.paper_content SOURCE_RETRIEVAL_ERROR",
		"n1.photo SOURCE_FIELD_SIZE_LIMITATION", "n3.photo SOURCE_RETRIEVAL_ERROR",
	}, changes)
	assert.Equal(t, "eA==", data["n2"]["photo"], "the thumbnail")
	assert.NotContains(t, l.requested, "n1.paper")
	assert.Equal(t, 2, l.whoAmI, "an error without a code, or one that may pass, may be one of the service")
	assert.Contains(t, got.log, "could not be retrieved")
}

func TestAnOutageDoesNotMakeContentsNull(t *testing.T) {
	outage := coded(http.StatusServiceUnavailable, "")
	for name, l := range map[string]*noteEnvironment{
		"of files":        {errors: map[string]error{"n1.paper": outage}, down: outage},
		"of bodies":       {bodyErr: func([]string) error { return outage }, down: outage},
		"with a code":     {errors: map[string]error{"n1.paper": coded(http.StatusServiceUnavailable, "0x80040216")}, down: outage},
		"of coded bodies": {bodyErr: func([]string) error { return coded(http.StatusServiceUnavailable, "0x80040216") }, down: outage},
		"of limits":       {errors: map[string]error{"n1.paper": coded(http.StatusTooManyRequests, dataverse.CodeThrottledRequests)}, down: outage},
	} {
		t.Run(name, func(t *testing.T) {
			l.rows = []string{`{"annotationid":"n1","paper":"f1"}`}
			got := readNotes(t, l, "documentbody", "paper_content")
			assert.Equal(t, 1, got.failed)
			assert.Empty(t, got.records())
		})
	}
}

func TestManyContentsAreReadInSmallerPages(t *testing.T) {
	l := &noteEnvironment{contents: map[string][]byte{}, bodies: map[string]string{}}
	for i := range 5 {
		key := fmt.Sprintf("n%d", i)
		l.rows = append(l.rows, fmt.Sprintf(`{"annotationid":%q,"paper":"f%d","filesize":2700000}`, key, i))
		l.contents[key+".paper"] = make([]byte, 2_700_000)
		l.bodies[key] = `"` + strings.Repeat("A", 3_600_000) + `"`
	}
	for name, column := range map[string]string{"if their sizes are known": "documentbody", "and if they are not": "paper_content"} {
		t.Run(name, func(t *testing.T) {
			l.pages = nil
			got := readNotes(t, l, column)
			require.Zero(t, got.failed, got.messages)
			assert.Len(t, got.records(), 5)
			assert.NotContains(t, got.log, "sent as null")
			var sizes []int
			for _, q := range l.pages {
				sizes = append(sizes, q.Size)
			}
			assert.Equal(t, []int{50, 10, 1, 1, 1, 1, 1}, sizes)
		})
	}
}

func TestOneBodyThatFailsDoesNotAffectOthers(t *testing.T) {
	l := &noteEnvironment{bodies: map[string]string{}, bodyErr: func(keys []string) error {
		if slices.Contains(keys, "n3") {
			return coded(http.StatusInternalServerError, "0x80040216")
		}
		return nil
	}}
	for i := range 6 {
		l.rows = append(l.rows, fmt.Sprintf(`{"annotationid":"n%d","filesize":3}`, i))
		l.bodies[fmt.Sprintf("n%d", i)] = fmt.Sprintf(`"body %d"`, i)
	}
	got := readNotes(t, l, "documentbody")
	require.Zero(t, got.failed, got.messages)
	data, changes := delivered(t, got)
	assert.Equal(t, []string{"n3.documentbody SOURCE_RETRIEVAL_ERROR"}, changes)
	assert.Equal(t, "body 5", data["n5"]["documentbody"])
	assert.Equal(t, "body 0", data["n0"]["documentbody"])
}

func TestContentsAreReadWithTheChanges(t *testing.T) {
	l := &noteEnvironment{rows: []string{
		`{"annotationid":"n1","paper":"f1"}`,
		`{"@odata.context":"x/$metadata#annotations/$deletedEntity","id":"n2","reason":"deleted"}`,
	}, contents: map[string][]byte{"n1.paper": []byte("x")}}
	table := notes()
	table.Tracked = true
	s := replicate.Stream{Table: table, Configured: protocol.ConfiguredStream{
		Name: "annotation", SyncMode: airbyte.SyncModeIncremental, SupportedSyncModes: []airbyte.SyncMode{airbyte.SyncModeIncremental},
		Columns: map[string]protocol.Property{"annotationid": {}, "paper_content": {}, catalog.UpdatedAt: {}, catalog.DeletedAt: {}},
	}}
	withContents := func(j *replicate.Job) { j.Contents = l }
	first := run(t, tracking{l}, withContents, s)
	require.Zero(t, first.failed, first.messages)
	s.State = []byte(first.lastState())
	assert.Contains(t, first.lastState(), `"derived":["paper_content"]`)
	second := run(t, tracking{l}, withContents, s)
	require.Zero(t, second.failed, second.messages)
	require.Len(t, second.records(), 2)
	assert.Contains(t, second.records()[0], `"paper_content":"eA=="`)
	assert.Contains(t, second.records()[1], `"annotationid":"n2"`)
	assert.Equal(t, dataverse.NewDeltaLink("annotations", []string{"annotationid", "paper"}, token(200)), l.pages[len(l.pages)-1].Link)
}

// tracking is a noteEnvironment whose table has change tracking.
type tracking struct{ *noteEnvironment }

// Page implements replicate.Environment.
func (l tracking) Page(ctx context.Context, q dataverse.PageRequest, sink dataverse.Sink) (dataverse.Page, error) {
	page, err := l.noteEnvironment.Page(ctx, q, sink)
	page.Delta = dataverse.NewDeltaLink("annotations", q.Link.Select(), token(200))
	if q.Link.DeltaToken() != "" {
		page.Context = "x/$metadata#annotations(" + strings.Join(q.Link.Select(), ",") + ")/$delta"
	}
	return page, err
}
