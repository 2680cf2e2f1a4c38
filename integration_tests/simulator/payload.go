package simulator

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// edit is what a write sets: values by logical name, and the key where the payload names one.
type edit struct {
	values map[string]storedValue
	id     *rowID
	entity string // @odata.id, in the targets of UpsertMultiple
	typed  bool   // with @odata.type
}

// member is a name and a value of a JSON object.
type member struct {
	name string
	raw  json.RawMessage
}

// badPayload is the answer to a body that does not fit the table.
func badPayload(set, format string, args ...any) *apiError {
	return payloadError(set, "Microsoft.OData.ODataException: "+format, args...)
}

func payloadError(set, format string, args ...any) *apiError {
	e := refuse(http.StatusBadRequest, "0x80048d19", format, args...)
	e.message = "Error identified in Payload provided by the user for Entity :'" + set +
		"', For more information on this error please follow this help link https://go.microsoft.com/fwlink/?linkid=2195293  ---->  " +
		"InnerException : " + e.message
	return e
}

// objectMembers reads a JSON object in its order.
func objectMembers(set string, body []byte) ([]member, *apiError) {
	bad := badPayload(set, "Invalid JSON. A token was not recognized in the JSON content.")
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, bad
	}
	var all []member
	for d.More() {
		var m member
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok || d.Decode(&m.raw) != nil {
			return nil, bad
		}
		if m.name = name; slices.ContainsFunc(all, func(other member) bool { return other.name == name }) {
			return nil, badPayload(set, "Multiple properties with the name '%s' were detected in a resource or a complex value. In OData, duplicate property names are not allowed.", name)
		}
		all = append(all, m)
	}
	if _, err := d.Token(); err != nil || d.More() {
		return nil, bad
	}
	return all, nil
}

// decode makes an edit of a body as a client of the Web API writes it.
func (e *Environment) decode(s *store, body []byte) (edit, *apiError) {
	members, refusal := objectMembers(s.table.EntitySetName, body)
	if refusal != nil {
		return edit{}, refusal
	}
	made := edit{values: map[string]storedValue{}}
	for _, m := range members {
		if refusal := e.decodeMember(s, &made, m); refusal != nil {
			return edit{}, refusal
		}
	}
	return made, s.inBounds(made)
}

func (e *Environment) decodeMember(s *store, made *edit, m member) *apiError {
	set, property := s.table.EntitySetName, m.name
	name, annotation, annotated := strings.Cut(property, "@")
	switch {
	case annotated && annotation == "odata.bind":
		return e.bindReference(s, made, name, m.raw)
	case property == "@odata.id":
		made.entity = plain(m.raw)
		return nil
	case property == "@odata.type":
		if got := strings.TrimPrefix(plain(m.raw), "#"); got != "Microsoft.Dynamics.CRM."+s.table.LogicalName {
			return badPayload(set, "A resource with type '%s' was found, but it is not assignable to the expected type 'Microsoft.Dynamics.CRM.%s'.", got, s.table.LogicalName)
		}
		made.typed = true
		return nil
	case annotated && !strings.Contains(annotation, "."):
		return badPayload(set, "'%s' is an invalid instance annotation name. An instance annotation name must contain a period that is not at the start or end of the name.", annotation)
	case annotated:
		return nil
	case property == s.table.PrimaryID || property == s.table.KeyProperty():
		id, ok := parseRowID(plain(m.raw))
		if !ok {
			return badPayload(set, "Cannot convert the literal '%s' to the expected type 'Edm.Guid'.", plain(m.raw))
		}
		made.id = &id
		return nil
	}
	c := s.table.ByProperty(property)
	switch {
	case c == nil:
		return e.decodeNavigation(s, made, property, m.raw)
	case c.IsLookup():
		return badPayload(set, "CRM do not support direct update of Entity Reference properties, Use Navigation properties instead.")
	case !s.writable(c):
		return nil
	}
	value, refusal := s.coerce(c, m.raw)
	made.values[c.LogicalName] = value
	return refusal
}

