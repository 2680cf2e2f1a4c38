package metadata

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// entityQuery is the EntityQueryExpression that RetrieveMetadataChanges takes (Microsoft, "Query schema definitions").
type entityQuery struct {
	ODataType         string              `json:"@odata.type"`
	Criteria          *metadataCriteria   `json:"Criteria"`
	Properties        *metadataProperties `json:"Properties"`
	AttributeQuery    *attributeQuery     `json:"AttributeQuery"`
	KeyQuery          jsontext.Value      `json:"KeyQuery"`
	RelationshipQuery *attributeQuery     `json:"RelationshipQuery"`
	LabelQuery        *labelQuery         `json:"LabelQuery"`
}

// attributeQuery is an AttributeQueryExpression or a RelationshipQueryExpression, which have the same members.
type attributeQuery struct {
	ODataType  string              `json:"@odata.type"`
	Criteria   *metadataCriteria   `json:"Criteria"`
	Properties *metadataProperties `json:"Properties"`
}

type labelQuery struct {
	FilterLanguages      []int `json:"FilterLanguages"`
	MissingLabelBehavior int   `json:"MissingLabelBehavior"`
}

type metadataProperties struct {
	ODataType     string   `json:"@odata.type"`
	AllProperties bool     `json:"AllProperties"`
	PropertyNames []string `json:"PropertyNames"`
}

type metadataCriteria struct {
	ODataType      string              `json:"@odata.type"`
	FilterOperator string              `json:"FilterOperator"`
	Conditions     []metadataCondition `json:"Conditions"`
	Filters        []metadataCriteria  `json:"Filters"`
}

type metadataCondition struct {
	ODataType         string         `json:"@odata.type"`
	PropertyName      string         `json:"PropertyName"`
	ConditionOperator string         `json:"ConditionOperator"`
	Value             *conditionText `json:"Value"`
}

// conditionText is a typed value. Microsoft's examples give Boolean and enum values as strings.
type conditionText struct {
	Type  string         `json:"Type"`
	Value jsontext.Value `json:"Value"`
}

// parseEntityQuery reads the JSON of the Query parameter. Unknown members are refused, as the service's parser refuses them.
func parseEntityQuery(text string) (entityQuery, *odata.Error) {
	var q entityQuery
	if text == "" {
		return q, nil
	}
	if err := json.Unmarshal([]byte(text), &q, json.RejectUnknownMembers(true)); err != nil {
		return q, odata.BadQuery("The parameter 'Query' could not be read as Microsoft.Dynamics.CRM.EntityQueryExpression: %v", err)
	}
	return q, nil
}

// invalidQuery returns the error for a query that can be read but not carried out.
func invalidQuery(format string, args ...any) *odata.Error {
	return odata.Refuse(http.StatusBadRequest, "0x80044183", format, args...)
}

