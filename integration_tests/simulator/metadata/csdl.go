package metadata

import (
	"encoding/xml"
	"io"
	"net/http"
	"slices"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// ServeCSDL serves $metadata: the CSDL document of the Web API (Microsoft, "Web API service documents"). The service
// has it only as XML, and refuses a client that accepts nothing but JSON.
func ServeCSDL(w http.ResponseWriter, r *http.Request, tables []*schema.Table) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		odata.ReadOnly(w, r.Method).Write(w, r)
		return
	}
	if !acceptsXML(r) {
		odata.Refuse(http.StatusUnsupportedMediaType, "0x80060888",
			"A supported MIME type could not be found that matches the acceptable MIME types for the request. The supported type(s) 'application/xml' do not match any of the acceptable MIME types '%s'.",
			r.Header.Get("Accept")).Write(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	odata.SetODataVersion(w.Header())
	tables = slices.DeleteFunc(tables, func(t *schema.Table) bool { return t.Undeclared })
	d := &csdl{w: w, tables: tables, annotated: strings.Contains(r.URL.RawQuery, "annotations=true")}
	d.write()
}

func acceptsXML(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return accept == "" || slices.ContainsFunc(strings.Split(accept, ","), func(media string) bool {
		name, _, _ := strings.Cut(strings.TrimSpace(media), ";")
		return slices.Contains([]string{"*/*", "application/*", "application/xml"}, name)
	})
}

// csdl writes the document. What cannot be written is lost with the connection.
type csdl struct {
	w         io.Writer
	tables    []*schema.Table
	annotated bool
}

func (d *csdl) line(parts ...string) {
	_, _ = io.WriteString(d.w, strings.Join(parts, "")+"\n")
}

func (d *csdl) write() {
	d.line(`<?xml version="1.0" encoding="utf-8"?>`)
	d.line(`<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">`)
	d.line(`<edmx:DataServices><Schema Namespace="Microsoft.Dynamics.CRM" Alias="mscrm" xmlns="http://docs.oasis-open.org/odata/ns/edm">`)
	d.line(`<ComplexType Name="BooleanManagedProperty"><Property Name="Value" Type="Edm.Boolean" Nullable="false"/>`,
		`<Property Name="CanBeChanged" Type="Edm.Boolean" Nullable="false"/><Property Name="ManagedPropertyLogicalName" Type="Edm.String" Unicode="false"/></ComplexType>`)
	d.functions()
	d.line(`<EntityType Name="crmbaseentity" Abstract="true"/>`)
	d.line(`<EntityType Name="principal" BaseType="mscrm.crmbaseentity"><Key><PropertyRef Name="ownerid"/></Key><Property Name="ownerid" Type="Edm.Guid"/></EntityType>`)
	for _, t := range d.tables {
		d.entityType(t)
	}
	d.container()
	d.line(`</Schema></edmx:DataServices></edmx:Edmx>`)
}

// functions declares what can be called besides the entity sets.
func (d *csdl) functions() {
	d.line(`<ComplexType Name="WhoAmIResponse"><Property Name="BusinessUnitId" Type="Edm.Guid" Nullable="false"/>`,
		`<Property Name="UserId" Type="Edm.Guid" Nullable="false"/><Property Name="OrganizationId" Type="Edm.Guid" Nullable="false"/></ComplexType>`)
	d.line(`<ComplexType Name="RetrieveVersionResponse"><Property Name="Version" Type="Edm.String" Unicode="false"/></ComplexType>`)
	d.line(`<ComplexType Name="RetrieveTimestampResponse"><Property Name="Timestamp" Type="Edm.String" Unicode="false"/></ComplexType>`)
	for _, name := range unparameterised() {
		d.line(`<Function Name="`, name, `"><ReturnType Type="mscrm.`, name, `Response" Nullable="false"/></Function>`)
	}
}

func unparameterised() []string { return []string{"WhoAmI", "RetrieveVersion", "RetrieveTimestamp"} }

// baseType returns what the table's entity type inherits from: all activities have the key and columns of activitypointer,
// users and teams those of principal.
func (d *csdl) baseType(t *schema.Table) string {
	switch {
	case t.KeyProperty() == "ownerid" && t.PrimaryID != "ownerid":
		return "principal"
	case t.Activity && t.LogicalName != "activitypointer" && d.find("activitypointer") != nil:
		return "activitypointer"
	default:
		return "crmbaseentity"
	}
}

func (d *csdl) find(logicalName string) *schema.Table {
	i := slices.IndexFunc(d.tables, func(t *schema.Table) bool { return t.LogicalName == logicalName })
	if i < 0 {
		return nil
	}
	return d.tables[i]
}

func (d *csdl) entityType(t *schema.Table) {
	if t.EntitySetName == "" {
		return
	}
	base := d.baseType(t)
	d.line(`<EntityType Name="`, t.LogicalName, `" BaseType="mscrm.`, base, `">`)
	if base == "crmbaseentity" {
		d.line(`<Key><PropertyRef Name="`, t.KeyProperty(), `"/></Key>`)
	}
	inherited := d.find(base)
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Property() == "" || c.NotReadable || inherited != nil && inherited.ByProperty(c.Property()) != nil {
			continue
		}
		d.property(t, c)
	}
	d.line(`</EntityType>`)
}

