package simulator

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// chunkSize is how many bytes of a file clients are advised to send at once.
const chunkSize = 4 << 20

// upload is a file that comes in chunks. It goes into its row when it is whole.
type upload struct {
	store  *store
	row    rowID
	column string
	name   string
	data   []byte
}

// isFile says whether a request carries or asks for the content of a file column (Microsoft, "Use file column data").
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

// serveFile answers such a request. It is false for one about a column that holds no file.
func (e *Environment) serveFile(w http.ResponseWriter, r *http.Request, base, path string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := &call{http: r, base: base, query: rowQuery{top: -1, present: map[string]bool{}}}
	if refusal := e.route(c, path); refusal != nil || c.key == nil {
		return false
	}
	column := c.store.table.Column(strings.TrimSuffix(c.rest, "/$value"))
	if column == nil || column.Type != File {
		return false
	}
	answer, refusal := e.file(c, column)
	if refusal != nil {
		refusal.write(w, r)
		return true
	}
	answer.send(w)
	return true
}

func (e *Environment) file(c *call, column *Column) (*reply, *apiError) {
	row, refusal := e.readable(c)
	switch {
	case refusal != nil:
		return nil, refusal
	case c.http.Method == http.MethodGet:
		return e.download(c, row, column)
	}
	if refusal := e.mayWrite(c.store.table, "Write"); refusal != nil {
		return nil, refusal
	}
	token, name := c.http.URL.Query().Get("sessiontoken"), fileName(c.http)
	switch {
	case token != "":
		return e.chunk(c, column, token)
	case c.http.Header.Get("x-ms-transfer-mode") == "chunked":
		token = newRequestID()
		e.uploads[token] = &upload{store: c.store, row: row.id, column: column.LogicalName, name: name}
		answer := newReply(http.StatusOK)
		answer.header.Set("Location", c.base+"/"+c.store.address(row)+"/"+column.LogicalName+"?sessiontoken="+token)
		answer.header.Set("x-ms-chunk-size", strconv.Itoa(chunkSize))
		answer.header.Set("Accept-Ranges", "bytes")
		return answer, nil
	}
	data, err := io.ReadAll(c.http.Body)
	if err != nil {
		return nil, badPayload(c.store.table.EntitySetName, "The request body could not be read.")
	}
	return e.keepFile(&upload{c.store, row.id, column.LogicalName, name, data})
}

// fileName is where clients may say how a file is called: a header or a parameter.
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
func (e *Environment) chunk(c *call, column *Column, token string) (*reply, *apiError) {
	u := e.uploads[token]
	if u == nil || u.store != c.store || u.column != column.LogicalName {
		return nil, refuse(http.StatusBadRequest, "0x80048d19", "The session token is not one of this file's.")
	}
	var first, last, total int
	if n, err := fmt.Sscanf(c.http.Header.Get("Content-Range"), "bytes %d-%d/%d", &first, &last, &total); n != 3 || err != nil || first != len(u.data) {
		return nil, refuse(http.StatusRequestedRangeNotSatisfiable, "0x80048d19", "The Content-Range '%s' does not follow the %d bytes that are there.", c.http.Header.Get("Content-Range"), len(u.data))
	}
	data, err := io.ReadAll(io.LimitReader(c.http.Body, int64(last-first+1)))
	if err != nil {
		return nil, badPayload(c.store.table.EntitySetName, "The request body could not be read.")
	}
	if u.data = append(u.data, data...); len(u.data) < total {
		return newReply(http.StatusPartialContent), nil
	}
	delete(e.uploads, token)
	return e.keepFile(u)
}

// keepFile puts a file that is whole into its row, under an id of its own.
func (e *Environment) keepFile(u *upload) (*reply, *apiError) {
	row, found := u.store.find(u.row)
	if !found {
		return nil, u.store.noSuchRow(u.row)
	}
	id := newRequestID()
	made := edit{values: map[string]storedValue{
		u.column:           {json: appendQuoted(nil, id)},
		u.column + "_name": {json: appendQuoted(nil, u.name)},
	}}
	if _, refusal := e.update(&journal{}, u.store, row, made); refusal != nil {
		return nil, refusal
	}
	e.files[id] = u.data
	return newReply(http.StatusNoContent), nil
}

// download answers with a file or the range of it that the request names: with /$value its bytes, else in base64.
func (e *Environment) download(c *call, row ref, column *Column) (*reply, *apiError) {
	id := plain(c.store.appendValue(nil, row, c.store.cellOf(column.LogicalName)))
	data, kept := e.files[id]
	if !kept {
		return nil, refuse(http.StatusNotFound, "0x80040217", "No file attachment found for attribute: %s EntityId: %s.", column.LogicalName, row.id)
	}
	status, from, to := http.StatusOK, 0, len(data)
	var first, last int
	if n, err := fmt.Sscanf(c.http.Header.Get("Range"), "bytes=%d-%d", &first, &last); n == 2 && err == nil {
		status, from, to = http.StatusPartialContent, min(first, len(data)), min(last+1, len(data))
	}
	part := data[from:max(from, to)]
	answer := newReply(status)
	if answer.body = bytes.Clone(part); strings.HasSuffix(c.rest, "/$value") {
		answer.header.Set("Content-Type", "application/octet-stream")
	} else {
		context := c.base + "/$metadata#" + c.store.table.EntitySetName + "(" + row.id.String() + ")/" + column.LogicalName
		answer.json(fmt.Appendf(appendQuoted([]byte(`{"@odata.context":`), context), `,"value":"%s"}`, base64.StdEncoding.EncodeToString(part)))
	}
	name := plain(c.store.appendValue(nil, row, c.store.cellOf(column.LogicalName+"_name")))
	answer.header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	answer.header.Set("Location", c.base+"/"+c.store.address(row)+"/"+column.LogicalName)
	answer.header.Set("x-ms-file-name", name)
	answer.header.Set("x-ms-file-size", strconv.Itoa(len(data)))
	return answer, nil
}
