package metadata

import (
	"slices"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

func (r Relation) id() string { return relationID(r.Name()) }

// relationID returns the MetadataId of a relationship.
func relationID(schemaName string) string { return guid.Derived("relation", schemaName) }

// custom reports whether the relationship is a custom one, and not the service's own.
func (r Relation) custom() bool {
	return r.Between == nil && r.Column.Custom || r.Between != nil && r.Between.Custom
}

// relationProperties returns the properties of relationships of a class.
func relationProperties(class string) []property[Relation] {
	base := []property[Relation]{
		{name: "MetadataId", shape: guidShape, value: func(r Relation) any { return r.id() }},
		{name: "HasChanged", shape: boolShape, value: func(Relation) any { return nil }},
		{name: "IsCustomRelationship", shape: boolShape, value: func(r Relation) any { return r.custom() }},
		{name: "IsValidForAdvancedFind", shape: boolShape, value: func(Relation) any { return true }},
		relationText("SchemaName", Relation.Name),
		{name: "SecurityTypes", shape: enumShape, enum: "SecurityTypes", value: func(Relation) any { return "Append" }},
		{name: "IsManaged", shape: boolShape, value: func(r Relation) any { return !r.custom() }},
		{name: "RelationshipType", shape: enumShape, enum: "RelationshipType", value: func(r Relation) any {
			return r.class()[:len(r.class())-len("Metadata")]
		}},
		relationText("IntroducedVersion", func(Relation) string { return "5.0.0.0" }),
		{name: "IsCustomizable", shape: boolValueShape, value: func(r Relation) any {
			return managedProperty{r.custom(), true, "iscustomizable"}
		}},
	}
	return slices.Concat(base, ownProperties(class))
}

// ownProperties returns those that a class has beyond RelationshipMetadataBase (Web API reference,
// OneToManyRelationshipMetadata and ManyToManyRelationshipMetadata).
func ownProperties(class string) []property[Relation] {
	switch class {
	case oneToMany:
		return []property[Relation]{
			relationText("ReferencedAttribute", func(r Relation) string { return r.First.PrimaryID }),
			relationText("ReferencedEntity", func(r Relation) string { return r.First.LogicalName }),
			relationText("ReferencingAttribute", func(r Relation) string { return r.Column.LogicalName }),
			relationText("ReferencingEntity", func(r Relation) string { return r.Second.LogicalName }),
			{name: "IsHierarchical", shape: boolShape, value: func(Relation) any { return false }},
			relationText("ReferencedEntityNavigationPropertyName", Relation.Name),
			relationText("ReferencingEntityNavigationPropertyName", func(r Relation) string {
				return schema.NavigationName(r.Second, r.Column, r.First.LogicalName)
			}),
			{name: "RelationshipBehavior", shape: numberShape, value: func(Relation) any { return 1 }},
			{name: "CascadeConfiguration", shape: listShape, value: func(r Relation) any { return inlined(r.appendCascades) }},
		}
	case manyToMany:
		return []property[Relation]{
			relationText("Entity1LogicalName", func(r Relation) string { return r.First.LogicalName }),
			relationText("Entity2LogicalName", func(r Relation) string { return r.Second.LogicalName }),
			relationText("IntersectEntityName", func(r Relation) string { return r.Between.LogicalName }),
			relationText("Entity1IntersectAttribute", func(r Relation) string { return r.First.PrimaryID }),
			relationText("Entity2IntersectAttribute", func(r Relation) string { return r.Second.PrimaryID }),
			relationText("Entity1NavigationPropertyName", Relation.Name),
			relationText("Entity2NavigationPropertyName", Relation.Name),
		}
	default:
		return nil
	}
}

func relationText(name string, value func(Relation) string) property[Relation] {
	return property[Relation]{name: name, shape: stringShape, value: func(r Relation) any { return nullable(value(r)) }}
}

// appendCascades writes CascadeConfiguration: what happens to the referencing rows when the referenced one is deleted, assigned,
// ... Lookups of activities and notes cascade, owners hold their rows, and others lose their value.
func (r Relation) appendCascades(dst []byte) []byte {
	all, deleting := "NoCascade", "RemoveLink"
	switch {
	case r.Column.LogicalName == "regardingobjectid" || r.Column.LogicalName == "objectid":
		all, deleting = "Cascade", "Cascade"
	case r.First.PrimaryID == "systemuserid" || r.First.PrimaryID == "teamid" || r.First.PrimaryID == "businessunitid":
		deleting = "Restrict"
	}
	dst = append(dst, '{')
	for _, action := range []string{"Assign", "Delete", "Archive", "Merge", "Reparent", "Share", "Unshare", "RollupView"} {
		value := all
		switch action {
		case "Delete":
			value = deleting
		case "Archive", "RollupView":
			value = "NoCascade"
		}
		dst = append(appendMember(dst, action), '"')
		dst = append(append(dst, value...), '"')
	}
	return append(dst, '}')
}
