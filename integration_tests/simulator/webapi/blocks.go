package webapi

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"

	"source-microsoft-dataverse/integration_tests/simulator/edit"
	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// serveBlocks serves the actions that download a file in blocks (Microsoft, "Use file column data" and "Use file data with
// Attachment and Note records"). found is false for other names.
func (a *API) serveBlocks(w http.ResponseWriter, r *http.Request, base, name string) (found bool, refusal *odata.Error) {
	actions := map[string]func(*rows.Database, []byte) (string, *odata.Error){
		"InitializeFileBlocksDownload":       beginFile,
		"InitializeAnnotationBlocksDownload": beginBody("annotation", "documentbody"),
		"InitializeAttachmentBlocksDownload": beginBody("activitymimeattachment", "body"),
		"DownloadBlock":                      downloadBlock,
	}
	action, found := actions[name]
	switch {
	case !found:
		return false, nil
	case r.Method != http.MethodPost:
		return true, odata.WrongMethod(r.Method)
	}
	body, refusal := odata.ReadBody(r)
	if refusal != nil {
		return true, refusal
	}
	a.environment.Mu.Lock()
	defer a.environment.Mu.Unlock()
	members, refusal := action(a.environment, body)
	if refusal != nil {
		return true, refusal
	}
	odata.Response(w, base, name, members)
	return true, nil
}

// blockTarget reads the Target of an action: a row by its key and @odata.type.
func blockTarget(db *rows.Database, body []byte) (*rows.Store, rows.Ref, string, *odata.Error) {
	var given struct {
		Target            json.RawMessage
		FileAttributeName string
	}
	var kind struct {
		Type string `json:"@odata.type"`
	}
	if json.Unmarshal(body, &given) != nil || json.Unmarshal(given.Target, &kind) != nil {
		return nil, rows.Ref{}, "", odata.BadPayload("Target", "The parameter 'Target' could not be read.")
	}
	for _, s := range db.Stores {
		if kind.Type != odata.ActionPrefix+s.Table.LogicalName {
			continue
		}
		made, refusal := edit.Decode(db, s, given.Target)
		if refusal != nil {
			return nil, rows.Ref{}, "", refusal
		}
		r, refusal := named(s, made)
		if refusal == nil {
			refusal = mayRead(db, db.User(), s.Table)
		}
		if reached := visible(db, db.User(), s); refusal == nil && reached != nil && !reached(r) {
			refusal = accessDenied(db.User(), r)
		}
		return s, r, given.FileAttributeName, refusal
	}
	return nil, rows.Ref{}, "", odata.BadPayload("Target", "The type '%s' of the parameter 'Target' is not one of a table.", kind.Type)
}

// beginFile begins the download of a file column, or of an image at full size.
func beginFile(db *rows.Database, body []byte) (string, *odata.Error) {
	s, r, name, refusal := blockTarget(db, body)
	if refusal != nil {
		return "", refusal
	}
	column := s.Table.Column(name)
	if column == nil || column.Type != schema.File && column.Type != schema.Image {
		return "", odata.Refuse(http.StatusBadRequest, "0x80041103", "'%s' entity doesn't contain attribute with Name = '%s' and NameMapping = 'Logical'.", s.Table.SchemaName, name)
	}
	content, found := db.File(s, r, column)
	if column.Type == schema.Image {
		if content, found = s.FullImage(r, column); !found {
			return "", odata.Refuse(http.StatusNotFound, "0x80040217", "No FileAttachment records found for imagedescriptorId: %s for image attribute: %s of %s record with id %s",
				guid.Derived("image", r.ID.String()), name, s.Table.LogicalName, r.ID)
		}
	}
	if !found {
		return "", odata.Refuse(http.StatusNotFound, "0x80040217", "No file attachment found for attribute: %s EntityId: %s.", name, r.ID)
	}
	return begin(db, content) + `,"IsChunkingSupported":` + strconv.FormatBool(!db.Behaviors.WholeFiles), nil
}

// beginBody returns the action that begins the download of a file that stands in a text column as base64.
func beginBody(table, column string) func(*rows.Database, []byte) (string, *odata.Error) {
	return func(db *rows.Database, body []byte) (string, *odata.Error) {
		s, r, _, refusal := blockTarget(db, body)
		if refusal != nil {
			return "", refusal
		}
		if s.Table.LogicalName != table {
			return "", odata.BadPayload(s.Table.EntitySetName, "The parameter 'Target' must be a row of '%s'.", table)
		}
		data, err := base64.StdEncoding.DecodeString(odata.Plain(s.AppendValue(nil, r, s.CellOf(column))))
		if err != nil || len(data) == 0 {
			return "", odata.Refuse(http.StatusBadRequest, "0x80041704", "The specified note has no attachments.")
		}
		return begin(db, rows.NewContent(odata.Plain(s.AppendValue(nil, r, s.CellOf("filename"))), data)), nil
	}
}

// begin returns what a client needs to request the blocks of a content.
func begin(db *rows.Database, content rows.Content) string {
	token := base64.StdEncoding.EncodeToString([]byte(guid.New()))
	db.Downloads[token] = content
	members := `"FileSizeInBytes":` + strconv.Itoa(content.Size) + `,"FileName":`
	return string(odata.AppendQuoted(append(odata.AppendQuoted([]byte(members), content.Name), `,"FileContinuationToken":`...), token))
}

// downloadBlock serves one block.
func downloadBlock(db *rows.Database, body []byte) (string, *odata.Error) {
	var given struct {
		Offset, BlockLength   int
		FileContinuationToken string
	}
	if json.Unmarshal(body, &given) != nil {
		return "", odata.BadPayload("DownloadBlock", "Invalid JSON. A token was not recognized in the JSON content.")
	}
	content, known := db.Downloads[given.FileContinuationToken]
	switch {
	case !known:
		return "", odata.Refuse(http.StatusBadRequest, "0x80048d19", "The FileContinuationToken is not one of a download.")
	case given.Offset < 0 || given.Offset >= content.Size || given.BlockLength <= 0:
		return "", odata.Refuse(http.StatusBadRequest, "0x80048d19", "The block of %d bytes at %d is not one of the %d bytes of the file.", given.BlockLength, given.Offset, content.Size)
	case db.Behaviors.WholeFiles && (given.Offset > 0 || given.BlockLength < content.Size):
		return "", notInChunks()
	}
	data := content.Bytes(given.Offset, min(given.Offset+given.BlockLength, content.Size))
	return `"Data":"` + base64.StdEncoding.EncodeToString(data) + `"`, nil
}
