package webapi_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

func TestFilesAreUploadedAndDownloaded(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{}, simulator.ServerOptions{})
	row := "contoso_everythings(" + c.Write(http.MethodPost, "contoso_everythings", `{"contoso_name":"A"}`).Made(t) + ")"
	send := func(path, body string, headers ...string) simulatortest.Response {
		request := c.Request(http.MethodPatch, path)
		request.Body, request.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		for _, header := range headers {
			name, value, _ := strings.Cut(header, ": ")
			request.Header.Set(name, value)
		}
		return c.Send(request)
	}
	c.Get(row+"/contoso_document/$value").Refused(t, http.StatusNotFound, "0x80040217", "No file attachment")

	t.Run("in one piece", func(t *testing.T) {
		got := send(row+"/contoso_document", "hello", "Content-Type: application/octet-stream", "x-ms-file-name: a%20b.txt")
		require.Equal(t, http.StatusNoContent, got.Status, "%s", got.Body)
		read := c.Get(row + "/contoso_document/$value")
		assert.Equal(t, "hello", string(read.Body))
		assert.Equal(t, "5", read.Header.Get("x-ms-file-size"))
		assert.Equal(t, "a b.txt", c.Get(row).JSON(t)["contoso_document_name"])
	})
	t.Run("in chunks", func(t *testing.T) {
		begun := send(row+"/contoso_document?x-ms-file-name=c.txt", "", "x-ms-transfer-mode: chunked")
		require.Equal(t, http.StatusOK, begun.Status, "%s", begun.Body)
		require.NotEmpty(t, begun.Header.Get("x-ms-chunk-size"))
		location := strings.TrimPrefix(begun.Header.Get("Location"), c.Server.URL)
		part := func(content, place string) simulatortest.Response {
			return send(location, content, "Content-Type: application/octet-stream", "Content-Range: bytes "+place)
		}
		assert.Equal(t, http.StatusPartialContent, part("abcd", "0-3/6").Status)
		part("zz", "2-3/6").Refused(t, http.StatusRequestedRangeNotSatisfiable, "0x80048d19", "does not follow the 4 bytes")
		assert.Equal(t, http.StatusNoContent, part("ef", "4-5/6").Status)
		part("ef", "4-5/6").Refused(t, http.StatusBadRequest, "0x80048d19", "session token")

		request := c.Request(http.MethodGet, row+"/contoso_document")
		request.Header.Set("Range", "bytes=1-3")
		read := c.Send(request)
		assert.Equal(t, http.StatusPartialContent, read.Status)
		assert.Equal(t, "YmNk", read.JSON(t)["value"], "bcd in base64")
		assert.Equal(t, "c.txt", read.Header.Get("x-ms-file-name"))
	})
	t.Run("and are changes of their row", func(t *testing.T) {
		before := c.Get(row).JSON(t)
		send(row+"/contoso_document", "new", "Content-Type: application/octet-stream", "x-ms-file-name: n.txt")
		after := c.Get(row).JSON(t)
		assert.NotEqual(t, before["contoso_document"], after["contoso_document"])
		assert.NotEqual(t, before["versionnumber"], after["versionnumber"])
	})
}
