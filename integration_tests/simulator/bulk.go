package simulator

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"
)

const actionPrefix = "Microsoft.Dynamics.CRM."

// bulk carries out an action on many rows of one table: all of them, or none (Microsoft, "Use bulk operation
// messages").
func (e *Environment) bulk(j *journal, c *call) (*reply, *apiError) {
	action := strings.TrimPrefix(c.rest, actionPrefix)
	if action == "DeleteMultiple" && c.store.table.Type != Elastic {
		return nil, unsupportedMessage(c.store.table, action)
	}
	apply := map[string]func(*journal, *store, edit) (ref, *apiError){
		"CreateMultiple": e.create,
		"UpdateMultiple": e.updateOne,
		"UpsertMultiple": e.upsertOne,
		"DeleteMultiple": e.deleteOne,
	}[action]
	if apply == nil {
		return nil, notFound(c.rest)
	}
	access := map[string]string{"UpdateMultiple": "Write", "DeleteMultiple": "Delete"}[action]
	if refusal := e.mayWrite(c.store.table, cmp.Or(access, "Create")); refusal != nil {
		return nil, refusal
	}
	targets, refusal := e.targets(c)
	if refusal != nil {
		return nil, refusal
	}
	var ids []string
	for _, target := range targets {
		r, refusal := apply(j, c.store, target)
		if refusal != nil {
			return nil, refusal
		}
		ids = append(ids, r.id.String())
	}
	if action != "CreateMultiple" {
		return newReply(http.StatusNoContent), nil
	}
	body, err := json.Marshal(map[string]any{
		"@odata.context": c.base + "/$metadata#Microsoft.Dynamics.CRM.CreateMultipleResponse",
		"Ids":            ids,
	})
	if err != nil {
		return nil, badPayload(c.store.table.EntitySetName, "%v", err)
	}
	return newReply(http.StatusOK).json(body), nil
}

// targets reads {"Targets":[...]}, whose items must say of which type they are (Web API reference, CreateMultiple).
func (e *Environment) targets(c *call) ([]edit, *apiError) {
	set := c.store.table.EntitySetName
	var given struct{ Targets []json.RawMessage }
	if err := json.Unmarshal(c.body, &given); err != nil {
		return nil, badPayload(set, "Invalid JSON. A token was not recognized in the JSON content.")
	}
	if len(given.Targets) == 0 {
		return nil, badPayload(set, "The parameter 'Targets' must hold at least one row.")
	}
	all := make([]edit, 0, len(given.Targets))
	for _, raw := range given.Targets {
		made, refusal := e.decode(c.store, raw)
		if refusal != nil {
			return nil, refusal
		}
		if !made.typed {
			return nil, badPayload(set, "Every item of the parameter 'Targets' needs the annotation '@odata.type'.")
		}
		if made.entity != "" {
			to, key, refusal := e.resolve(made.entity)
			if refusal != nil {
				return nil, refusal
			}
			if to != c.store {
				return nil, badPayload(set, "A resource of '%s' was found where one of '%s' was expected.", to.table.EntitySetName, set)
			}
			key.name(&made)
		}
		all = append(all, made)
	}
	return all, nil
}

func (e *Environment) updateOne(j *journal, s *store, made edit) (ref, *apiError) {
	r, refusal := s.named(made)
	if refusal != nil {
		return ref{}, refusal
	}
	return e.update(j, s, r, made)
}

func (e *Environment) upsertOne(j *journal, s *store, made edit) (ref, *apiError) {
	if made.id != nil && s.exists(*made.id) {
		return e.updateOne(j, s, made)
	}
	return e.create(j, s, made)
}

func (e *Environment) deleteOne(j *journal, s *store, made edit) (ref, *apiError) {
	r, refusal := s.named(made)
	if refusal != nil {
		return ref{}, refusal
	}
	e.delete(j, s, r)
	return r, nil
}

// named is the row whose key a target carries.
func (s *store) named(made edit) (ref, *apiError) {
	if made.id == nil {
		return ref{}, badPayload(s.table.EntitySetName, "The primary key '%s' is missing in a target.", s.table.PrimaryID)
	}
	r, ok := s.find(*made.id)
	if !ok {
		return ref{}, s.noSuchRow(*made.id)
	}
	return r, nil
}
