package simulator

import (
	"net/http"
	"slices"
	"strings"
)

// firstCustomTypeCode is the least ObjectTypeCode of tables that the service did not bring.
const firstCustomTypeCode = 10_000

// defineTable makes a custom table without rows. Its change tracking is off unless the payload switches it on.
func (e *Environment) defineTable(p *tablePayload) (defined, *apiError) {
	if refusal := prefixed(p.SchemaName, "Entity"); refusal != nil {
		return "", refusal
	}
	name := strings.ToLower(p.SchemaName)
	if e.table(name) != nil {
		return "", refuse(http.StatusBadRequest, "0x80047010", "An object with the specified name %s already exists, ensure that the display name and/or schema name is unique.", name)
	}
	set := p.EntitySetName
	if set == "" {
		set = plural(name)
	}
	t, refusal := e.draft(p, set)
	if refusal != nil {
		return "", refusal
	}
	if err := e.AddTable(t, 0); err != nil {
		return "", refuse(http.StatusBadRequest, "0x80040203", "%v", err)
	}
	return defined("EntityDefinitions(" + tableID(t) + ")"), nil
}

// defineTables makes all of several tables, or none.
func (e *Environment) defineTables(payloads []tablePayload) *apiError {
	for i := range payloads {
		_, refusal := e.defineTable(&payloads[i])
		if refusal == nil {
			continue
		}
		for _, made := range payloads[:i] {
			if err := e.RemoveTable(strings.ToLower(made.SchemaName)); err != nil {
				return refuse(http.StatusInternalServerError, "0x80040216", "%v", err)
			}
		}
		return refusal
	}
	return nil
}

// draft is a table as the service makes it: with its key, an owner, states, and who changed a row when.
func (e *Environment) draft(p *tablePayload, set string) (*Table, *apiError) {
	d := define(p.SchemaName, set, e.nextTypeCode()).describe(p.Description.text()).custom().untracked(true)
	d.table.DisplayName = p.DisplayName.text()
	d.table.Tracked = p.ChangeTrackingEnabled != nil && *p.ChangeTrackingEnabled
	d.key(p.SchemaName + "Id")
	for i := range p.Attributes {
		columns, refusal := p.Attributes[i].columns()
		if refusal != nil {
			return nil, refusal
		}
		if p.Attributes[i].IsPrimaryName {
			d.table.PrimaryName = columns[0].LogicalName
		}
		d.table.Columns = append(d.table.Columns, columns...)
	}
	if d.table.PrimaryName == "" {
		return nil, refuse(http.StatusBadRequest, "0x80040203", "The entity %s needs an attribute with IsPrimaryName true.", p.SchemaName)
	}
	if strings.HasSuffix(p.OwnershipType, "OrganizationOwned") {
		d.ownership("OrganizationOwned")
	} else {
		d.owner()
	}
	d.usual()
	if slices.ContainsFunc(d.table.Columns, func(c Column) bool { return c.Type == Money }) {
		d.currency()
	}
	return d.done(), nil
}

// nextTypeCode is an ObjectTypeCode that no table has.
func (e *Environment) nextTypeCode() int {
	code := firstCustomTypeCode
	for _, t := range e.tables() {
		code = max(code, t.TypeCode)
	}
	return code + 1
}

// redefineTable takes over a table's labels, and switches its change tracking on. Once on it stays so (Microsoft, "Use
// change tracking to synchronize data with external systems").
func (e *Environment) redefineTable(t *Table, p *tablePayload) *apiError {
	err := e.alter(t.LogicalName, false, func(_ *store, t *Table) error {
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
			return refuse(http.StatusBadRequest, "0x80040203", "CanChangeTrackingBeEnabled can not be active for %s %s Entity", t.LogicalName, strings.ToLower(string(t.Type)))
		}
		err = e.SetTracked(t.LogicalName, true)
	}
	if err != nil {
		return refuse(http.StatusNotFound, "0x80040217", "%v", err)
	}
	return nil
}

// dropTable removes a custom table that no lookup of another one depends on.
func (e *Environment) dropTable(t *Table) *apiError {
	if !t.Custom {
		return refuse(http.StatusBadRequest, "0x8004F032", "The 'Delete' operation on the current component(name='%s', id='%s') failed during managed property evaluation of condition: 'Managed Property Name: iscustomizable'", t.SchemaName, tableID(t))
	}
	dependents := 0
	for _, r := range relations(e.tables()) {
		if r.first == t && r.second != t || r.between != nil && r.second == t {
			dependents++
		}
	}
	if dependents > 0 {
		return refuse(http.StatusBadRequest, "0x8004F01F", "The Entity(%s) component cannot be deleted because it is referenced by %d other components. For a list of referenced components, use the RetrieveDependenciesForDeleteRequest.", tableID(t), dependents)
	}
	if err := e.RemoveTable(t.LogicalName); err != nil {
		return refuse(http.StatusNotFound, "0x80040217", "%v", err)
	}
	return nil
}
