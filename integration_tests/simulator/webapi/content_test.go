package webapi_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

// surveys is an environment with the tables that hold contents.
func surveys(t *testing.T, rows map[string]int, behaviors simulator.Behaviors) *simulatortest.Caller {
	t.Helper()
	return simulatortest.Serve(t, simulator.Options{Seed: 1, Tables: schema.Extended(), Rows: rows, Contents: true, Behaviors: behaviors}, simulator.ServerOptions{})
}

// ranged requests a part of a resource.
func ranged(c *simulatortest.Caller, path, bytes string) simulatortest.Response {
	c.T.Helper()
	request := c.Request(http.MethodGet, path)
	request.Header.Set("Range", bytes)
	return c.Send(request)
}

// upload sends bytes to a file or image column.
func upload(c *simulatortest.Caller, path, name, content string) simulatortest.Response {
	c.T.Helper()
	request := c.Request(http.MethodPatch, path+"?x-ms-file-name="+url.QueryEscape(name))
	request.Body, request.ContentLength = io.NopCloser(strings.NewReader(content)), int64(len(content))
	request.Header.Set("Content-Type", "application/octet-stream")
	return c.Send(request)
}

func TestGeneratedFilesAreDownloadedInRanges(t *testing.T) {
	c := surveys(t, map[string]int{"contoso_survey": 400}, simulator.Behaviors{})
	sizes, large := map[int]bool{}, 0
	for _, row := range c.Get("contoso_surveys?$select=contoso_transcript,contoso_transcript_name").Values(t) {
		path := fmt.Sprintf("contoso_surveys(%s)/contoso_transcript/$value", row["contoso_surveyid"])
		if row["contoso_transcript"] == nil {
			c.Get(path).Refused(t, 404, "0x80040217", "No file attachment found for attribute: contoso_transcript")
			continue
		}
		first := ranged(c, path, "bytes=0-9")
		require.Equal(t, http.StatusPartialContent, first.Status, "%s", first.Body)
		assert.Equal(t, "4194304", first.Header.Get("x-ms-chunk-size"))
		assert.Equal(t, row["contoso_transcript_name"], first.Header.Get("x-ms-file-name"))
		assert.Equal(t, "application/pdf", first.Header.Get("mimetype"))
		size, err := strconv.Atoi(first.Header.Get("x-ms-file-size"))
		require.NoError(t, err)
		sizes[size] = true
		if size > 4<<20 {
			large++
		}
		if len(sizes) > 40 {
			continue
		}
		whole := c.Get(path)
		assert.Equal(t, http.StatusOK, whole.Status)
		assert.Len(t, whole.Body, size)
		assert.Equal(t, whole.Body[:min(10, size)], first.Body)
		assert.Equal(t, whole.Body[size/2:], ranged(c, path, fmt.Sprintf("bytes=%d-%d", size/2, size+100)).Body, "a range may reach beyond the end")
		ranged(c, path, fmt.Sprintf("bytes=%d-", size)).Refused(t, http.StatusRequestedRangeNotSatisfiable, "0x80048d19", "is not one of the")
	}
	assert.Greater(t, len(sizes), 100)
	assert.Positive(t, large, "some need several requests")
}