func (d *csdl) property(t *schema.Table, c *schema.Column) {
	extra := ""
	switch c.Type {
	case schema.String, schema.Memo, schema.EntityName, schema.MultiSelectPicklist:
		extra = ` Unicode="false"`
	case schema.Decimal, schema.Money:
		extra = ` Scale="Variable"`
	default: // no facets
	}
	d.line(`<Property Name="`, escapeXML(c.Property()), `" Type="`, edmType(c), `"`, extra, `/>`)
	if !c.IsLookup() {
		return
	}
	for _, target := range c.Targets {
		other := d.find(target)
		if other == nil || other.EntitySetName == "" {
			continue
		}
		d.line(`<NavigationProperty Name="`, escapeXML(schema.NavigationName(t, c, target)), `" Type="mscrm.`, target,
			`"><ReferentialConstraint Property="`, c.Property(), `" ReferencedProperty="`, other.KeyProperty(), `"/></NavigationProperty>`)
	}
}

// edmType returns the type of a column's values in the Web API.
func edmType(c *schema.Column) string {
	switch c.Type {
	case schema.BigInt:
		return "Edm.Int64"
	case schema.Boolean:
		return "Edm.Boolean"
	case schema.DateTime:
		if c.Behavior == schema.DateOnly {
			return "Edm.Date"
		}
		return "Edm.DateTimeOffset"
	case schema.Decimal, schema.Money:
		return "Edm.Decimal"
	case schema.Double:
		return "Edm.Double"
	case schema.Image:
		return "Edm.Binary"
	case schema.Integer, schema.Picklist, schema.State, schema.Status:
		return "Edm.Int32"
	case schema.Lookup, schema.Customer, schema.Owner, schema.Uniqueidentifier, schema.File:
		return "Edm.Guid"
	case schema.ManagedProperty:
		return "mscrm.BooleanManagedProperty"
	default:
		return "Edm.String"
	}
}

// container lists the entity sets. With annotations it includes which of them track changes.
func (d *csdl) container() {
	d.line(`<EntityContainer Name="System">`)
	for _, t := range d.tables {
		if t.EntitySetName == "" {
			continue
		}
		d.line(`<EntitySet Name="`, escapeXML(t.EntitySetName), `" EntityType="mscrm.`, t.LogicalName, `">`)
		if d.annotated {
			supported := "false"
			if t.Tracked {
				supported = "true"
			}
			d.line(`<Annotation Term="Org.OData.Capabilities.V1.ChangeTracking"><Record><PropertyValue Property="Supported" Bool="`, supported, `"/></Record></Annotation>`)
		}
		d.line(`</EntitySet>`)
	}
	for _, name := range unparameterised() {
		d.line(`<FunctionImport Name="`, name, `" Function="mscrm.`, name, `"/>`)
	}
	d.line(`</EntityContainer>`)
}

func escapeXML(s string) string {
	var b strings.Builder
	if xml.EscapeText(&b, []byte(s)) != nil {
		return ""
	}
	return b.String()
}
