package dataverse

import (
	"encoding/json"
	"fmt"
)

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
	entityQuery struct {
		Criteria       metadataCriteria
		Properties     metadataProperties
		AttributeQuery attributeQuery
		LabelQuery     *labelQuery `json:",omitempty"`
	}
)

// metadataQuery returns the query for the named tables. withTargets adds the targets of lookups.
func metadataQuery(names []string, withTargets bool) (string, error) {
	properties := append(columnProperties(), behaviorProperty)
	if withTargets {
		properties = append(properties, targetsProperty)
	}
	return entityQuery{
		Criteria:       tablesNamed(names),
		Properties:     metadataProperties{PropertyNames: append(tableProperties(), "Attributes")},
		AttributeQuery: attributeQuery{Properties: metadataProperties{PropertyNames: properties}},
	}.text()
}

// choicesQuery returns the query for the choice columns of the named tables, with labels in the given languages, all if there
// are none. The columns are chosen by AttributeTypeName: the older AttributeType of a multi-select column is Virtual.
func choicesQuery(names []string, languages []int) (string, error) {
	types := &metadataCriteria{FilterOperator: "Or"}
	for _, typ := range choiceTypes() {
		types.Conditions = append(types.Conditions, metadataCondition{
			PropertyName: "AttributeTypeName", ConditionOperator: "Equals",
			Value: metadataValue{Type: "Microsoft.Xrm.Sdk.Metadata.AttributeTypeDisplayName", Value: string(typ) + "Type"},
		})
	}
	query := entityQuery{
		Criteria:       tablesNamed(names),
		Properties:     metadataProperties{PropertyNames: []string{"LogicalName", "Attributes"}},
		AttributeQuery: attributeQuery{Properties: metadataProperties{PropertyNames: []string{"LogicalName", "AttributeTypeName", "OptionSet"}}, Criteria: types},
	}
	if len(languages) > 0 {
		query.LabelQuery = &labelQuery{FilterLanguages: languages}
	}
	return query.text()
}

// tablesNamed is the condition that a table has one of the names. They are joined by Or: the Web API documents no form of
// lists for the operator In.
func tablesNamed(names []string) metadataCriteria {
	criteria := metadataCriteria{FilterOperator: "Or"}
	for _, name := range names {
		criteria.Conditions = append(criteria.Conditions, metadataCondition{
			PropertyName: "LogicalName", ConditionOperator: "Equals",
			Value: metadataValue{Type: "System.String", Value: name},
		})
	}
	return criteria
}

// text returns the query as it stands in a url, before it is escaped.
func (q entityQuery) text() (string, error) {
	raw, err := json.Marshal(q)
	if err != nil {
		return "", fmt.Errorf("write the query for definitions: %w", err)
	}
	return string(raw), nil
}