// compileCriteria returns a predicate for a MetadataFilterExpression; a missing one matches everything.
func compileCriteria[T any](c *metadataCriteria, typeName string, properties []property[T]) (odata.Predicate[T], *odata.Error) {
	if c == nil {
		return func(T) bool { return true }, nil
	}
	all := c.FilterOperator == "" || c.FilterOperator == "And"
	if !all && c.FilterOperator != "Or" {
		return nil, odata.BadQuery("The value '%s' is not a member of 'Microsoft.Dynamics.CRM.LogicalOperator'.", c.FilterOperator)
	}
	var parts []odata.Predicate[T]
	for i := range c.Conditions {
		part, err := compileCondition(c.Conditions[i], typeName, properties)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	for i := range c.Filters {
		part, err := compileCriteria(&c.Filters[i], typeName, properties)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return func(v T) bool {
		for _, part := range parts {
			if part(v) != all {
				return !all
			}
		}
		return all || len(parts) == 0
	}, nil
}

func compileCondition[T any](c metadataCondition, typeName string, properties []property[T]) (odata.Predicate[T], *odata.Error) {
	i := slices.IndexFunc(properties, func(p property[T]) bool { return p.name == c.PropertyName })
	if i < 0 {
		return nil, invalidQuery("The property %s does not exist on %s.", c.PropertyName, typeName)
	}
	p := properties[i]
	if p.shape == labelShape || p.shape == listShape || p.name == "SourceType" {
		return nil, invalidQuery("The property %s of %s cannot be used in a condition.", c.PropertyName, typeName)
	}
	operators := map[string]string{"Equals": "eq", "NotEquals": "ne", "GreaterThan": "gt", "LessThan": "lt", "In": "eq", "NotIn": "ne"}
	operator, known := operators[c.ConditionOperator]
	if !known {
		return nil, odata.BadQuery("The value '%s' is not a member of 'Microsoft.Dynamics.CRM.MetadataConditionOperator'.", c.ConditionOperator)
	}
	inner := p.shape == boolValueShape || p.shape == stringValueShape
	if err := checkType(c, conditionType(p)); err != nil {
		return nil, err
	}
	wanted, err := conditionValues(c, p.operand(inner))
	if err != nil {
		return nil, err
	}
	return func(v T) bool {
		value := p.read(v, inner)
		for _, w := range wanted {
			if compare(value, operator, w) != (operator == "ne") {
				return operator != "ne"
			}
		}
		return operator == "ne"
	}, nil
}

// conditionValues reads the value of a condition, or for In and NotIn its list of values: a JSON array, either as it
// is or as the text of a string.
func conditionValues(c metadataCondition, want shape) ([]any, *odata.Error) {
	list := c.ConditionOperator == "In" || c.ConditionOperator == "NotIn"
	if c.Value == nil || c.Value.Value.Kind() == 'n' || len(c.Value.Value) == 0 {
		if list {
			return nil, invalidQuery("The operator %s needs a list of values.", c.ConditionOperator)
		}
		return []any{nil}, nil
	}
	raw := c.Value.Value
	if list && raw.Kind() == '"' {
		raw = listText(scalarText(raw))
	}
	values := []jsontext.Value{raw}
	if list {
		if err := json.Unmarshal(raw, &values); err != nil {
			return nil, invalidQuery("The operator %s needs a list of values.", c.ConditionOperator)
		}
	}
	wanted := make([]any, len(values))
	for i, v := range values {
		value, ok := conditionValue(scalarText(v), want)
		if !ok {
			return nil, invalidQuery("The value of the condition on %s is not of the property's type.", c.PropertyName)
		}
		wanted[i] = value
	}
	return wanted, nil
}

// listText returns a list that is the text of a string as JSON. Its values stand in single or double quotation marks:
// ['account','contact'].
func listText(text string) jsontext.Value {
	if strings.Contains(text, `"`) {
		return jsontext.Value(text)
	}
	return jsontext.Value(strings.ReplaceAll(text, "'", `"`))
}

// conditionType returns the .NET type in which a condition states the value of a property (Microsoft, "Query schema
// definitions"); empty where the documentation has no example.
func conditionType[T any](p property[T]) string {
	switch {
	case p.name == "AttributeTypeName":
		return "Microsoft.Xrm.Sdk.Metadata.AttributeTypeDisplayName"
	case p.shape == enumShape:
		return "Microsoft.Xrm.Sdk.Metadata." + p.enum
	case p.shape == boolShape || p.shape == boolValueShape:
		return "System.Boolean"
	case p.shape == numberShape:
		return "System.Int32"
	case p.shape == stringShape:
		return "System.String"
	case p.shape == guidShape:
		return "System.Guid"
	default:
		return ""
	}
}

// checkType refuses a value of a type that is not the property's. The operators In and NotIn need an array of it.
func checkType(c metadataCondition, want string) *odata.Error {
	if c.Value == nil {
		return nil
	}
	if c.ConditionOperator == "In" || c.ConditionOperator == "NotIn" {
		if !strings.HasSuffix(c.Value.Type, "[]") {
			return invalidQuery("The operator %s needs a list of values.", c.ConditionOperator)
		}
		want += "[]"
	}
	if c.Value.Type != want && strings.TrimSuffix(want, "[]") != "" {
		return invalidQuery("The value of the condition on %s is of type %s and not of %s.", c.PropertyName, c.Value.Type, want)
	}
	return nil
}

// scalarText returns a JSON string without its quotes, or any other scalar as it stands.
func scalarText(v jsontext.Value) string {
	var text string
	if v.Kind() == '"' && json.Unmarshal(v, &text) == nil {
		return text
	}
	return string(v)
}

func conditionValue(text string, want shape) (any, bool) {
	switch want {
	case boolShape:
		value, err := strconv.ParseBool(strings.ToLower(text))
		return value, err == nil
	case numberShape:
		value, err := strconv.ParseFloat(text, 64)
		return value, err == nil
	case guidShape:
		_, ok := guid.Parse(strings.ToLower(text))
		return strings.ToLower(text), ok
	default:
		return text, true
	}
}
