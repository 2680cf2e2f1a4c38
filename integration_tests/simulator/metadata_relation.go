package simulator

import "slices"

func (r relation) id() string { return relationID(r.name()) }

// relationID is the MetadataId of a relationship.
func relationID(schemaName string) string { return stableID("relation", schemaName) }

// custom says whether somebody made the relationship, rather than the service.
func (r relation) custom() bool {
	return r.between == nil && r.column.Custom || r.between != nil && r.between.Custom
}

// relationProperties are the properties of relationships of a class.
func relationProperties(class string) []property[relation] {
	base := []property[relation]{
		{name: "MetadataId", shape: guidShape, value: func(r relation) any { return r.id() }},
		{name: "HasChanged", shape: boolShape, value: func(relation) any { return nil }},
		{name: "IsCustomRelationship", shape: boolShape, value: func(r relation) any { return r.custom() }},
		{name: "IsValidForAdvancedFind", shape: boolShape, value: func(relation) any { return true }},
		relationText("SchemaName", relation.name),
		{name: "SecurityTypes", shape: enumShape, enum: "SecurityTypes", value: func(relation) any { return "Append" }},
		{name: "IsManaged", shape: boolShape, value: func(r relation) any { return !r.custom() }},
		{name: "RelationshipType", shape: enumShape, enum: "RelationshipType", value: func(r relation) any {
			return r.class()[:len(r.class())-len("Metadata")]
		}},
		relationText("IntroducedVersion", func(relation) string { return "5.0.0.0" }),
		{name: "IsCustomizable", shape: boolValueShape, value: func(r relation) any {
			return managedProperty{r.custom(), true, "iscustomizable"}
		}},
	}
	return slices.Concat(base, ownProperties(class))
}

// ownProperties are those that a class has beyond RelationshipMetadataBase (Web API reference,
// OneToManyRelationshipMetadata and ManyToManyRelationshipMetadata).
func ownProperties(class string) []property[relation] {
	switch class {
	case oneToMany:
		return []property[relation]{
			relationText("ReferencedAttribute", func(r relation) string { return r.first.PrimaryID }),
			relationText("ReferencedEntity", func(r relation) string { return r.first.LogicalName }),
			relationText("ReferencingAttribute", func(r relation) string { return r.column.LogicalName }),
			relationText("ReferencingEntity", func(r relation) string { return r.second.LogicalName }),
			{name: "IsHierarchical", shape: boolShape, value: func(relation) any { return false }},
			relationText("ReferencedEntityNavigationPropertyName", relation.name),
			relationText("ReferencingEntityNavigationPropertyName", func(r relation) string {
				return navigationName(r.second, r.column, r.first.LogicalName)
			}),
			{name: "RelationshipBehavior", shape: numberShape, value: func(relation) any { return 1 }},
		}
	case manyToMany:
		return []property[relation]{
			relationText("Entity1LogicalName", func(r relation) string { return r.first.LogicalName }),
			relationText("Entity2LogicalName", func(r relation) string { return r.second.LogicalName }),
			relationText("IntersectEntityName", func(r relation) string { return r.between.LogicalName }),
			relationText("Entity1IntersectAttribute", func(r relation) string { return r.first.PrimaryID }),
			relationText("Entity2IntersectAttribute", func(r relation) string { return r.second.PrimaryID }),
			relationText("Entity1NavigationPropertyName", relation.name),
			relationText("Entity2NavigationPropertyName", relation.name),
		}
	default:
		return nil
	}
}

func relationText(name string, value func(relation) string) property[relation] {
	return property[relation]{name: name, shape: stringShape, value: func(r relation) any { return nullable(value(r)) }}
}