func TestFilesHaveRowsOfTheirOwn(t *testing.T) {
	c := surveys(t, map[string]int{"contoso_survey": 10}, simulator.Behaviors{})
	of := func(id string) []map[string]any {
		return c.Get("fileattachments?$filter=" + url.QueryEscape("_objectid_value eq "+id)).Values(t)
	}
	id := c.Write(http.MethodPost, "contoso_surveys", `{"contoso_name":"A"}`).Made(t)
	assert.Empty(t, of(id))
	row := "contoso_surveys(" + id + ")"
	require.Equal(t, http.StatusNoContent, upload(c, row+"/contoso_transcript", "a.txt", "hello").Status)
	found := of(id)
	require.Len(t, found, 1)
	assert.Equal(t, "5", fmt.Sprint(found[0]["filesizeinbytes"]))
	assert.Equal(t, "a.txt", found[0]["filename"])
	assert.Contains(t, found[0]["mimetype"], "text/plain")
	assert.Equal(t, "contoso_transcript", found[0]["regardingfieldname"])
	assert.Equal(t, c.Get(row).JSON(t)["contoso_transcript"], found[0]["fileattachmentid"])
	expanded := c.Get(row + "?$select=contoso_name&$expand=contoso_survey_FileAttachments($select=filesizeinbytes)").JSON(t)
	assert.Len(t, expanded["contoso_survey_FileAttachments"], 1)

	require.Equal(t, http.StatusNoContent, upload(c, row+"/contoso_transcript", "b.txt", "hello again").Status)
	assert.Equal(t, []any{"b.txt"}, simulatortest.Column(of(id), "filename"))
	set := "--b\nContent-Type: multipart/mixed; boundary=s\n\n"
	for _, target := range []string{row, "contoso_surveys(00000000-0000-0000-0000-00000000000a)"} {
		set += "--s\nContent-Type: application/http\nContent-Transfer-Encoding: binary\nContent-ID: 1\n\nDELETE " + target + " HTTP/1.1\n\n"
	}
	batch := c.Request(http.MethodPost, "$batch")
	batch.Header.Set("Content-Type", "multipart/mixed; boundary=b")
	batch.Body = io.NopCloser(strings.NewReader(set + "--s--\n--b--\n"))
	assert.Equal(t, http.StatusBadRequest, c.Send(batch).Status)
	assert.Equal(t, []any{"b.txt"}, simulatortest.Column(of(id), "filename"), "a change set that failed leaves the file")
	require.Equal(t, http.StatusNoContent, c.Write(http.MethodDelete, row+"/contoso_transcript", "").Status)
	assert.Empty(t, of(id))
	assert.Nil(t, c.Get(row).JSON(t)["contoso_transcript_name"])
	require.Equal(t, http.StatusNoContent, upload(c, row+"/contoso_transcript", "c.txt", "more").Status)
	require.NoError(t, c.Environment.Delete("contoso_survey", id))
	assert.Empty(t, of(id), "the files of a row go with it")
	c.Write(http.MethodPost, "fileattachments", `{}`).Refused(t, 400, "0x80040800", "'Create' method does not support entities of type 'fileattachment'")
	generated := 0
	for _, survey := range c.Get("contoso_surveys").Values(t) {
		if survey["contoso_transcript"] != nil {
			generated++
			assert.Len(t, of(survey["contoso_surveyid"].(string)), 1)
		}
	}
	assert.Positive(t, generated)
}

func TestAFileThatIsTooLargeIsRefused(t *testing.T) {
	c := surveys(t, nil, simulator.Behaviors{})
	table, _ := c.Environment.Table("contoso_survey")
	for _, name := range []string{"contoso_transcript", "contoso_signature"} {
		column := *table.Column(name)
		column.MaxKB = 1
		require.NoError(t, c.Environment.RetypeColumn("contoso_survey", column))
	}
	row := "contoso_surveys(" + c.Write(http.MethodPost, "contoso_surveys", `{"contoso_name":"A"}`).Made(t) + ")"
	upload(c, row+"/contoso_transcript", "a.txt", strings.Repeat("x", 1025)).Refused(t, 400, "0x80044a02", "Attachment file size is too big.")
	upload(c, row+"/contoso_signature", "a.png", strings.Repeat("x", 1025)).Refused(t, 400, "0x80072553", "File size is too big")
	got := c.Get("EntityDefinitions(LogicalName='contoso_survey')/Attributes/Microsoft.Dynamics.CRM.FileAttributeMetadata?$select=MaxSizeInKB").Values(t)
	assert.Equal(t, "1", fmt.Sprint(got[0]["MaxSizeInKB"]))
}

