package webapi

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/edit"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// bulk carries out an action on many rows of one table: all of them, or none (Microsoft, "Use bulk operation
// messages").
func bulk(db *rows.Database, j *rows.Journal, c *call) (*odata.Reply, *odata.Error) {
	action := strings.TrimPrefix(c.rest, odata.ActionPrefix)
	if action == "DeleteMultiple" && c.store.Table.Type != schema.Elastic {
		return nil, unsupportedMessage(c.store.Table, action)
	}
	if !slices.Contains([]string{"CreateMultiple", "UpdateMultiple", "UpsertMultiple", "DeleteMultiple"}, action) {
		return nil, odata.NotFound(c.rest)
	}
	access := map[string]string{"UpdateMultiple": "Write", "DeleteMultiple": "Delete"}[action]
	if refusal := mayWrite(db, c.store.Table, cmp.Or(access, "Create")); refusal != nil {
		return nil, refusal
	}
	targets, refusal := targets(db, c)
	if refusal != nil {
		return nil, refusal
	}
	var ids []string
	for _, target := range targets {
		r, refusal := bulkOne(db, action, j, c.store, target)
		if refusal != nil {
			return nil, refusal
		}
		ids = append(ids, r.ID.String())
	}
	if action != "CreateMultiple" {
		return odata.NewReply(http.StatusNoContent), nil
	}
	body, err := json.Marshal(map[string]any{
		"@odata.context": c.base + "/$metadata#Microsoft.Dynamics.CRM.CreateMultipleResponse",
		"Ids":            ids,
	})
	if err != nil {
		return nil, odata.BadPayload(c.store.Table.EntitySetName, "%v", err)
	}
	return odata.NewReply(http.StatusOK).JSON(body), nil
}

// bulkOne carries out the action on one row.
func bulkOne(db *rows.Database, action string, j *rows.Journal, s *rows.Store, made edit.Edit) (rows.Ref, *odata.Error) {
	switch action {
	case "CreateMultiple":
		return edit.Insert(db, j, s, made)
	case "UpdateMultiple":
		return updateOne(db, j, s, made)
	case "UpsertMultiple":
		return upsertOne(db, j, s, made)
	default:
		return deleteOne(db, j, s, made)
	}
}

// targets reads {"Targets":[...]}, whose items must name their type (Web API reference, CreateMultiple).
func targets(db *rows.Database, c *call) ([]edit.Edit, *odata.Error) {
	set := c.store.Table.EntitySetName
	var given struct{ Targets []json.RawMessage }
	if err := json.Unmarshal(c.body, &given); err != nil {
		return nil, odata.BadPayload(set, "Invalid JSON. A token was not recognized in the JSON content.")
	}
	if len(given.Targets) == 0 {
		return nil, odata.BadPayload(set, "The parameter 'Targets' must hold at least one row.")
	}
	all := make([]edit.Edit, 0, len(given.Targets))
	for _, raw := range given.Targets {
		made, refusal := edit.Decode(db, c.store, raw)
		if refusal != nil {
			return nil, refusal
		}
		if !made.Typed {
			return nil, odata.BadPayload(set, "Every item of the parameter 'Targets' needs the annotation '@odata.type'.")
		}
		if made.Entity != "" {
			to, key, refusal := edit.Resolve(db, made.Entity)
			if refusal != nil {
				return nil, refusal
			}
			if to != c.store {
				return nil, odata.BadPayload(set, "A resource of '%s' was found where one of '%s' was expected.", to.Table.EntitySetName, set)
			}
			key.Name(&made)
		}
		all = append(all, made)
	}
	return all, nil
}

func updateOne(db *rows.Database, j *rows.Journal, s *rows.Store, made edit.Edit) (rows.Ref, *odata.Error) {
	r, refusal := named(s, made)
	if refusal != nil {
		return rows.Ref{}, refusal
	}
	return edit.Change(db, j, s, r, made)
}

func upsertOne(db *rows.Database, j *rows.Journal, s *rows.Store, made edit.Edit) (rows.Ref, *odata.Error) {
	if made.ID != nil && s.Exists(*made.ID) {
		return updateOne(db, j, s, made)
	}
	return edit.Insert(db, j, s, made)
}

func deleteOne(db *rows.Database, j *rows.Journal, s *rows.Store, made edit.Edit) (rows.Ref, *odata.Error) {
	r, refusal := named(s, made)
	if refusal != nil {
		return rows.Ref{}, refusal
	}
	edit.Remove(db, j, s, r)
	return r, nil
}

// named returns the row whose key a target carries.
func named(s *rows.Store, made edit.Edit) (rows.Ref, *odata.Error) {
	if made.ID == nil {
		return rows.Ref{}, odata.BadPayload(s.Table.EntitySetName, "The primary key '%s' is missing in a target.", s.Table.PrimaryID)
	}
	r, ok := s.Find(*made.ID)
	if !ok {
		return rows.Ref{}, edit.NoSuchRow(s, *made.ID)
	}
	return r, nil
}
