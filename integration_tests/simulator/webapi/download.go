package webapi

import (
	"encoding/base64"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/edit"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// download responds with the content of a file or image column, or the range of it that the request names: with /$value its
// bytes, else in base64. An image is the thumbnail unless size=full asks for the full image, which is no content where the
// column stores none (Microsoft, "Use file column data" and "Use image column data").
func download(db *rows.Database, c *call, row rows.Ref, column *schema.Column) (*odata.Reply, *odata.Error) {
	var content rows.Content
	var found bool
	switch full := c.http.URL.Query().Get("size") == "full"; {
	case column.Type == schema.File:
		content, found = db.File(c.store, row, column)
	case full:
		content, found = c.store.FullImage(row, column)
	default:
		content, found = c.store.Thumbnail(row, column)
	}
	switch {
	case !found && column.Type == schema.Image:
		return odata.NewReply(http.StatusNoContent), nil
	case !found:
		return nil, odata.Refuse(http.StatusNotFound, "0x80040217", "No file attachment found for attribute: %s EntityId: %s.", column.LogicalName, row.ID)
	}
	from, to, partial, refusal := byteRange(c.http.Header.Get("Range"), content.Size)
	if refusal != nil {
		return nil, refusal
	}
	if partial && db.Behaviors.WholeFiles && (from > 0 || to < content.Size) {
		return nil, notInChunks()
	}
	reply := odata.NewReply(http.StatusOK)
	if partial {
		reply = odata.NewReply(http.StatusPartialContent)
		reply.Header.Set("x-ms-chunk-size", strconv.Itoa(chunkSize))
	}
	part := content.Bytes(from, to)
	if strings.HasSuffix(c.rest, "/$value") {
		reply.Body = append([]byte{}, part...)
		reply.Header.Set("Content-Type", "application/octet-stream")
	} else {
		context := c.base + "/$metadata#" + c.store.Table.EntitySetName + "(" + row.ID.String() + ")/" + column.LogicalName
		reply.JSON(fmt.Appendf(odata.AppendQuoted([]byte(`{"@odata.context":`), context), `,"value":"%s"}`, base64.StdEncoding.EncodeToString(part)))
	}
	reply.Header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": content.Name}))
	reply.Header.Set("Location", c.base+"/"+edit.Address(c.store, row)+"/"+column.LogicalName)
	reply.Header.Set("x-ms-file-name", content.Name)
	reply.Header.Set("x-ms-file-size", strconv.Itoa(content.Size))
	reply.Header["mimetype"] = []string{content.MIMEType()}
	return reply, nil
}

// byteRange reads a Range header such as bytes=0-4194303 and returns the part of a content of that size. Without the header
// that is all of it.
func byteRange(header string, size int) (from, to int, partial bool, refusal *odata.Error) {
	if header == "" {
		return 0, size, false, nil
	}
	first, last, found := strings.Cut(strings.TrimPrefix(header, "bytes="), "-")
	from, err := strconv.Atoi(first)
	to = size
	if last != "" && err == nil {
		to, err = strconv.Atoi(last)
		to = min(to+1, size)
	}
	if !found || err != nil || !strings.HasPrefix(header, "bytes=") || from >= size || to <= from {
		return 0, 0, true, odata.Refuse(http.StatusRequestedRangeNotSatisfiable, "0x80048d19", "The range '%s' is not one of the %d bytes of the file.", header, size)
	}
	return from, to, true, nil
}

// notInChunks returns the error for a part of a file that is not in file storage.
func notInChunks() *odata.Error {
	return odata.Refuse(http.StatusBadRequest, "0x80090017", "Downloading in multiple chunks is not supported for the files stored in the database.")
}
