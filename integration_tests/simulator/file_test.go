package simulator_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
)

func TestFilesGoInAndComeOut(t *testing.T) {
	c := serve(t, simulator.Options{}, simulator.ServerOptions{})
	row := "contoso_everythings(" + c.write(http.MethodPost, "contoso_everythings", `{"contoso_name":"A"}`).made(t) + ")"
	send := func(path, body string, headers ...string) response {
		request := c.request(http.MethodPatch, path)
		request.Body, request.ContentLength = readCloser{strings.NewReader(body)}, int64(len(body))
		for _, header := range headers {
			name, value, _ := strings.Cut(header, ": ")
			request.Header.Set(name, value)
		}
		return c.send(request)
	}
	c.get(row+"/contoso_document/$value").refused(t, http.StatusNotFound, "0x80040217", "No file attachment")

	t.Run("in one piece", func(t *testing.T) {
		got := send(row+"/contoso_document", "hello", "Content-Type: application/octet-stream", "x-ms-file-name: a%20b.txt")
		require.Equal(t, http.StatusNoContent, got.status, "%s", got.body)
		read := c.get(row + "/contoso_document/$value")
		assert.Equal(t, "hello", string(read.body))
		assert.Equal(t, "5", read.header.Get("x-ms-file-size"))
		assert.Equal(t, "a b.txt", c.get(row).json(t)["contoso_document_name"])
	})
	t.Run("in chunks", func(t *testing.T) {
		begun := send(row+"/contoso_document?x-ms-file-name=c.txt", "", "x-ms-transfer-mode: chunked")
		require.Equal(t, http.StatusOK, begun.status, "%s", begun.body)
		require.NotEmpty(t, begun.header.Get("x-ms-chunk-size"))
		location := strings.TrimPrefix(begun.header.Get("Location"), c.server.URL)
		part := func(content, place string) response {
			return send(location, content, "Content-Type: application/octet-stream", "Content-Range: bytes "+place)
		}
		assert.Equal(t, http.StatusPartialContent, part("abcd", "0-3/6").status)
		part("zz", "2-3/6").refused(t, http.StatusRequestedRangeNotSatisfiable, "0x80048d19", "does not follow the 4 bytes")
		assert.Equal(t, http.StatusNoContent, part("ef", "4-5/6").status)
		part("ef", "4-5/6").refused(t, http.StatusBadRequest, "0x80048d19", "session token")

		request := c.request(http.MethodGet, row+"/contoso_document")
		request.Header.Set("Range", "bytes=1-3")
		read := c.send(request)
		assert.Equal(t, http.StatusPartialContent, read.status)
		assert.Equal(t, "YmNk", read.json(t)["value"], "bcd in base64")
		assert.Equal(t, "c.txt", read.header.Get("x-ms-file-name"))
	})
	t.Run("and are changes of their row", func(t *testing.T) {
		before := c.get(row).json(t)
		send(row+"/contoso_document", "new", "Content-Type: application/octet-stream", "x-ms-file-name: n.txt")
		after := c.get(row).json(t)
		assert.NotEqual(t, before["contoso_document"], after["contoso_document"])
		assert.NotEqual(t, before["versionnumber"], after["versionnumber"])
	})
}
