package metadata

import (
	"cmp"
	"slices"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// attribute is a column as its metadata shows it.
type attribute struct {
	table  *schema.Table
	column *schema.Column
	number int // ColumnNumber

	stamped bool           // it is one of the changes since a client's stamp
	before  *schema.Column // at that stamp; nil: it is new
}

func (a attribute) id() string { return ColumnID(a.table, a.column) }

// ColumnID returns the MetadataId of a column.
func ColumnID(t *schema.Table, c *schema.Column) string {
	return guid.Derived("column", t.LogicalName, c.LogicalName)
}

// attributes lists a table's columns as metadata.
func attributes(t *schema.Table) []attribute {
	list := make([]attribute, len(t.Columns))
	for i := range t.Columns {
		list[i] = attribute{table: t, column: &t.Columns[i], number: i + 1}
	}
	return list
}

// typeCode returns the AttributeTypeCode: the newer types count as Virtual there.
func (a attribute) typeCode() string {
	switch a.column.Type {
	case schema.File, schema.Image, schema.MultiSelectPicklist:
		return string(schema.VirtualColumn)
	default:
		return string(a.column.Type)
	}
}

// service reports whether the service alone writes the column.
func (a attribute) service() bool {
	return a.column.SourceType != 0 || a.column.AttributeOf != "" || a.table.Composed(a.column) || slices.Contains([]string{
		"createdon", "createdby", "createdonbehalfby", "modifiedon", "modifiedby", "modifiedonbehalfby", "versionnumber",
		"owningbusinessunit", "owninguser", "owningteam", "exchangerate",
	}, a.column.LogicalName)
}

// baseProperties returns the properties of AttributeMetadata, which every column has (Web API reference, AttributeMetadata).
func baseProperties() []property[attribute] {
	return slices.Concat(attributeIdentity(), attributeFlags(), attributeManagedProperties())
}

func attributeIdentity() []property[attribute] {
	text := func(name string, value func(attribute) string) property[attribute] {
		return property[attribute]{name: name, shape: stringShape, value: func(a attribute) any { return nullable(value(a)) }}
	}
	null := func(name string, s shape) property[attribute] {
		return property[attribute]{name: name, shape: s, value: func(attribute) any { return nil }}
	}
	return []property[attribute]{
		{name: "MetadataId", shape: guidShape, value: func(a attribute) any { return a.id() }},
		{name: "HasChanged", shape: boolShape, value: attribute.hasChanged},
		text("AttributeOf", func(a attribute) string { return a.column.AttributeOf }),
		{name: "AttributeType", shape: enumShape, enum: "AttributeTypeCode", value: func(a attribute) any { return a.typeCode() }},
		{name: "ColumnNumber", shape: numberShape, value: func(a attribute) any { return a.number }},
		{name: "CreatedOn", shape: dateShape, value: func(attribute) any { return platformDate }},
		null("DeprecatedVersion", stringShape),
		{name: "Description", shape: labelShape, value: func(a attribute) any { return label{text: a.column.Description, of: "description " + a.id()} }},
		{name: "DisplayName", shape: labelShape, value: attributeLabel},
		text("EntityLogicalName", func(a attribute) string { return a.table.LogicalName }),
		text("ExternalName", func(a attribute) string { return external(a.table, a.column.LogicalName) }),
		null("InheritsFrom", stringShape),
		null("LinkedAttributeId", guidShape),
		text("LogicalName", func(a attribute) string { return a.column.LogicalName }),
		{name: "ModifiedOn", shape: dateShape, value: func(attribute) any { return platformDate }},
		{name: "RequiredLevel", shape: stringValueShape, value: requirement},
		text("SchemaName", func(a attribute) string { return a.column.SchemaName }),
		{name: "AttributeTypeName", shape: stringValueShape, value: func(a attribute) any { return wrapped(a.column.Type + "Type") }},
		text("IntroducedVersion", func(attribute) string { return "5.0.0.0" }),
		{name: "SourceType", shape: numberShape, value: sourceType},
		{name: "AutoNumberFormat", shape: stringShape, value: func(attribute) any { return "" }},
	}
}

func attributeFlags() []property[attribute] {
	flag := func(name string, value func(attribute) bool) property[attribute] {
		return property[attribute]{name: name, shape: boolShape, value: func(a attribute) any { return value(a) }}
	}
	never := func(attribute) bool { return false }
	own := func(a attribute) bool { return a.column.AttributeOf == "" }
	key := func(a attribute) bool { return a.column.LogicalName == a.table.PrimaryID }
	writable := func(a attribute) bool { return !a.service() }
	securable := func(a attribute) bool { return a.column.Secured || a.column.Custom && !a.service() }
	return []property[attribute]{
		flag("CanBeSecuredForCreate", securable),
		flag("CanBeSecuredForRead", securable),
		flag("CanBeSecuredForUpdate", securable),
		flag("IsCustomAttribute", func(a attribute) bool { return a.column.Custom }),
		flag("IsDataSourceSecret", never),
		flag("IsFilterable", key),
		flag("IsLogical", func(a attribute) bool { return a.column.Logical }),
		flag("IsManaged", func(a attribute) bool { return !a.column.Custom }),
		flag("IsPrimaryId", func(a attribute) bool { return a.column.PrimaryID }),
		flag("IsPrimaryName", func(a attribute) bool { return a.column.LogicalName == a.table.PrimaryName }),
		flag("IsRequiredForForm", never),
		flag("IsRetrievable", key),
		flag("IsSearchable", never),
		flag("IsSecured", func(a attribute) bool { return a.column.Secured }),
		flag("IsValidForCreate", writable),
		flag("IsValidForForm", own),
		flag("IsValidForGrid", own),
		flag("IsValidForRead", func(a attribute) bool { return !a.column.NotReadable }),
		flag("IsValidForUpdate", func(a attribute) bool { return writable(a) && !key(a) }),
		flag("IsValidODataAttribute", func(a attribute) bool { return !a.column.NotOData }),
	}
}

func attributeManagedProperties() []property[attribute] {
	managed := func(name, setting string, changeable bool, value func(attribute) bool) property[attribute] {
		return property[attribute]{name: name, shape: boolValueShape, value: func(a attribute) any {
			return managedProperty{value(a), changeable, setting}
		}}
	}
	own := func(a attribute) bool { return a.column.AttributeOf == "" }
	no := func(attribute) bool { return false }
	return []property[attribute]{
		managed("CanModifyAdditionalSettings", "canmodifyadditionalsettings", false, own),
		managed("IsAuditEnabled", "canmodifyauditsettings", true, own),
		managed("IsCustomizable", "iscustomizable", false, own),
		managed("IsGlobalFilterEnabled", "canmodifyglobalfiltersettings", true, no),
		managed("IsRenameable", "isrenameable", false, own),
		managed("IsSortableEnabled", "canmodifyissortablesettings", true, no),
		managed("IsValidForAdvancedFind", "canmodifysearchsettings", true, own),
	}
}

func attributeLabel(a attribute) any {
	if a.column.AttributeOf != "" || a.hasChanged() == false { // a change beneath it does not bring its own labels
		return label{}
	}
	return label{text: cmp.Or(a.column.DisplayName, schema.DisplayName(a.column.SchemaName, a.column.Custom)), of: a.table.LogicalName + "." + a.column.LogicalName}
}

func requirement(a attribute) any {
	if a.column.LogicalName == a.table.PrimaryID || a.column.Type == schema.Owner || a.column.Type == schema.State {
		return requiredLevel("SystemRequired")
	}
	return requiredLevel(cmp.Or(a.column.Required, "None"))
}

// sourceType returns null where a column cannot be calculated at all.
func sourceType(a attribute) any {
	switch a.column.Type {
	case schema.String, schema.Memo, schema.Integer, schema.Decimal, schema.Double, schema.Money, schema.Boolean, schema.DateTime, schema.Picklist, schema.MultiSelectPicklist:
		return a.column.SourceType
	default:
		return nil
	}
}
