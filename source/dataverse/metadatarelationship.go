package dataverse

// The properties of a relationship: those of both types, of one to many, and of many to many.
const (
	relationSchemaName = iota
	relationMetadataID
	relationCustom
	relationFrom
	relationFromColumn
	relationFromNavigation
	relationTo
	relationToColumn
	relationToNavigation
	relationCascade
	relationFirst
	relationFirstColumn
	relationFirstNavigation
	relationSecond
	relationSecondColumn
	relationSecondNavigation
	relationIntersect
)

// manyToOneRow writes the row of the relationship of one to many at the beginning of a text. The lookup's own table lists it.
func (r *metadataReader) manyToOneRow(text []byte) int {
	length, v := r.object.read(text), r.object.values
	if length == 0 || len(nameIn(v[relationSchemaName])) == 0 {
		return 0
	}
	if !r.left[string(nameIn(v[relationFrom]))] || !r.relate(v[relationSchemaName]) {
		return length
	}
	row := &r.rows
	r.beginRelationship("one_to_many")
	row.value("referencing_table", v[relationFrom])
	row.value("referencing_column", v[relationFromColumn])
	row.value("referencing_navigation", v[relationFromNavigation])
	row.value("referenced_table", v[relationTo])
	row.value("referenced_column", v[relationToColumn])
	row.value("referenced_navigation", v[relationToNavigation])
	row.value("intersect_table", nil)
	row.value("intersect_referencing_column", nil)
	row.value("intersect_referenced_column", nil)
	if r.cascade.read(v[relationCascade]) == 0 {
		clear(r.cascade.values)
	}
	row.value("cascade_delete", r.cascade.values[0])
	row.end()
	return length
}

// manyToManyRow writes the row of the relationship of many to many at the beginning of a text. Both tables list it.
func (r *metadataReader) manyToManyRow(text []byte) int {
	length, v := r.object.read(text), r.object.values
	if length == 0 || len(nameIn(v[relationSchemaName])) == 0 {
		return 0
	}
	first, second := string(nameIn(v[relationFirst])), string(nameIn(v[relationSecond]))
	if r.request.Described != nil && r.request.Described(first) {
		second = first // it is described with the first table
	}
	if !r.left[first] && !r.left[second] || !r.relate(v[relationSchemaName]) {
		return length
	}
	row := &r.rows
	r.beginRelationship("many_to_many")
	row.value("referencing_table", v[relationFirst])
	row.value("referencing_column", nil)
	row.value("referencing_navigation", v[relationFirstNavigation])
	row.value("referenced_table", v[relationSecond])
	row.value("referenced_column", nil)
	row.value("referenced_navigation", v[relationSecondNavigation])
	row.value("intersect_table", v[relationIntersect])
	row.value("intersect_referencing_column", v[relationFirstColumn])
	row.value("intersect_referenced_column", v[relationSecondColumn])
	row.value("cascade_delete", nil)
	row.end()
	return length
}

// beginRelationship begins the row of a relationship.
func (r *metadataReader) beginRelationship(kind string) {
	v := r.object.values
	r.rows.begin()
	r.rows.value("schema_name", v[relationSchemaName])
	r.rows.value("metadata_id", v[relationMetadataID])
	r.rows.word("kind", kind)
	r.rows.value("is_custom", v[relationCustom])
}

// relate notes a relationship and reports whether it has no row yet.
func (r *metadataReader) relate(schemaName []byte) bool {
	if r.related[string(schemaName)] {
		return false
	}
	r.related[string(schemaName)] = true
	return true
}
