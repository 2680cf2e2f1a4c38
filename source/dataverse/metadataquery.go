package dataverse

import "encoding/json"

// tableProperties returns the properties of EntityMetadata that a Table needs.
func tableProperties() []string {
	return []string{"LogicalName", "EntitySetName", "PrimaryIdAttribute", "ChangeTrackingEnabled", "TableType", "DataProviderId"}
}

// columnProperties returns the properties of AttributeMetadata, the base type of all columns, that a Column needs.
func columnProperties() []string {
	return []string{"LogicalName", "AttributeTypeName", "IsValidODataAttribute", "IsValidForRead"}
}

// Properties that complete a Column. They belong to types derived from AttributeMetadata.
const (
	behaviorProperty = "DateTimeBehavior"
	targetsProperty  = "Targets" // only if Options.LookupTargets is set
)

// The parts of EntityQueryExpression, the query of RetrieveMetadataChanges.
type (
	metadataProperties struct {
		AllProperties bool
		PropertyNames []string
	}
	metadataValue struct {
		Type  string
		Value string
	}
	metadataCondition struct {
		PropertyName      string
		ConditionOperator string
		Value             metadataValue
	}
	metadataCriteria struct {
		FilterOperator string
		Conditions     []metadataCondition
	}
	attributeQuery struct {
		Properties metadataProperties
		Criteria   *metadataCriteria `json:",omitempty"`
	}
	labelQuery struct {
		FilterLanguages      []int
		MissingLabelBehavior int
	}
	relationshipQuery struct{ Properties metadataProperties }
	entityQuery       struct {
		Criteria          *metadataCriteria `json:",omitempty"` // nil: all tables
		Properties        metadataProperties
		AttributeQuery    *attributeQuery    `json:",omitempty"`
		RelationshipQuery *relationshipQuery `json:",omitempty"`
		LabelQuery        *labelQuery        `json:",omitempty"`
	}
)

// metadataQuery returns the query for the named tables. withTargets adds the targets of lookups.
func metadataQuery(names []string, withTargets bool) entityQuery {
	properties := append(columnProperties(), behaviorProperty)
	if withTargets {
		properties = append(properties, targetsProperty)
	}
	return entityQuery{
		Criteria:       tablesNamed(names),
		Properties:     metadataProperties{PropertyNames: append(tableProperties(), "Attributes")},
		AttributeQuery: &attributeQuery{Properties: metadataProperties{PropertyNames: properties}},
	}
}

// choicesQuery returns the query for the choice columns of the named tables, with labels in the given languages, all if there
// are none.
func choicesQuery(names []string, languages []int) entityQuery {
	query := entityQuery{
		Criteria:       tablesNamed(names),
		Properties:     metadataProperties{PropertyNames: []string{"LogicalName", "Attributes"}},
		AttributeQuery: &attributeQuery{Properties: metadataProperties{PropertyNames: []string{"LogicalName", "AttributeTypeName", "OptionSet"}}, Criteria: choiceCriteria()},
	}
	if len(languages) > 0 {
		query.LabelQuery = &labelQuery{FilterLanguages: languages}
	}
	return query
}

// choiceCriteria is the condition that a column is a choice. It is by AttributeTypeName: the older AttributeType of a
// multi-select column is Virtual.
func choiceCriteria() *metadataCriteria {
	types := &metadataCriteria{FilterOperator: "Or"}
	for _, typ := range choiceTypes() {
		types.Conditions = append(types.Conditions, metadataCondition{
			PropertyName: "AttributeTypeName", ConditionOperator: "Equals",
			Value: metadataValue{Type: "Microsoft.Xrm.Sdk.Metadata.AttributeTypeDisplayName", Value: string(typ) + "Type"},
		})
	}
	return types
}

// tablesNamed is the condition that a table has one of the names. They are joined by Or: the Web API documents no form of
// lists for the operator In.
func tablesNamed(names []string) *metadataCriteria {
	criteria := &metadataCriteria{FilterOperator: "Or"}
	for _, name := range names {
		criteria.Conditions = append(criteria.Conditions, metadataCondition{
			PropertyName: "LogicalName", ConditionOperator: "Equals",
			Value: metadataValue{Type: "System.String", Value: name},
		})
	}
	return criteria
}

// link returns the request for RetrieveMetadataChanges with the query.
func (q entityQuery) link() Link {
	text, _ := json.Marshal(q) // texts, numbers and Booleans always marshal
	return Link("RetrieveMetadataChanges(Query=@p1)?@p1=" + escape(string(text)))
}
