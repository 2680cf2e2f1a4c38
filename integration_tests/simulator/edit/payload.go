// Package edit changes rows as a write of the Web API does: it reads payloads and keys, converts values into the form
// that rows show, sets the columns that the service itself keeps, and checks alternate keys and status values.
package edit

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// Edit is what a write sets: values by logical name, and the key where the payload names one.
type Edit struct {
	Values map[string]rows.Value
	ID     *guid.ID
	Entity string // @odata.id, in the targets of UpsertMultiple
	Typed  bool   // with @odata.type
}

// Member is a name and a value of a JSON object.
type Member struct {
	Name string
	Raw  json.RawMessage
}

// ObjectMembers reads a JSON object in its order.
func ObjectMembers(set string, body []byte) ([]Member, *odata.Error) {
	bad := odata.BadPayload(set, "Invalid JSON. A token was not recognized in the JSON content.")
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, bad
	}
	var all []Member
	for d.More() {
		var m Member
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok || d.Decode(&m.Raw) != nil {
			return nil, bad
		}
		if m.Name = name; slices.ContainsFunc(all, func(other Member) bool { return other.Name == name }) {
			return nil, odata.BadPayload(set, "Multiple properties with the name '%s' were detected in a resource or a complex value. In OData, duplicate property names are not allowed.", name)
		}
		all = append(all, m)
	}
	if _, err := d.Token(); err != nil || d.More() {
		return nil, bad
	}
	return all, nil
}

// Decode makes an edit of a body as a client of the Web API writes it.
func Decode(db *rows.Database, s *rows.Store, body []byte) (Edit, *odata.Error) {
	members, refusal := ObjectMembers(s.Table.EntitySetName, body)
	if refusal != nil {
		return Edit{}, refusal
	}
	made := Edit{Values: map[string]rows.Value{}}
	for _, m := range members {
		if refusal := DecodeMember(db, s, &made, m); refusal != nil {
			return Edit{}, refusal
		}
	}
	return made, InBounds(s, made)
}

// DecodeMember adds one member of a payload to an edit.
func DecodeMember(db *rows.Database, s *rows.Store, made *Edit, m Member) *odata.Error {
	set, property := s.Table.EntitySetName, m.Name
	name, annotation, annotated := strings.Cut(property, "@")
	switch {
	case annotated && annotation == "odata.bind":
		return BindReference(db, s, made, name, m.Raw)
	case property == "@odata.id":
		made.Entity = odata.Plain(m.Raw)
		return nil
	case property == "@odata.type":
		if got := strings.TrimPrefix(odata.Plain(m.Raw), "#"); got != "Microsoft.Dynamics.CRM."+s.Table.LogicalName {
			return odata.BadPayload(set, "A resource with type '%s' was found, but it is not assignable to the expected type 'Microsoft.Dynamics.CRM.%s'.", got, s.Table.LogicalName)
		}
		made.Typed = true
		return nil
	case annotated && !strings.Contains(annotation, "."):
		return odata.BadPayload(set, "'%s' is an invalid instance annotation name. An instance annotation name must contain a period that is not at the start or end of the name.", annotation)
	case annotated:
		return nil
	case property == s.Table.PrimaryID || property == s.Table.KeyProperty():
		id, ok := guid.Parse(odata.Plain(m.Raw))
		if !ok {
			return odata.BadPayload(set, "Cannot convert the literal '%s' to the expected type 'Edm.Guid'.", odata.Plain(m.Raw))
		}
		made.ID = &id
		return nil
	}
	c := s.Table.ByProperty(property)
	switch {
	case c == nil:
		return decodeNavigation(s, made, property, m.Raw)
	case c.IsLookup():
		return odata.BadPayload(set, "CRM do not support direct update of Entity Reference properties, Use Navigation properties instead.")
	case !s.Writable(c):
		return nil
	}
	value, refusal := Coerce(s, c, m.Raw)
	made.Values[c.LogicalName] = value
	return refusal
}

// decodeNavigation reads a member that is not a property: a lookup set to null by its navigation property, or an error.
func decodeNavigation(s *rows.Store, made *Edit, name string, raw json.RawMessage) *odata.Error {
	c := Navigation(s, name)
	switch {
	case c == nil:
		return odata.PayloadError(s.Table.EntitySetName, "Microsoft.Crm.CrmException: Invalid property '%s' was found in entity 'Microsoft.Dynamics.CRM.%s'. "+
			"---> Microsoft.OData.ODataException: Does not support untyped value in non-open type.", name, s.Table.LogicalName)
	case string(raw) != "null":
		return odata.BadPayload(s.Table.EntitySetName, "Related rows inside a row ('%s') are not supported by this simulator. Use '%s@odata.bind'.", name, name)
	}
	made.Values[c.LogicalName] = rows.Value{}
	return nil
}

// Navigation returns the lookup column with that navigation property, whose case matters.
func Navigation(s *rows.Store, name string) *schema.Column {
	for i := range s.Table.Columns {
		c := &s.Table.Columns[i]
		if !c.IsLookup() || c.Property() == "" {
			continue
		}
		for _, target := range c.Targets {
			if schema.NavigationName(s.Table, c, target) == name {
				return c
			}
		}
	}
	return nil
}

// BindReference sets a lookup by navigation@odata.bind.
func BindReference(db *rows.Database, s *rows.Store, made *Edit, name string, raw json.RawMessage) *odata.Error {
	c := Navigation(s, name)
	if c == nil {
		return odata.BadPayload(s.Table.EntitySetName, "An undeclared property '%s' which only has property annotations in the payload but no property value was found in the payload. "+
			"In OData, only declared navigation properties and declared named streams can be represented as properties without values.", name)
	}
	if string(raw) == "null" {
		made.Values[c.LogicalName] = rows.Value{}
		return nil
	}
	to, key, refusal := Resolve(db, odata.Plain(raw))
	if refusal != nil {
		return refusal
	}
	if schema.NavigationName(s.Table, c, to.Table.LogicalName) != name || !schema.HasTarget(c, to.Table.LogicalName) {
		return odata.BadPayload(s.Table.EntitySetName, "A resource with type 'Microsoft.Dynamics.CRM.%s' was found, but it is not assignable to the navigation property '%s'.", to.Table.LogicalName, name)
	}
	if _, ok := to.Find(key.ID); !ok {
		return Absent(to, key)
	}
	made.Values[c.LogicalName] = rows.Value{Json: []byte(`"` + key.ID.String() + `"`), Target: to.Table.LogicalName}
	return nil
}

// Resolve reads the address of a row, absolute or relative to the Web API: accounts(guid).
func Resolve(db *rows.Database, address string) (*rows.Store, *RowKey, *odata.Error) {
	segment := address[strings.LastIndex(address, "/")+1:]
	set, inside, found := strings.Cut(strings.TrimSuffix(segment, ")"), "(")
	s := db.Sets[set]
	if !found || s == nil || !strings.HasSuffix(segment, ")") {
		return nil, nil, odata.BadQuery("URL was not parsed due to an ODataUnrecognizedPathException. Resource not found for the segment provided in the URL.")
	}
	key, refusal := ParseKey(s, inside)
	return s, key, refusal
}
