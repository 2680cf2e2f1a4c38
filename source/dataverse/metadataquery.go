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
	attributeQuery struct{ Properties metadataProperties }
	entityQuery    struct {
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
		AttributeQuery: attributeQuery{metadataProperties{PropertyNames: append(columnProperties(), behaviorProperty)}},
	}
	for _, name := range names {
		query.Criteria.Conditions = append(query.Criteria.Conditions, metadataCondition{
			PropertyName: "LogicalName", ConditionOperator: "Equals",
			Value: metadataValue{Type: "System.String", Value: name},
		})
	}
	raw, err := json.Marshal(query)
	if err != nil {
		return "", fmt.Errorf("write the query for definitions: %w", err)
	}
	return string(raw), nil
}
