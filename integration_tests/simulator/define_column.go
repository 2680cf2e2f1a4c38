package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// defineColumn adds a column to a table, with those that come along with it, and gives its id. Lookups are made by
// their relationships.
func (e *Environment) defineColumn(t *Table, body []byte) (string, *apiError) {
	p, refusal := payload[columnPayload](body)
	if refusal != nil {
		return "", refusal
	}
	if p.kind() == Lookup {
		return "", refuse(http.StatusBadRequest, "0x80040203", "Attribute of type LookupAttributeMetadata cannot be created through the SDK")
	}
	columns, refusal := p.columns()
	if refusal != nil {
		return "", refusal
	}
	return e.addColumns(t.LogicalName, columns)
}

// addColumns puts columns into a table, in one alteration, and gives the id of the first.
func (e *Environment) addColumns(table string, columns []Column) (string, *apiError) {
	var duplicate string
	err := e.alter(table, true, func(s *store, t *Table) error {
		for _, c := range columns {
			if t.Column(c.LogicalName) != nil {
				duplicate = c.LogicalName
				return fmt.Errorf("column %s exists", c.LogicalName)
			}
			s.unfilled[c.LogicalName] = true
			t.Columns = append(t.Columns, c)
		}
		slices.SortFunc(t.Columns, func(a, b Column) int { return strings.Compare(a.LogicalName, b.LogicalName) })
		return nil
	})
	switch {
	case duplicate != "":
		return "", refuse(http.StatusBadRequest, "0x80047013", "Attribute with name %s already exists on entity %s.", duplicate, table)
	case err != nil:
		return "", refuse(http.StatusNotFound, "0x80040217", "%v", err)
	}
	return stableID("column", table, columns[0].LogicalName), nil
}

// columnOf is the column that a key of Attributes names.
func columnOf(t *Table, key string) (*Column, *apiError) {
	name, id := metadataKey(key)
	for _, a := range attributes(t) {
		if a.column.LogicalName == name || id != "" && a.id() == id {
			return a.column, nil
		}
	}
	return nil, refuse(http.StatusNotFound, "0x80041103", "'%s' entity doesn't contain attribute with Name = '%s' and NameMapping = 'Logical'.", t.SchemaName, name)
}

// redefineColumn takes over the bounds and labels of a column. Its type stays.
func (e *Environment) redefineColumn(t *Table, key string, body []byte) *apiError {
	c, refusal := columnOf(t, key)
	if refusal != nil {
		return refusal
	}
	p, refusal := payload[columnPayload](body)
	if refusal != nil {
		return refusal
	}
	if kind := p.kind(); kind != "" && kind != c.Type {
		return refuse(http.StatusBadRequest, "0x80040203", "The type of attribute %s cannot be changed.", c.LogicalName)
	}
	changed := *c
	p.amend(&changed)
	if err := e.RetypeColumn(t.LogicalName, changed); err != nil {
		return refuse(http.StatusBadRequest, "0x80040203", "%v", err)
	}
	return nil
}

// dropColumn removes a custom column with those that came along with it.
func (e *Environment) dropColumn(t *Table, key string) *apiError {
	c, refusal := columnOf(t, key)
	switch {
	case refusal != nil:
		return refusal
	case c.LogicalName == t.PrimaryName:
		return refuse(http.StatusBadRequest, "0x80047002", "The Primary UI Attribute is not valid for deletion")
	case !c.Custom || c.LogicalName == t.PrimaryID || c.AttributeOf != "":
		return refuse(http.StatusBadRequest, "0x8004F032", "The 'Delete' operation on the current component(name='%s', id='%s') failed during managed property evaluation of condition: 'Managed Property Name: iscustomizable'", c.LogicalName, stableID("column", t.LogicalName, c.LogicalName))
	}
	if i := slices.IndexFunc(t.Keys, func(k AlternateKey) bool { return slices.Contains(k.Columns, c.LogicalName) }); i >= 0 {
		return refuse(http.StatusBadRequest, "0x8004F01F", "The Attribute(%s) component cannot be deleted because it is referenced by 1 other components. For a list of referenced components, use the RetrieveDependenciesForDeleteRequest.", stableID("column", t.LogicalName, c.LogicalName))
	}
	return e.removeColumns(t.LogicalName, c.LogicalName)
}

// removeColumns takes a column and its companions out of a table.
func (e *Environment) removeColumns(table, name string) *apiError {
	err := e.alter(table, true, func(s *store, t *Table) error {
		t.Columns = slices.DeleteFunc(t.Columns, func(c Column) bool {
			belongs := c.LogicalName == name || c.AttributeOf == name || c.LogicalName == name+"_base" && c.Type == Money
			if belongs {
				s.forget(c.LogicalName)
			}
			return belongs
		})
		return nil
	})
	if err != nil {
		return refuse(http.StatusNotFound, "0x80040217", "%v", err)
	}
	return nil
}
