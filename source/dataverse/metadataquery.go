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
	attributeQuery struct{ Properties metadataProperties }
	entityQuery    struct {
		Criteria       metadataCriteria
		Properties     metadataProperties
		AttributeQuery attributeQuery
	}
)

// metadataQuery returns the query for the named tables. They are joined by Or: the Web API documents no form of lists
// for the operator In. withTargets adds the targets of lookups.
func metadataQuery(names []string, withTargets bool) (string, error) {
	properties := append(columnProperties(), behaviorProperty)
	if withTargets {
		properties = append(properties, targetsProperty)
	}
	query := entityQuery{
		Criteria:       metadataCriteria{FilterOperator: "Or"},
		Properties:     metadataProperties{PropertyNames: append(tableProperties(), "Attributes")},
		AttributeQuery: attributeQuery{metadataProperties{PropertyNames: properties}},
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
