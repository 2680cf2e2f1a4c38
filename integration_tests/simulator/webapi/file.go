package webapi

import (
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/edit"
	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// chunkSize is how many bytes of a file clients are advised to send at once.
const chunkSize = 4 << 20

// isFile reports whether a request carries or asks for the content of a file column (Microsoft, "Use file column data").
func isFile(r *http.Request) bool {
	switch r.Method {
	case http.MethodPatch, http.MethodPut:
		media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		return r.Header.Get("x-ms-transfer-mode") != "" || r.URL.Query().Has("sessiontoken") ||
			err == nil && !strings.HasPrefix(media, "application/json") && media != ""
	case http.MethodGet:
		return r.Header.Get("Range") != "" || strings.HasSuffix(r.URL.Path, "/$value")
	default:
		return false
	}
}

// serveFile serves such a request. It is false for one about a column that holds no file.
func serveFile(db *rows.Database, w http.ResponseWriter, r *http.Request, base, path string) bool {
	db.Mu.Lock()
	defer db.Mu.Unlock()
	c := &call{http: r, base: base, query: odata.RowQuery{Top: -1, Present: map[string]bool{}}}
	if refusal := route(db, c, path); refusal != nil || c.key == nil {
		return false
	}
	column := c.store.Table.Column(strings.TrimSuffix(c.rest, "/$value"))
	if column == nil || column.Type != schema.File && column.Type != schema.Image {
		return false
	}
	reply, refusal := file(db, c, column)
	if refusal != nil {
		refusal.Write(w, r)
		return true
	}
	reply.Send(w)
	return true
}

func file(db *rows.Database, c *call, column *schema.Column) (*odata.Reply, *odata.Error) {
	row, refusal := readable(db, c)
	switch {
	case refusal != nil:
		return nil, refusal
	case c.http.Method == http.MethodGet:
		if refusal := mayRead(db, c.user, c.store.Table); refusal != nil {
			return nil, refusal
		}
		return download(db, c, row, column)
	}
	if refusal := mayWrite(db, c.store.Table, "Write"); refusal != nil {
		return nil, refusal
	}
	token, name := c.http.URL.Query().Get("sessiontoken"), fileName(c.http)
	switch {
	case token != "":
		return chunk(db, c, column, token)
	case c.http.Header.Get("x-ms-transfer-mode") == "chunked":
		token = guid.New()
		db.Uploads[token] = &rows.Upload{Store: c.store, Row: row.ID, Column: column.LogicalName, Name: name}
		reply := odata.NewReply(http.StatusOK)
		reply.Header.Set("Location", c.base+"/"+edit.Address(c.store, row)+"/"+column.LogicalName+"?sessiontoken="+token)
		reply.Header.Set("x-ms-chunk-size", strconv.Itoa(chunkSize))
		reply.Header.Set("Accept-Ranges", "bytes")
		return reply, nil
	}
	data, err := io.ReadAll(c.http.Body)
	if err != nil {
		return nil, odata.BadPayload(c.store.Table.EntitySetName, "The request body could not be read.")
	}
	return keepFile(db, &rows.Upload{Store: c.store, Row: row.ID, Column: column.LogicalName, Name: name, Data: data})
}

// fileName returns the name of a file, from a header or a parameter.
func fileName(r *http.Request) string {
	name := r.Header.Get("x-ms-file-name")
	if name == "" {
		name = r.URL.Query().Get("x-ms-file-name")
	}
	if plainName, err := url.PathUnescape(name); err == nil {
		name = plainName
	}
	return name
}

// chunk takes the next part of a file, in the order of its bytes.
func chunk(db *rows.Database, c *call, column *schema.Column, token string) (*odata.Reply, *odata.Error) {
	u := db.Uploads[token]
	if u == nil || u.Store != c.store || u.Column != column.LogicalName {
		return nil, odata.Refuse(http.StatusBadRequest, "0x80048d19", "The session token is not one of this file's.")
	}
	var first, last, total int
	if n, err := fmt.Sscanf(c.http.Header.Get("Content-Range"), "bytes %d-%d/%d", &first, &last, &total); n != 3 || err != nil || first != len(u.Data) {
		return nil, odata.Refuse(http.StatusRequestedRangeNotSatisfiable, "0x80048d19", "The Content-Range '%s' does not follow the %d bytes that are there.", c.http.Header.Get("Content-Range"), len(u.Data))
	}
	data, err := io.ReadAll(io.LimitReader(c.http.Body, int64(last-first+1)))
	if err != nil {
		return nil, odata.BadPayload(c.store.Table.EntitySetName, "The request body could not be read.")
	}
	if u.Data = append(u.Data, data...); len(u.Data) < total {
		return odata.NewReply(http.StatusPartialContent), nil
	}
	delete(db.Uploads, token)
	return keepFile(db, u)
}

// keepFile puts a file that is whole into its row, under an id of its own.
func keepFile(db *rows.Database, u *rows.Upload) (*odata.Reply, *odata.Error) {
	row, found := u.Store.Find(u.Row)
	if !found {
		return nil, edit.NoSuchRow(u.Store, u.Row)
	}
	id := guid.New()
	if column := u.Store.Table.Column(u.Column); column.Type == schema.Image {
		return keepImage(db, u, row)
	}
	if refusal := tooLarge(u); refusal != nil {
		return nil, refusal
	}
	made := edit.Edit{Values: map[string]rows.Value{
		u.Column:           {Json: odata.AppendQuoted(nil, id)},
		u.Column + "_name": {Json: odata.AppendQuoted(nil, u.Name)},
	}}
	if _, refusal := edit.Change(db, &rows.Journal{}, u.Store, row, made); refusal != nil {
		return nil, refusal
	}
	db.Files[id] = u.Data
	db.DescribeFiles(&rows.Journal{}, u.Store, row.ID)
	return odata.NewReply(http.StatusNoContent), nil
}

// tooLarge refuses a file that is larger than its column allows.
func tooLarge(u *rows.Upload) *odata.Error {
	if limit := u.Store.Table.Column(u.Column).MaxKilobytes(); len(u.Data) > limit<<10 {
		return odata.Refuse(http.StatusBadRequest, "0x80044a02", "Attachment file size is too big.")
	}
	return nil
}

// keepImage puts an image into its row, as a write of the column would.
func keepImage(db *rows.Database, u *rows.Upload, row rows.Ref) (*odata.Reply, *odata.Error) {
	if limit := u.Store.Table.Column(u.Column).MaxKilobytes(); len(u.Data) > limit<<10 {
		return nil, odata.Refuse(http.StatusBadRequest, "0x80072553", "Error occured when processing image. Reason: File size is too big. MaxSize: %d MB, Uploaded filesize: %d MB.", //nolint:misspell // the service's spelling
			limit>>10, len(u.Data)>>20)
	}
	value := odata.AppendQuoted(nil, base64.StdEncoding.EncodeToString(u.Data))
	if _, refusal := edit.Change(db, &rows.Journal{}, u.Store, row, edit.Edit{Values: map[string]rows.Value{u.Column: {Json: value}}}); refusal != nil {
		return nil, refusal
	}
	return odata.NewReply(http.StatusNoContent), nil
}
