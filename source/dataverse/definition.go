package dataverse

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	gojson "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// tableProperties are the properties of EntityMetadata that a Table is made of.
func tableProperties() []string {
	return []string{"LogicalName", "EntitySetName", "PrimaryIdAttribute", "ChangeTrackingEnabled", "TableType", "DataProviderId"}
}

// columnProperties are the properties of AttributeMetadata, the base of all columns, that a Column is made of.
func columnProperties() []string {
	return []string{"LogicalName", "AttributeTypeName", "IsValidODataAttribute", "IsValidForRead"}
}

// derivedProperties belong to types derived of AttributeMetadata and complete a Column.
func derivedProperties() []string { return []string{"DateTimeBehavior", "Targets"} }

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

// metadataQuery asks for the named tables. They are joined by Or: lists for the operator In have no documented form
// in the Web API.
func metadataQuery(names []string) (string, error) {
	query := entityQuery{
		Criteria:       metadataCriteria{FilterOperator: "Or"},
		Properties:     metadataProperties{PropertyNames: append(tableProperties(), "Attributes")},
		AttributeQuery: attributeQuery{metadataProperties{PropertyNames: append(columnProperties(), derivedProperties()...)}},
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

// definedTable is a table in an answer. The service sends null for whatever does not apply.
type definedTable struct {
	LogicalName           string
	EntitySetName         string
	PrimaryIdAttribute    string //nolint:revive // the service's spelling
	ChangeTrackingEnabled bool
	TableType             string
	DataProviderId        string //nolint:revive // the service's spelling
	Attributes            []definedColumn
}

type definedColumn struct {
	LogicalName           string
	AttributeTypeName     struct{ Value string }
	IsValidODataAttribute bool
	IsValidForRead        bool
	DateTimeBehavior      struct{ Value string }
	Targets               []string
}

// appendTable reads a table and keeps it if the Web API can address it and read its key.
func appendTable(into *[]Table, d *jsontext.Decoder) error {
	t, err := readTable(d)
	if err == nil && t.EntitySet != "" && t.Has(t.PrimaryID) {
		*into = append(*into, t)
	}
	return err
}

func readTable(d *jsontext.Decoder) (Table, error) {
	var defined definedTable
	if err := decode(d, &defined); err != nil {
		return Table{}, err
	}
	t := Table{
		LogicalName: defined.LogicalName,
		EntitySet:   defined.EntitySetName,
		PrimaryID:   defined.PrimaryIdAttribute,
		Tracked:     defined.ChangeTrackingEnabled,
		Elastic:     defined.TableType == "Elastic" || strings.EqualFold(defined.DataProviderId, elasticProvider),
	}
	for _, column := range defined.Attributes {
		if column.IsValidODataAttribute && column.IsValidForRead && column.inRows() {
			t.Columns = append(t.Columns, column.column())
		}
	}
	slices.SortFunc(t.Columns, func(a, b Column) int { return strings.Compare(a.Property, b.Property) })
	return t, nil
}

func readColumn(d *jsontext.Decoder) (Column, error) {
	var defined definedColumn
	err := decode(d, &defined)
	return defined.column(), err
}

// inRows leaves out the types that are navigations and never properties of a row.
func (c definedColumn) inRows() bool {
	return c.AttributeTypeName.Value != "PartyListType" && c.AttributeTypeName.Value != "CalendarRulesType"
}

func (c definedColumn) column() Column {
	column := Column{
		LogicalName: c.LogicalName,
		Property:    c.LogicalName,
		Type:        ColumnType(strings.TrimSuffix(c.AttributeTypeName.Value, "Type")),
		Behavior:    DateBehavior(c.DateTimeBehavior.Value),
		Targets:     c.Targets,
	}
	if column.Type == Lookup || column.Type == Customer || column.Type == Owner {
		column.Property = "_" + c.LogicalName + "_value"
	}
	return column
}

// decode reads one value into a struct. What does not fit is a broken answer, like broken JSON.
func decode(d *jsontext.Decoder, into any) error {
	err := gojson.UnmarshalDecode(d, into)
	var semantic *gojson.SemanticError
	if errors.As(err, &semantic) {
		return &BrokenAnswerError{Reason: fmt.Sprintf("it is not of the documented shape at %q", semantic.JSONPointer)}
	}
	return err
}