func TestImages(t *testing.T) {
	c := surveys(t, map[string]int{"contoso_survey": 20, "contoso_everything": 20}, simulator.Behaviors{})
	seen := 0
	for _, row := range c.Get("contoso_surveys?$select=contoso_signature").Values(t) {
		path := fmt.Sprintf("contoso_surveys(%s)/contoso_signature/$value", row["contoso_surveyid"])
		if row["contoso_signature"] == nil {
			assert.Equal(t, http.StatusNoContent, c.Get(path+"?size=full").Status)
			continue
		}
		seen++
		thumbnail, err := base64.StdEncoding.DecodeString(row["contoso_signature"].(string))
		require.NoError(t, err)
		got := c.Get(path)
		assert.Equal(t, thumbnail, got.Body)
		assert.Equal(t, "application/octet-stream", got.Header.Get("Content-Type"))
		full := c.Get(path + "?size=full")
		assert.Equal(t, http.StatusOK, full.Status)
		assert.Greater(t, len(full.Body), len(thumbnail))
		assert.Equal(t, strconv.Itoa(len(full.Body)), full.Header.Get("x-ms-file-size"))
		assert.Equal(t, full.Body[3:8], ranged(c, path+"?size=full", "bytes=3-7").Body)
	}
	assert.Positive(t, seen)
	t.Run("at full size are nothing where the column stores none", func(t *testing.T) {
		for _, row := range c.Get("contoso_everythings?$select=contoso_photo&$filter=contoso_photo%20ne%20null").Values(t) {
			path := fmt.Sprintf("contoso_everythings(%s)/contoso_photo/$value", row["contoso_everythingid"])
			assert.Equal(t, http.StatusOK, c.Get(path).Status)
			full := c.Get(path + "?size=full")
			assert.Equal(t, http.StatusNoContent, full.Status)
			assert.Empty(t, full.Body)
		}
	})
	t.Run("say in their definitions whether they store them", func(t *testing.T) {
		for table, want := range map[string]bool{"contoso_survey": true, "contoso_everything": false} {
			got := c.Get("EntityDefinitions(LogicalName='" + table + "')/Attributes/Microsoft.Dynamics.CRM.ImageAttributeMetadata?$select=LogicalName,CanStoreFullImage").Values(t)
			assert.Equal(t, []any{want}, simulatortest.Column(got, "CanStoreFullImage"))
		}
	})
	t.Run("other than the primary one cannot come with a new row", func(t *testing.T) {
		require.NoError(t, c.Environment.AddColumn("contoso_survey", schema.Column{LogicalName: "contoso_zoom", SchemaName: "contoso_Zoom", Type: schema.Image, Custom: true}))
		c.Write(http.MethodPost, "contoso_surveys", `{"contoso_zoom":"iVBORw0KGgo="}`).Refused(t, 400, "0x80090487", "Non-primary image attribute contoso_zoom of entity contoso_survey")
		id := c.Write(http.MethodPost, "contoso_surveys", `{"contoso_signature":"iVBORw0KGgo="}`).Made(t)
		assert.Equal(t, http.StatusNoContent, c.Write(http.MethodPatch, "contoso_surveys("+id+")", `{"contoso_zoom":"iVBORw0KGgo="}`).Status)
	})
}

