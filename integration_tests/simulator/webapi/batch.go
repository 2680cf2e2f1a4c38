package webapi

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

// maxOperations is how many requests a batch may hold (Microsoft, "Execute batch operations using the Web API").
const maxOperations = 1000

// operation is a request inside a batch.
type operation struct {
	method    string
	target    string
	header    http.Header
	body      []byte
	contentID string
}

// batchPart is an operation of its own, or a change set of several.
type batchPart struct {
	operations []operation
	changeSet  bool
}

// serveBatch carries out the requests in a multipart/mixed body one after the other. Those outside change sets go to
// dispatch as if they had been sent alone; a change set is applied as a whole or not at all. The batch ends at the first
// request that fails, and is then a bad request itself, unless Prefer: odata.continue-on-error.
func serveBatch(db *rows.Database, w http.ResponseWriter, r *http.Request, base string, dispatch http.Handler) {
	parts, refusal := readBatch(r)
	if refusal != nil {
		refusal.Write(w, r)
		return
	}
	batch := &batchRun{env: db, outer: r, base: base, dispatch: dispatch, boundary: guid.New()}
	status := http.StatusOK
	for _, part := range parts {
		failed := batch.carryOut(part)
		if failed > 0 && !odata.ReadPreferences(r).ContinueOnError {
			status = http.StatusBadRequest // Microsoft's Python SDK expects it for a batch
			break
		}
	}
	batch.out.WriteString("--batchresponse_" + batch.boundary + "--\r\n")
	w.Header().Set("Content-Type", "multipart/mixed; boundary=batchresponse_"+batch.boundary)
	odata.SetODataVersion(w.Header())
	w.WriteHeader(status)
	_, _ = w.Write(batch.out.Bytes())
}

// readBatch reads the parts of a batch. Lines may end in LF or CRLF.
func readBatch(r *http.Request) ([]batchPart, *odata.Error) {
	reader, err := partsOf(r.Header.Get("Content-Type"), r.Body)
	if err != nil {
		return nil, odata.BadQuery("The value of the Content-Type header of a batch request must be multipart/mixed with a boundary: %v.", err)
	}
	var all []batchPart
	count := 0
	for {
		raw, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, odata.BadQuery("The batch request body cannot be read: %v.", err)
		}
		part, err := readPart(raw)
		if err != nil {
			return nil, odata.BadQuery("The batch request body cannot be read: %v.", err)
		}
		count += len(part.operations)
		all = append(all, part)
	}
	if count > maxOperations {
		return nil, odata.BadQuery("Number of operations in a batch request exceeds the maximum of %d.", maxOperations)
	}
	return all, nil
}

func partsOf(contentType string, body io.Reader) (*multipart.Reader, error) {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, fmt.Errorf("content type %q: %w", contentType, err)
	}
	if media != "multipart/mixed" || params["boundary"] == "" {
		return nil, fmt.Errorf("content type %q", contentType)
	}
	return multipart.NewReader(body, params["boundary"]), nil
}

func readPart(raw *multipart.Part) (batchPart, error) {
	if contentType := raw.Header.Get("Content-Type"); strings.HasPrefix(contentType, "multipart/mixed") {
		reader, err := partsOf(contentType, raw)
		if err != nil {
			return batchPart{}, err
		}
		set := batchPart{changeSet: true}
		for {
			inner, err := reader.NextRawPart()
			if errors.Is(err, io.EOF) {
				return set, nil
			}
			if err != nil {
				return set, fmt.Errorf("read a change set: %w", err)
			}
			op, err := readOperation(inner)
			if err != nil {
				return set, err
			}
			if op.method == http.MethodGet {
				return set, errors.New("a change set may not contain GET requests")
			}
			set.operations = append(set.operations, op)
		}
	}
	op, err := readOperation(raw)
	return batchPart{operations: []operation{op}}, err
}

// readOperation reads a request as it stands in a part: a request line whose address may be relative, headers, a body.
func readOperation(raw *multipart.Part) (operation, error) {
	if media, _, err := mime.ParseMediaType(raw.Header.Get("Content-Type")); err != nil || media != "application/http" {
		return operation{}, fmt.Errorf("a part has content type %q, not application/http", raw.Header.Get("Content-Type"))
	}
	lines := bufio.NewReader(raw)
	reader := textproto.NewReader(lines)
	line, err := reader.ReadLine()
	if err != nil {
		return operation{}, fmt.Errorf("read a request line: %w", err)
	}
	method, rest, _ := strings.Cut(line, " ")
	target := strings.TrimSpace(strings.TrimSuffix(rest, "HTTP/1.1"))
	if method == "" || target == "" {
		return operation{}, fmt.Errorf("bad request line %q", line)
	}
	header, err := reader.ReadMIMEHeader()
	if err != nil && !errors.Is(err, io.EOF) {
		return operation{}, fmt.Errorf("read the headers of %s: %w", method, err)
	}
	body, err := io.ReadAll(lines)
	if err != nil {
		return operation{}, fmt.Errorf("read the body of %s: %w", method, err)
	}
	return operation{method, target, http.Header(header), bytes.TrimSpace(body), raw.Header.Get("Content-ID")}, nil
}
