package metadata

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// defineColumn adds a column to a table, with its companions, and returns its id. Lookups are made by
// their relationships.
func defineColumn(db *rows.Database, t *schema.Table, body []byte) (string, *odata.Error) {
	p, refusal := payload[columnPayload](body)
	if refusal != nil {
		return "", refusal
	}
	if p.kind() == schema.Lookup {
		return "", odata.Refuse(http.StatusBadRequest, "0x80040203", "Attribute of type LookupAttributeMetadata cannot be created through the SDK")
	}
	columns, refusal := p.columns()
	if refusal != nil {
		return "", refusal
	}
	return addColumns(db, t.LogicalName, columns)
}

// addColumns puts columns into a table, in one alteration, and returns the id of the first.
func addColumns(db *rows.Database, table string, columns []schema.Column) (string, *odata.Error) {
	var duplicate string
	err := db.Alter(table, true, func(s *rows.Store, t *schema.Table) error {
		for _, c := range columns {
			if t.Column(c.LogicalName) != nil {
				duplicate = c.LogicalName
				return fmt.Errorf("column %s exists", c.LogicalName)
			}
			s.Unfilled[c.LogicalName] = true
			t.Columns = append(t.Columns, c)
		}
		slices.SortFunc(t.Columns, func(a, b schema.Column) int { return strings.Compare(a.LogicalName, b.LogicalName) })
		return nil
	})
	switch {
	case duplicate != "":
		return "", odata.Refuse(http.StatusBadRequest, "0x80047013", "Attribute with name %s already exists on entity %s.", duplicate, table)
	case err != nil:
		return "", odata.Refuse(http.StatusNotFound, "0x80040217", "%v", err)
	}
	return guid.Derived("column", table, columns[0].LogicalName), nil
}

// columnOf returns the column that a key of Attributes names.
func columnOf(t *schema.Table, key string) (*schema.Column, *odata.Error) {
	name, id := metadataKey(key)
	for _, a := range attributes(t) {
		if a.column.LogicalName == name || id != "" && a.id() == id {
			return a.column, nil
		}
	}
	return nil, odata.Refuse(http.StatusNotFound, "0x80041103", "'%s' entity doesn't contain attribute with Name = '%s' and NameMapping = 'Logical'.", t.SchemaName, name)
}

// redefineColumn changes the bounds and labels of a column. Its type stays.
func redefineColumn(db *rows.Database, t *schema.Table, key string, body []byte) *odata.Error {
	c, refusal := columnOf(t, key)
	if refusal != nil {
		return refusal
	}
	p, refusal := payload[columnPayload](body)
	if refusal != nil {
		return refusal
	}
	if kind := p.kind(); kind != "" && kind != c.Type {
		return odata.Refuse(http.StatusBadRequest, "0x80040203", "The type of attribute %s cannot be changed.", c.LogicalName)
	}
	changed := *c
	p.amend(&changed)
	if err := db.RetypeColumn(t.LogicalName, changed); err != nil {
		return odata.Refuse(http.StatusBadRequest, "0x80040203", "%v", err)
	}
	return nil
}

// dropColumn removes a custom column with its companions.
func dropColumn(db *rows.Database, t *schema.Table, key string) *odata.Error {
	c, refusal := columnOf(t, key)
	switch {
	case refusal != nil:
		return refusal
	case c.LogicalName == t.PrimaryName:
		return odata.Refuse(http.StatusBadRequest, "0x80047002", "The Primary UI Attribute is not valid for deletion")
	case !c.Custom || c.LogicalName == t.PrimaryID || c.AttributeOf != "":
		return odata.Refuse(http.StatusBadRequest, "0x8004F032", "The 'Delete' operation on the current component(name='%s', id='%s') failed during managed property evaluation of condition: 'Managed Property Name: iscustomizable'", c.LogicalName, guid.Derived("column", t.LogicalName, c.LogicalName))
	}
	if i := slices.IndexFunc(t.Keys, func(k schema.AlternateKey) bool { return slices.Contains(k.Columns, c.LogicalName) }); i >= 0 {
		return odata.Refuse(http.StatusBadRequest, "0x8004F01F", "The Attribute(%s) component cannot be deleted because it is referenced by 1 other components. For a list of referenced components, use the RetrieveDependenciesForDeleteRequest.", guid.Derived("column", t.LogicalName, c.LogicalName))
	}
	return removeColumns(db, t.LogicalName, c.LogicalName)
}

// removeColumns removes a column and its companions from a table.
func removeColumns(db *rows.Database, table, name string) *odata.Error {
	err := db.Alter(table, true, func(s *rows.Store, t *schema.Table) error {
		t.Columns = slices.DeleteFunc(t.Columns, func(c schema.Column) bool {
			belongs := c.LogicalName == name || c.AttributeOf == name || c.LogicalName == name+"_base" && c.Type == schema.Money
			if belongs {
				s.Forget(c.LogicalName)
			}
			return belongs
		})
		return nil
	})
	if err != nil {
		return odata.Refuse(http.StatusNotFound, "0x80040217", "%v", err)
	}
	return nil
}
