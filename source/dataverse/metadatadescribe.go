package dataverse

import (
	"bytes"

	"source-microsoft-dataverse/source/jsonscan"
)

// describedProperties returns the properties of definitions that become rows: of EntityMetadata, of AttributeMetadata and the
// types derived from it, and of OneToManyRelationshipMetadata and ManyToManyRelationshipMetadata (Web API reference).
func describedProperties(k MetadataKind) []string {
	switch k {
	case TableMetadata:
		return []string{
			tableLogicalName: "LogicalName", tableMetadataID: "MetadataId", tableEntitySet: "EntitySetName", tableSchemaName: "SchemaName",
			tableDisplayName: "DisplayName", tableCollectionName: "DisplayCollectionName", tableDescription: "Description",
			tableTypeCode: "ObjectTypeCode", tablePrimaryID: "PrimaryIdAttribute", tablePrimaryName: "PrimaryNameAttribute",
			tableOwnership: "OwnershipType", tableType: "TableType", tableIntersect: "IsIntersect", tableActivity: "IsActivity",
			tableCustom: "IsCustomEntity", tableTracked: "ChangeTrackingEnabled",
		}
	case ColumnMetadata:
		return []string{
			columnTable: "EntityLogicalName", columnLogicalName: "LogicalName", columnMetadataID: "MetadataId", columnSchemaName: "SchemaName",
			columnType: "AttributeType", columnTypeName: "AttributeTypeName", columnAttributeOf: "AttributeOf",
			columnDisplayName: "DisplayName", columnDescription: "Description", columnOptionSet: "OptionSet", columnTargets: "Targets",
			columnPrecision: "Precision", columnMaxLength: "MaxLength", columnBehavior: "DateTimeBehavior", columnRequired: "RequiredLevel",
			columnCustom: "IsCustomAttribute", columnSecured: "IsSecured", columnSourceType: "SourceType",
			columnValid: "IsValidODataAttribute", columnReadable: "IsValidForRead",
		}
	case ChoiceMetadata:
		return []string{
			choiceTable: "EntityLogicalName", choiceLogicalName: "LogicalName", choiceTypeName: "AttributeTypeName", choiceOptionSet: "OptionSet",
		}
	case RelationshipMetadata:
		return []string{
			relationSchemaName: "SchemaName", relationMetadataID: "MetadataId", relationCustom: "IsCustomRelationship",
			relationFrom: "ReferencingEntity", relationFromColumn: "ReferencingAttribute",
			relationFromNavigation: "ReferencingEntityNavigationPropertyName",
			relationTo:             "ReferencedEntity", relationToColumn: "ReferencedAttribute",
			relationToNavigation: "ReferencedEntityNavigationPropertyName", relationCascade: "CascadeConfiguration",
			relationFirst: "Entity1LogicalName", relationFirstColumn: "Entity1IntersectAttribute",
			relationFirstNavigation: "Entity1NavigationPropertyName",
			relationSecond:          "Entity2LogicalName", relationSecondColumn: "Entity2IntersectAttribute",
			relationSecondNavigation: "Entity2NavigationPropertyName", relationIntersect: "IntersectEntityName",
		}
	}
	return nil
}

// The properties of a table.
const (
	tableLogicalName = iota
	tableMetadataID
	tableEntitySet
	tableSchemaName
	tableDisplayName
	tableCollectionName
	tableDescription
	tableTypeCode
	tablePrimaryID
	tablePrimaryName
	tableOwnership
	tableType
	tableIntersect
	tableActivity
	tableCustom
	tableTracked
)

// The properties of a column.
const (
	columnTable = iota
	columnLogicalName
	columnMetadataID
	columnSchemaName
	columnType
	columnTypeName
	columnAttributeOf
	columnDisplayName
	columnDescription
	columnOptionSet
	columnTargets
	columnPrecision
	columnMaxLength
	columnBehavior
	columnRequired
	columnCustom
	columnSecured
	columnSourceType
	columnValid
	columnReadable
)

// The properties of a choice column.
const (
	choiceTable = iota
	choiceLogicalName
	choiceTypeName
	choiceOptionSet
)