func TestBlocks(t *testing.T) {
	content := strings.Repeat("0123456789", 100)
	begin := func(t *testing.T, c *simulatortest.Caller, action, body string) map[string]any {
		t.Helper()
		got := c.Write(http.MethodPost, action, body)
		require.Equal(t, http.StatusOK, got.Status, "%s", got.Body)
		return got.JSON(t)
	}
	block := func(c *simulatortest.Caller, begun map[string]any, offset, length int) simulatortest.Response {
		token, err := json.Marshal(begun["FileContinuationToken"])
		require.NoError(t, err)
		return c.Write(http.MethodPost, "DownloadBlock", fmt.Sprintf(`{"Offset":%d,"BlockLength":%d,"FileContinuationToken":%s}`, offset, length, token))
	}
	read := func(t *testing.T, c *simulatortest.Caller, begun map[string]any, step int) string {
		t.Helper()
		var whole []byte
		for len(whole) < len(content) {
			data, err := base64.StdEncoding.DecodeString(block(c, begun, len(whole), step).JSON(t)["Data"].(string))
			require.NoError(t, err)
			require.NotEmpty(t, data)
			whole = append(whole, data...)
		}
		return string(whole)
	}
	file := func(t *testing.T, c *simulatortest.Caller) string {
		t.Helper()
		id := c.Write(http.MethodPost, "contoso_surveys", `{"contoso_name":"A"}`).Made(t)
		require.Equal(t, http.StatusNoContent, upload(c, "contoso_surveys("+id+")/contoso_transcript", "a.txt", content).Status)
		return fmt.Sprintf(`{"Target":{"contoso_surveyid":"%s","@odata.type":"Microsoft.Dynamics.CRM.contoso_survey"},"FileAttributeName":"contoso_transcript"}`, id)
	}
	t.Run("of a file column", func(t *testing.T) {
		c := surveys(t, nil, simulator.Behaviors{})
		begun := begin(t, c, "InitializeFileBlocksDownload", file(t, c))
		assert.Equal(t, "1000", fmt.Sprint(begun["FileSizeInBytes"]))
		assert.Equal(t, "a.txt", begun["FileName"])
		assert.Equal(t, true, begun["IsChunkingSupported"])
		assert.Equal(t, content, read(t, c, begun, 300))
		block(c, begun, 1000, 1).Refused(t, 400, "0x80048d19", "is not one of the 1000 bytes")
		block(c, map[string]any{"FileContinuationToken": "x"}, 0, 1).Refused(t, 400, "0x80048d19", "FileContinuationToken")
	})
	t.Run("are refused where only whole files are sent", func(t *testing.T) {
		c := surveys(t, nil, simulator.Behaviors{WholeFiles: true})
		target := file(t, c)
		begun := begin(t, c, "InitializeFileBlocksDownload", target)
		assert.Equal(t, false, begun["IsChunkingSupported"])
		block(c, begun, 0, 300).Refused(t, 400, "0x80090017", "Downloading in multiple chunks is not supported")
		assert.Equal(t, content, read(t, c, begun, 1000))
		id := c.Environment.IDs("contoso_survey")[0]
		ranged(c, "contoso_surveys("+id+")/contoso_transcript/$value", "bytes=0-9").Refused(t, 400, "0x80090017", "not supported")
		assert.Equal(t, content, string(c.Get("contoso_surveys("+id+")/contoso_transcript/$value").Body))
	})
	for table, column := range map[string]string{"annotation": "documentbody", "activitymimeattachment": "body"} {
		t.Run("of a row of "+table, func(t *testing.T) {
			c := surveys(t, nil, simulator.Behaviors{})
			encoded := base64.StdEncoding.EncodeToString([]byte(content))
			id := c.Write(http.MethodPost, table+"s", fmt.Sprintf(`{"%s":"%s","filename":"a.txt"}`, column, encoded)).Made(t)
			row := c.Get(table + "s(" + id + ")").JSON(t)
			assert.Equal(t, "1000", fmt.Sprint(row["filesize"]))
			action := map[string]string{"annotation": "InitializeAnnotationBlocksDownload", "activitymimeattachment": "InitializeAttachmentBlocksDownload"}[table]
			target := fmt.Sprintf(`{"Target":{"%sid":"%s","@odata.type":"Microsoft.Dynamics.CRM.%s"}}`, table, id, table)
			assert.Equal(t, content, read(t, c, begin(t, c, action, target), 512))
			raw := c.Get(table + "s(" + id + ")/" + column + "/$value")
			assert.Equal(t, encoded, string(raw.Body), "$value is the text of the column")
			assert.Equal(t, "text/plain", raw.Header.Get("Content-Type"))
		})
	}
	t.Run("of a thumbnail are refused", func(t *testing.T) {
		c := surveys(t, nil, simulator.Behaviors{})
		id := c.Write(http.MethodPost, "contoso_everythings", `{"contoso_photo":"iVBORw0KGgo="}`).Made(t)
		c.Write(http.MethodPost, "InitializeFileBlocksDownload", fmt.Sprintf(`{"Target":{"contoso_everythingid":"%s","@odata.type":"Microsoft.Dynamics.CRM.contoso_everything"},"FileAttributeName":"contoso_photo"}`, id)).
			Refused(t, 404, "0x80040217", "No FileAttachment records found for imagedescriptorId")
	})
}

func TestNotesDescribeTheirFiles(t *testing.T) {
	c := surveys(t, map[string]int{"annotation": 50, "activitymimeattachment": 50, "account": 3, "contact": 3, "email": 3}, simulator.Behaviors{})
	for set, column := range map[string]string{"annotations": "documentbody", "activitymimeattachments": "body"} {
		files := 0
		for _, row := range c.Get(set).Values(t) {
			body, _ := row[column].(string)
			data, err := base64.StdEncoding.DecodeString(body)
			require.NoError(t, err)
			if len(data) == 0 {
				assert.Nil(t, row["filesize"])
				continue
			}
			files++
			assert.Equal(t, strconv.Itoa(len(data)), fmt.Sprint(row["filesize"]))
			if set == "annotations" {
				assert.Equal(t, true, row["isdocument"])
			}
		}
		assert.Positive(t, files, set)
	}
	for _, row := range c.Sized("annotations", `odata.include-annotations="*"`).Values(t) {
		assert.Equal(t, row["_objectid_value@Microsoft.Dynamics.CRM.lookuplogicalname"], row["objecttypecode"])
	}
	contact := c.Environment.IDs("contact")[0]
	id := c.Write(http.MethodPost, "annotations", `{"objectid_contact@odata.bind":"/contacts(`+contact+`)"}`).Made(t)
	assert.Equal(t, "contact", c.Get("annotations(" + id + ")").JSON(t)["objecttypecode"])
}
