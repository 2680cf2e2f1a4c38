package finops

import (
	"net/http"
	"slices"
	"strings"
)

// serveMetadata serves the metadata service (Microsoft, "Services endpoints overview").
func (c *call) serveMetadata(path string) {
	name, key, byKey := strings.Cut(path, "(")
	key = strings.Trim(key, "')")
	switch {
	case name == "DataEntities":
		c.environment.mu.Lock()
		page := c.environment.options.Behaviors.MetadataPage
		c.environment.mu.Unlock()
		c.serveDataEntities(path, page)
	case name == "PublicEntities" && byKey:
		c.one(slices.IndexFunc(c.environment.options.Entities, func(e Entity) bool { return e.PublicName != "" && strings.EqualFold(e.PublicName, key) }), key)
	case name == "PublicEntities":
		var list []any
		for i := range c.environment.options.Entities {
			if e := &c.environment.options.Entities[i]; e.PublicName != "" {
				list = append(list, c.publicEntity(e))
			}
		}
		c.json(http.StatusOK, map[string]any{"@odata.context": c.base + "/metadata/$metadata#PublicEntities", "value": list})
	case name == "PublicEnumerations" && byKey:
		c.enumeration(key)
	default:
		c.refuse(refuse(http.StatusNotFound, "Resource not found for the segment '%s'.", name))
	}
}

// serveDataEntities serves the list of all entities, in one page unless the environment has pages.
func (c *call) serveDataEntities(path string, page int) {
	s := set{name: "DataEntities", kind: "DataEntity", properties: properties("Name PublicEntityName PublicCollectionName LabelId " +
		"DataServiceEnabled:Boolean DataManagementEnabled:Boolean EntityCategory:EntityCategory IsReadOnly:Boolean"), rows: c.environment.dataEntityRows}
	if strings.Contains(path, "(") {
		c.serveSet(path, []set{s}, "/metadata")
		return
	}
	q, err := s.parse(c.r.URL.RawQuery)
	if err != nil {
		c.refuse(err)
		return
	}
	if page == 0 {
		page = len(c.environment.options.Entities)
	}
	c.json(http.StatusOK, s.page(q, s.rows(), c.base+"/metadata", page))
}

func (e *Environment) dataEntityRows() [][]string {
	var rows [][]string
	for _, entity := range e.options.Entities {
		public := "false"
		if entity.PublicName != "" {
			public = "true"
		}
		rows = append(rows, []string{entity.Name, entity.PublicName, entity.Collection, "@DMF:" + entity.Name, public, "true", "Master", "false"})
	}
	return rows
}

func (c *call) one(at int, key string) {
	if at < 0 {
		c.refuse(refuse(http.StatusNotFound, "No public entity has the name '%s'.", key))
		return
	}
	entity := c.publicEntity(&c.environment.options.Entities[at])
	entity["@odata.context"] = c.base + "/metadata/$metadata#PublicEntities/$entity"
	c.json(http.StatusOK, entity)
}

// publicEntity returns the definition of a public entity.
func (c *call) publicEntity(e *Entity) map[string]any {
	c.environment.mu.Lock()
	same := c.environment.options.Behaviors.SameDateTypes
	c.environment.mu.Unlock()
	var list []map[string]any
	add := func(name, kind, data string, key bool) {
		list = append(list, map[string]any{
			"Name": name, "TypeName": kind, "DataType": data, "LabelId": "@SYS1", "IsKey": key, "IsMandatory": key, "ConfigurationEnabled": true,
			"AllowEdit": !key, "AllowEditOnCreate": true, "IsDimension": false, "DimensionRelation": nil, "IsDynamicDimension": false,
			"DimensionLegalEntityProperty": nil, "DimensionTypeProperty": nil,
		})
	}
	if !e.Shared {
		add("dataAreaId", "Edm.String", "String", true)
	}
	for i := range e.Fields {
		f := &e.Fields[i]
		if f.Private {
			continue
		}
		kind, data := f.edm(same)
		add(f.Name, kind, data, f.Key)
	}
	return map[string]any{
		"Name": e.PublicName, "EntitySetName": e.Collection, "LabelId": "@DMF:" + e.Name, "IsReadOnly": false, "ConfigurationEnabled": true,
		"Properties": list, "NavigationProperties": []any{}, "PropertyGroups": []any{}, "Actions": []any{},
	}
}

// edm returns a field's type in OData and its data type. How the latter names dates is not documented.
func (f *Field) edm(sameDates bool) (kind, data string) {
	switch f.Type {
	case Int32:
		return "Edm.Int32", "Int32"
	case Int64:
		return "Edm.Int64", "Int64"
	case Decimal:
		return "Edm.Decimal", "Decimal"
	case Enum:
		return "Microsoft.Dynamics.DataEntities." + f.enum(), "Enum"
	case Date:
		if sameDates {
			return "Edm.DateTimeOffset", "DateTime"
		}
		return "Edm.DateTimeOffset", "Date"
	case DateTime:
		return "Edm.DateTimeOffset", "DateTime"
	case GUID:
		return "Edm.Guid", "Guid"
	default:
		return "Edm.String", "String"
	}
}

// enumeration serves an enumeration of some field.
func (c *call) enumeration(name string) {
	for _, e := range c.environment.options.Entities {
		for i := range e.Fields {
			f := &e.Fields[i]
			if f.Type != Enum || !strings.EqualFold(f.enum(), name) {
				continue
			}
			var members []map[string]any
			for value, member := range f.members() {
				members = append(members, map[string]any{"Name": member, "Value": value, "LabelId": "@SYS1", "ConfigurationEnabled": true})
			}
			c.json(http.StatusOK, map[string]any{
				"@odata.context": c.base + "/metadata/$metadata#PublicEnumerations/$entity", "Name": f.enum(), "LabelId": "@SYS1", "Members": members,
			})
			return
		}
	}
	c.refuse(refuse(http.StatusNotFound, "No public enumeration has the name '%s'.", name))
}
