package simulator

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// batchRun collects the answers of a batch.
type batchRun struct {
	env      *Environment
	outer    *http.Request
	base     string
	dispatch http.Handler
	boundary string
	out      bytes.Buffer
}

// carryOut answers a part, and returns the status of what failed in it, else 0.
func (b *batchRun) carryOut(part batchPart) int {
	boundary := "batchresponse_" + b.boundary
	if !part.changeSet {
		recorder := newCapture(http.Header{})
		if r, err := b.request(part.operations[0], nil); err != nil {
			badQuery("%v", err).write(recorder, b.outer)
		} else {
			b.dispatch.ServeHTTP(recorder, r)
		}
		return b.append(boundary, "", recorder)
	}
	answers, refusal := b.changeSet(part.operations)
	if refusal != nil {
		recorder := newCapture(http.Header{})
		refusal.write(recorder, b.outer)
		return b.append(boundary, "", recorder)
	}
	inner := "changesetresponse_" + newRequestID()
	b.out.WriteString("--" + boundary + "\r\nContent-Type: multipart/mixed; boundary=" + inner + "\r\n\r\n")
	for i, answer := range answers {
		recorder := newCapture(http.Header{})
		answer.send(recorder)
		b.append(inner, part.operations[i].contentID, recorder)
	}
	b.out.WriteString("--" + inner + "--\r\n")
	return 0
}

// append writes an answer as a part.
func (b *batchRun) append(boundary, contentID string, answer *capture) int {
	b.out.WriteString("--" + boundary + "\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n")
	if contentID != "" {
		b.out.WriteString("Content-ID: " + contentID + "\r\n")
	}
	b.out.WriteString("\r\nHTTP/1.1 " + strconv.Itoa(answer.code()) + " " + http.StatusText(answer.code()) + "\r\n")
	names := make([]string, 0, len(answer.header))
	for name := range answer.header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range answer.header[name] {
			b.out.WriteString(name + ": " + value + "\r\n")
		}
	}
	b.out.WriteString("\r\n")
	b.out.Write(answer.body.Bytes())
	b.out.WriteString("\r\n")
	if answer.code() >= http.StatusBadRequest {
		return answer.code()
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

// changeSet applies all operations under one lock, and takes back what it did at the first refusal.
func (b *batchRun) changeSet(operations []operation) ([]*reply, *apiError) {
	e := b.env
	e.mu.Lock()
	defer e.mu.Unlock()
	j, made := &journal{}, map[string]string{}
	answers := make([]*reply, 0, len(operations))
	for _, op := range operations {
		answer, refusal := b.apply(j, op, made)
		if refusal != nil {
			j.undo()
			return nil, refusal
		}
		if address := answer.header["OData-EntityId"]; op.contentID != "" && len(address) > 0 {
			made[op.contentID] = address[0]
		}
		answers = append(answers, answer)
	}
	return answers, nil
}

func (b *batchRun) apply(j *journal, op operation, made map[string]string) (*reply, *apiError) {
	r, err := b.request(op, made)
	if err != nil {
		return nil, badQuery("%v", err)
	}
	base, err := url.Parse(b.base + "/")
	if err != nil {
		return nil, badQuery("%v", err)
	}
	path, inside := strings.CutPrefix(r.URL.Path, base.Path)
	if !inside {
		return nil, notFound(r.URL.Path)
	}
	body, refusal := readBody(r)
	if refusal != nil {
		return nil, refusal
	}
	query, refusal := b.env.parseRowQuery(r.URL.RawQuery)
	if refusal != nil {
		return nil, refusal
	}
	c := &call{http: r, base: b.base, query: query, prefer: readPreferences(r), body: body}
	if refusal := b.env.route(c, path); refusal != nil {
		return nil, refusal
	}
	return b.env.write(j, c)
}