// tableRow writes the row of the table at the beginning of a text and returns the length of its definition, 0 if it cannot be
// read as text.
func (r *metadataReader) tableRow(text []byte) int {
	length, v := r.object.read(text), r.object.values
	name := nameIn(v[tableLogicalName])
	if length == 0 || len(name) == 0 {
		return 0
	}
	if !r.left[string(name)] {
		return length
	}
	delete(r.left, string(name))
	row := &r.rows
	row.begin()
	row.value("table_name", v[tableLogicalName])
	row.value("metadata_id", v[tableMetadataID])
	row.value("entity_set_name", v[tableEntitySet])
	row.value("schema_name", v[tableSchemaName])
	row.value("display_name", r.labels.text(v[tableDisplayName]))
	row.value("display_collection_name", r.labels.text(v[tableCollectionName]))
	row.value("description", r.labels.text(v[tableDescription]))
	row.value("object_type_code", v[tableTypeCode])
	row.value("primary_id", v[tablePrimaryID])
	row.value("primary_name", v[tablePrimaryName])
	row.value("ownership", v[tableOwnership])
	row.value("table_type", v[tableType])
	row.value("is_intersect", v[tableIntersect])
	row.value("is_activity", v[tableActivity])
	row.value("is_custom", v[tableCustom])
	row.value("change_tracking", v[tableTracked])
	row.end()
	return length
}

// columnRow writes the row of the column at the beginning of a text.
func (r *metadataReader) columnRow(text []byte) int {
	length, v := r.object.read(text), r.object.values
	if length == 0 || len(nameIn(v[columnLogicalName])) == 0 || !r.enter(nameIn(v[columnTable])) {
		return 0
	}
	if r.repeated {
		return length
	}
	row := &r.rows
	row.begin()
	row.word("table_name", r.table)
	row.value("column_name", v[columnLogicalName])
	typ := r.inner(v[columnTypeName])
	r.writeProperty(v, nameIn(typ))
	row.value("metadata_id", v[columnMetadataID])
	row.value("schema_name", v[columnSchemaName])
	row.value("attribute_type", v[columnType])
	row.value("attribute_type_name", typ)
	row.value("attribute_of", v[columnAttributeOf])
	row.value("display_name", r.labels.text(v[columnDisplayName]))
	row.value("description", r.labels.text(v[columnDescription]))
	row.value("option_set_name", r.optionSetName(v[columnOptionSet]))
	r.writeTargets(v[columnTargets])
	row.value("precision", v[columnPrecision])
	row.value("max_length", v[columnMaxLength])
	row.value("date_behavior", r.inner(v[columnBehavior]))
	row.value("required", r.inner(v[columnRequired]))
	row.value("is_custom", v[columnCustom])
	row.value("is_secured", v[columnSecured])
	row.value("source_type", v[columnSourceType])
	row.end()
	return length
}

// enter notes the table of a column. The table's own members may follow its columns. It reports false if the name is unknown.
func (r *metadataReader) enter(table []byte) bool {
	if len(table) > 0 && string(table) != r.table {
		r.table = string(table)
	}
	if r.table == "" {
		return false
	}
	if r.entered != r.table {
		r.entered, r.repeated = r.table, !r.left[r.table]
		delete(r.left, r.table)
	}
	return true
}

// writeProperty writes the name that the column has in rows, null if rows do not have it.
func (r *metadataReader) writeProperty(v [][]byte, typ []byte) {
	c := definedColumn{name: string(nameIn(v[columnLogicalName])), typ: string(typ), valid: isTrue(v[columnValid]), readable: isTrue(v[columnReadable])}
	if c.inRows() {
		r.rows.word("property_name", c.column().Property)
	} else {
		r.rows.value("property_name", nil)
	}
}

// writeTargets writes the tables to which a lookup can refer, as one text.
func (r *metadataReader) writeTargets(array []byte) {
	if len(array) <= len("[]") {
		r.rows.value("targets", nil)
		return
	}
	r.rows.name("targets")
	r.rows.line = append(r.rows.line, '"')
	separator := ""
	for target := range elements(array) {
		if name := nameIn(target); len(name) > 0 {
			r.rows.line = append(append(r.rows.line, separator...), name...)
			separator = ","
		}
	}
	r.rows.line = append(r.rows.line, '"')
}

// optionSetName returns the name of an option set.
func (r *metadataReader) optionSetName(set []byte) []byte {
	if r.set.readTo(set, setName) == 0 || r.set.values[setName] == nil {
		return nil
	}
	name := r.set.values[setName]
	if end, kind := jsonscan.EndOfValue(name, 0); kind != jsonscan.Null {
		return name[:end]
	}
	return nil
}

// inner returns the value of an object such as {"Value": ...}.
func (r *metadataReader) inner(object []byte) []byte {
	if r.wrapped.read(object) == 0 {
		return nil
	}
	return r.wrapped.values[0]
}

// nameIn returns the text of a string that is a name, which has no escapes; an empty text for any other value.
func nameIn(quoted []byte) []byte {
	if length := plainStringLength(quoted); length == 0 || length != len(quoted) {
		return nil
	}
	return quoted[1 : len(quoted)-1]
}

func isTrue(value []byte) bool { return bytes.Equal(value, []byte("true")) }
