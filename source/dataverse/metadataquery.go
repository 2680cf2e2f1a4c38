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

// behaviorProperty completes a Column. It belongs to a type derived from AttributeMetadata.
const behaviorProperty = "DateTimeBehavior"

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
		Criteria   *metadataCriteria `json:",omitempty"`
		Properties metadataProperties
	}
	entityQuery struct {
		Criteria       metadataCriteria
		Properties     metadataProperties
		AttributeQuery attributeQuery
	}
)

// metadataQuery returns the query for the named tables. They are joined by Or: the Web API documents no form of lists
// for the operator In.
func metadataQuery(names []string) (string, error) {
	query := entityQuery{
		Criteria:       metadataCriteria{FilterOperator: "Or"},
		Properties:     metadataProperties{PropertyNames: append(tableProperties(), "Attributes")},
		AttributeQuery: attributeQuery{Properties: metadataProperties{PropertyNames: append(columnProperties(), behaviorProperty)}},
	}
	query.Criteria.Conditions = namedTables(names)
	return query.text()
}

// namedTables returns the conditions that match the named tables.
func namedTables(names []string) []metadataCondition {
	conditions := make([]metadataCondition, len(names))
	for i, name := range names {
		conditions[i] = metadataCondition{
			PropertyName: "LogicalName", ConditionOperator: "Equals",
			Value: metadataValue{Type: "System.String", Value: name},
		}
	}
	return conditions
}

// text returns the query as RetrieveMetadataChanges takes it.
func (q entityQuery) text() (string, error) {
	raw, err := json.Marshal(q)
	if err != nil {
		return "", fmt.Errorf("write the query for definitions: %w", err)
	}
	return string(raw), nil
}