// writable says whether a write changes the column. The service keeps the others itself and passes over attempts to
// set them.
func (s *store) writable(c *Column) bool {
	cell := s.cellOf(c.Property())
	return cell != nil && cell.role == ordinary && c.SourceType == 0 && !s.isBase(c) && c.LogicalName != "exchangerate"
}

// isBase says whether a money column is the base-currency companion of another.
func (s *store) isBase(c *Column) bool {
	amount, ok := strings.CutSuffix(c.LogicalName, "_base")
	return ok && c.Type == Money && s.table.Column(amount) != nil
}

// decodeNavigation reads a member that is no property: a lookup set to null by its navigation property, or an error.
func (e *Environment) decodeNavigation(s *store, made *edit, name string, raw json.RawMessage) *apiError {
	c := s.navigation(name)
	switch {
	case c == nil:
		return payloadError(s.table.EntitySetName, "Microsoft.Crm.CrmException: Invalid property '%s' was found in entity 'Microsoft.Dynamics.CRM.%s'. "+
			"---> Microsoft.OData.ODataException: Does not support untyped value in non-open type.", name, s.table.LogicalName)
	case string(raw) != "null":
		return badPayload(s.table.EntitySetName, "Related rows inside a row ('%s') are not supported by this simulator. Use '%s@odata.bind'.", name, name)
	}
	made.values[c.LogicalName] = storedValue{}
	return nil
}

// navigation is the lookup column with that navigation property, whose case matters.
func (s *store) navigation(name string) *Column {
	for i := range s.table.Columns {
		c := &s.table.Columns[i]
		if !c.IsLookup() || c.Property() == "" {
			continue
		}
		for _, target := range c.Targets {
			if navigationName(s.table, c, target) == name {
				return c
			}
		}
	}
	return nil
}

// bindReference sets a lookup by navigation@odata.bind.
func (e *Environment) bindReference(s *store, made *edit, name string, raw json.RawMessage) *apiError {
	c := s.navigation(name)
	if c == nil {
		return badPayload(s.table.EntitySetName, "An undeclared property '%s' which only has property annotations in the payload but no property value was found in the payload. "+
			"In OData, only declared navigation properties and declared named streams can be represented as properties without values.", name)
	}
	if string(raw) == "null" {
		made.values[c.LogicalName] = storedValue{}
		return nil
	}
	to, key, refusal := e.resolve(plain(raw))
	if refusal != nil {
		return refusal
	}
	if navigationName(s.table, c, to.table.LogicalName) != name || !hasTarget(c, to.table.LogicalName) {
		return badPayload(s.table.EntitySetName, "A resource with type 'Microsoft.Dynamics.CRM.%s' was found, but it is not assignable to the navigation property '%s'.", to.table.LogicalName, name)
	}
	if _, ok := to.find(key.id); !ok {
		return to.absent(key)
	}
	made.values[c.LogicalName] = storedValue{json: []byte(`"` + key.id.String() + `"`), target: to.table.LogicalName}
	return nil
}

func hasTarget(c *Column, table string) bool {
	for _, target := range c.Targets {
		if target == table {
			return true
		}
	}
	return false
}

// resolve reads the address of a row, absolute or relative to the Web API: accounts(guid).
func (e *Environment) resolve(address string) (*store, *rowKey, *apiError) {
	segment := address[strings.LastIndex(address, "/")+1:]
	set, inside, found := strings.Cut(strings.TrimSuffix(segment, ")"), "(")
	s := e.sets[set]
	if !found || s == nil || !strings.HasSuffix(segment, ")") {
		return nil, nil, badQuery("URL was not parsed due to an ODataUnrecognizedPathException. Resource not found for the segment provided in the URL.")
	}
	key, refusal := s.parseKey(inside)
	return s, key, refusal
}
