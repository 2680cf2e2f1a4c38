package webapi

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

// batchRun collects the responses of a batch.
type batchRun struct {
	env      *rows.Database
	outer    *http.Request
	base     string
	dispatch http.Handler
	boundary string
	out      bytes.Buffer
}

// carryOut serves a part, and returns the status of the request that failed in it, or 0.
func (b *batchRun) carryOut(part batchPart) int {
	boundary := "batchresponse_" + b.boundary
	if !part.changeSet {
		recorder := odata.NewCapture(http.Header{})
		if r, err := b.request(part.operations[0], nil); err != nil {
			odata.BadQuery("%v", err).Write(recorder, b.outer)
		} else {
			b.dispatch.ServeHTTP(recorder, r)
		}
		return b.append(boundary, "", recorder)
	}
	replies, refusal := b.changeSet(part.operations)
	if refusal != nil {
		recorder := odata.NewCapture(http.Header{})
		refusal.Write(recorder, b.outer)
		return b.append(boundary, "", recorder)
	}
	inner := "changesetresponse_" + guid.New()
	b.out.WriteString("--" + boundary + "\r\nContent-Type: multipart/mixed; boundary=" + inner + "\r\n\r\n")
	for i, reply := range replies {
		recorder := odata.NewCapture(http.Header{})
		reply.Send(recorder)
		b.append(inner, part.operations[i].contentID, recorder)
	}
	b.out.WriteString("--" + inner + "--\r\n")
	return 0
}

// append writes a response as a part.
func (b *batchRun) append(boundary, contentID string, reply *odata.Capture) int {
	b.out.WriteString("--" + boundary + "\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n")
	if contentID != "" {
		b.out.WriteString("Content-ID: " + contentID + "\r\n")
	}
	b.out.WriteString("\r\nHTTP/1.1 " + strconv.Itoa(reply.Code()) + " " + http.StatusText(reply.Code()) + "\r\n")
	names := make([]string, 0, len(reply.Headers))
	for name := range reply.Headers {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range reply.Headers[name] {
			b.out.WriteString(name + ": " + value + "\r\n")
		}
	}
	b.out.WriteString("\r\n")
	b.out.Write(reply.Body.Bytes())
	b.out.WriteString("\r\n")
	if reply.Code() >= http.StatusBadRequest {
		return reply.Code()
	}
	return 0
}

// request makes an operation a request of its own, with the signature of the batch and the rows that earlier
// operations of its change set have made in place of their Content-IDs.
func (b *batchRun) request(op operation, made map[string]string) (*http.Request, error) {
	base, err := url.Parse(b.base + "/")
	if err != nil {
		return nil, fmt.Errorf("address %s: %w", b.base, err)
	}
	target, body := op.target, op.body
	for id, address := range made {
		if reference := "$" + id; target == reference || strings.HasPrefix(target, reference+"/") {
			target = address + strings.TrimPrefix(target, reference)
		}
		for _, quoted := range []string{`"$` + id + `"`, `"/$` + id + `"`} {
			body = bytes.ReplaceAll(body, []byte(quoted), []byte(`"`+address+`"`))
		}
	}
	address, err := base.Parse(target)
	if err != nil {
		return nil, fmt.Errorf("address %s: %w", target, err)
	}
	if address.Host != base.Host {
		return nil, fmt.Errorf("address %s is of another host", target)
	}
	r, err := http.NewRequestWithContext(b.outer.Context(), op.method, address.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", op.method, target, err)
	}
	r.Header = op.header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if authorization := b.outer.Header.Get("Authorization"); authorization != "" && r.Header.Get("Authorization") == "" {
		r.Header.Set("Authorization", authorization)
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && media == "application/json" {
		r.Header.Set("Content-Type", media)
	}
	r.RequestURI, r.Host, r.TLS, r.RemoteAddr = address.RequestURI(), b.outer.Host, b.outer.TLS, b.outer.RemoteAddr
	return r, nil
}

// changeSet applies all operations under one lock, and undoes them at the first refusal.
func (b *batchRun) changeSet(operations []operation) ([]*odata.Reply, *odata.Error) {
	replies, commit, refusal := b.changes(operations)
	if refusal == nil {
		commit.wait(b.outer)
	}
	return replies, refusal
}

func (b *batchRun) changes(operations []operation) ([]*odata.Reply, lateCommit, *odata.Error) {
	db := b.env
	db.Mu.Lock()
	defer db.Mu.Unlock()
	j, made := &rows.Journal{}, map[string]string{}
	replies := make([]*odata.Reply, 0, len(operations))
	for _, op := range operations {
		reply, refusal := b.apply(j, op, made)
		if refusal != nil {
			j.Undo()
			return nil, lateCommit{}, refusal
		}
		if address := reply.Header["OData-EntityId"]; op.contentID != "" && len(address) > 0 {
			made[op.contentID] = address[0]
		}
		replies = append(replies, reply)
	}
	return replies, holdBack(db, j), nil
}

func (b *batchRun) apply(j *rows.Journal, op operation, made map[string]string) (*odata.Reply, *odata.Error) {
	r, err := b.request(op, made)
	if err != nil {
		return nil, odata.BadQuery("%v", err)
	}
	base, err := url.Parse(b.base + "/")
	if err != nil {
		return nil, odata.BadQuery("%v", err)
	}
	path, inside := strings.CutPrefix(r.URL.Path, base.Path)
	if !inside {
		return nil, odata.NotFound(r.URL.Path)
	}
	body, refusal := odata.ReadBody(r)
	if refusal != nil {
		return nil, refusal
	}
	query, refusal := odata.ParseRowQuery(r.URL.RawQuery, b.env.Behaviors.ExactLinks)
	if refusal != nil {
		return nil, refusal
	}
	c := &call{http: r, base: b.base, query: query, prefer: odata.ReadPreferences(r), body: body}
	if refusal := route(b.env, c, path); refusal != nil {
		return nil, refusal
	}
	return write(b.env, j, c)
}
