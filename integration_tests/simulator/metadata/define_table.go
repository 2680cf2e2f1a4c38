package metadata

import (
	"net/http"
	"slices"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// firstCustomTypeCode is the minimum ObjectTypeCode of custom tables.
const firstCustomTypeCode = 10_000

// defineTable makes a custom table without rows. Its change tracking is off unless the payload switches it on.
func defineTable(db *rows.Database, p *tablePayload) (defined, *odata.Error) {
	if refusal := prefixed(p.SchemaName, "Entity"); refusal != nil {
		return "", refusal
	}
	name := strings.ToLower(p.SchemaName)
	if db.TableByName(name) != nil {
		return "", odata.Refuse(http.StatusBadRequest, "0x80047010", "An object with the specified name %s already exists, ensure that the display name and/or schema name is unique.", name)
	}
	set := p.EntitySetName
	if set == "" {
		set = plural(name)
	}
	t, refusal := draft(db, p, set)
	if refusal != nil {
		return "", refusal
	}
	if err := db.AddTable(t, 0); err != nil {
		return "", odata.Refuse(http.StatusBadRequest, "0x80040203", "%v", err)
	}
	return defined("EntityDefinitions(" + tableID(t) + ")"), nil
}

// defineTables makes all of several tables, or none.
func defineTables(db *rows.Database, payloads []tablePayload) *odata.Error {
	for i := range payloads {
		_, refusal := defineTable(db, &payloads[i])
		if refusal == nil {
			continue
		}
		for _, made := range payloads[:i] {
			if err := db.RemoveTable(strings.ToLower(made.SchemaName)); err != nil {
				return odata.Refuse(http.StatusInternalServerError, "0x80040216", "%v", err)
			}
		}
		return refusal
	}
	return nil
}

// draft returns a table as the service makes it: with its key, an owner, states, and who changed a row when.
func draft(db *rows.Database, p *tablePayload, set string) (*schema.Table, *odata.Error) {
	d := schema.Define(p.SchemaName, set, nextTypeCode(db)).Describe(p.Description.text()).Custom().Untracked(true)
	d.Table.DisplayName = p.DisplayName.text()
	d.Table.Tracked = p.ChangeTrackingEnabled != nil && *p.ChangeTrackingEnabled
	d.Key(p.SchemaName + "Id")
	for i := range p.Attributes {
		columns, refusal := p.Attributes[i].columns()
		if refusal != nil {
			return nil, refusal
		}
		if p.Attributes[i].IsPrimaryName {
			d.Table.PrimaryName = columns[0].LogicalName
		}
		d.Table.Columns = append(d.Table.Columns, columns...)
	}
	if d.Table.PrimaryName == "" {
		return nil, odata.Refuse(http.StatusBadRequest, "0x80040203", "The entity %s needs an attribute with IsPrimaryName true.", p.SchemaName)
	}
	if strings.HasSuffix(p.OwnershipType, "OrganizationOwned") {
		d.Ownership("OrganizationOwned")
	} else {
		d.Owner()
	}
	d.Usual()
	if slices.ContainsFunc(d.Table.Columns, func(c schema.Column) bool { return c.Type == schema.Money }) {
		d.Currency()
	}
	return d.Done(), nil
}

// nextTypeCode returns an ObjectTypeCode that no table has.
func nextTypeCode(db *rows.Database) int {
	code := firstCustomTypeCode
	for _, t := range db.Tables() {
		code = max(code, t.TypeCode)
	}
	return code + 1
}

// redefineTable changes a table's labels and switches its change tracking on. Once on it stays on (Microsoft, "Use
// change tracking to synchronize data with external systems").
func redefineTable(db *rows.Database, t *schema.Table, p *tablePayload) *odata.Error {
	err := db.Alter(t.LogicalName, false, func(_ *rows.Store, t *schema.Table) error {
		if text := p.DisplayName.text(); text != "" {
			t.DisplayName = text
		}
		if text := p.Description.text(); text != "" {
			t.Description = text
		}
		return nil
	})
	if on := p.ChangeTrackingEnabled; err == nil && on != nil && *on && !t.Tracked {
		if !t.CanBeTracked {
			return odata.Refuse(http.StatusBadRequest, "0x80040203", "CanChangeTrackingBeEnabled can not be active for %s %s Entity", t.LogicalName, strings.ToLower(string(t.Type)))
		}
		err = db.SetTracked(t.LogicalName, true)
	}
	if err != nil {
		return odata.Refuse(http.StatusNotFound, "0x80040217", "%v", err)
	}
	return nil
}

// dropTable removes a custom table that no lookup of another one depends on.
func dropTable(db *rows.Database, t *schema.Table) *odata.Error {
	if !t.Custom {
		return odata.Refuse(http.StatusBadRequest, "0x8004F032", "The 'Delete' operation on the current component(name='%s', id='%s') failed during managed property evaluation of condition: 'Managed Property Name: iscustomizable'", t.SchemaName, tableID(t))
	}
	dependents := 0
	for _, r := range Relations(db.Tables()) {
		if r.First == t && r.Second != t || r.Between != nil && r.Second == t {
			dependents++
		}
	}
	if dependents > 0 {
		return odata.Refuse(http.StatusBadRequest, "0x8004F01F", "The Entity(%s) component cannot be deleted because it is referenced by %d other components. For a list of referenced components, use the RetrieveDependenciesForDeleteRequest.", tableID(t), dependents)
	}
	if err := db.RemoveTable(t.LogicalName); err != nil {
		return odata.Refuse(http.StatusNotFound, "0x80040217", "%v", err)
	}
	return nil
}
