package destination

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/xeipuuv/gojsonschema"
)

// zoneless is the form of a timestamp_without_timezone.
const zoneless = "2006-01-02T15:04:05.999999999"

// withoutTimezone is the airbyte_type of times without a zone
// (https://docs.airbyte.com/platform/understanding-airbyte/supported-data-types).
const withoutTimezone = "timestamp_without_timezone"

// validators are the validators of schemas, by their text.
type validators map[string]*validator

// validator checks rows against a schema. A schema states the types and the format of each column, and nothing about
// several columns. So a type that was valid in a column without a format is valid in every row.
type validator struct {
	schema *gojsonschema.Schema
	valid  map[columnType]bool
}

// columnType is a column and the JSON type of a value in it.
type columnType struct{ column, kind string }

// of returns a validator of a stream's schema. The validator knows date-time only with a zone: columns without one are
// left to checkText.
func (v validators) of(s Schema) (*validator, error) {
	s.Properties = maps.Clone(s.Properties)
	for name, p := range s.Properties {
		if p.AirbyteType == withoutTimezone {
			p.Format = ""
			s.Properties[name] = p
		}
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	if known := v[string(raw)]; known != nil {
		return known, nil
	}
	loader := gojsonschema.NewSchemaLoader()
	loader.Draft, loader.AutoDetect, loader.Validate = gojsonschema.Draft7, false, true
	schema, err := loader.Compile(gojsonschema.NewBytesLoader(raw))
	if err != nil {
		return nil, fmt.Errorf("compile the schema: %w", err)
	}
	v[string(raw)] = &validator{schema: schema, valid: map[columnType]bool{}}
	return v[string(raw)], nil
}

// check checks the values of a row whose validity is not known from their types.
func (v *validator) check(properties map[string]Property, row Row) error {
	var types []columnType // that are valid if this row is
	values := map[string]any{}
	for column, value := range row {
		t := columnType{column, typeOf(value)}
		if v.valid[t] {
			continue
		}
		if t.kind == "null" || t.kind != "" && properties[column].Format == "" {
			types = append(types, t)
		}
		decoder := json.NewDecoder(bytes.NewReader(value))
		decoder.UseNumber()
		var decoded any
		if err := decoder.Decode(&decoded); err != nil {
			return fmt.Errorf("read the value of %s: %w", column, err)
		}
		values[column] = decoded
	}
	if len(values) == 0 {
		return nil
	}
	result, err := v.schema.Validate(gojsonschema.NewRawLoader(values))
	if err != nil {
		return fmt.Errorf("check the row against its schema: %w", err)
	}
	if !result.Valid() {
		return fmt.Errorf("the row does not fit the schema: %v", result.Errors())
	}
	for _, t := range types {
		v.valid[t] = true
	}
	return nil
}

// typeOf returns the JSON type of a value, "" where a schema may depend on more: for a number with a fraction or an
// exponent, which may be an integer, an object and an array.
func typeOf(value json.RawMessage) string {
	switch {
	case value[0] == 'n':
		return "null"
	case value[0] == 't', value[0] == 'f':
		return "boolean"
	case value[0] == '"':
		return "string"
	case isInteger(string(value)):
		return "integer"
	default:
		return ""
	}
}

// checkValues checks a row against the stream's schema, and what the validator is lenient about.
func (p *progress) checkValues(r *Record) error {
	properties := p.configured.Stream.JSONSchema.Properties
	if err := p.schema.check(properties, r.Data); err != nil {
		return err
	}
	for column, value := range r.Data {
		if err := checkValue(properties[column], value); err != nil {
			return fmt.Errorf("column %s: %w", column, err)
		}
	}
	return nil
}

// checkValue is stricter than the validator in two things: an integer has no fraction, and a date-time is not a time of
// day alone.
func checkValue(p Property, value json.RawMessage) error {
	if string(value) == "null" {
		return nil
	}
	if slices.Contains(p.Type, "integer") && !isInteger(string(value)) {
		return fmt.Errorf("%s is no integer", value)
	}
	if p.Format == "" {
		return nil
	}
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return fmt.Errorf("%s is no text: %w", value, err)
	}
	return checkText(p, text)
}

func checkText(p Property, text string) error {
	layout := ""
	switch {
	case p.Format == "date":
		layout = time.DateOnly
	case p.Format == "date-time" && p.AirbyteType == withoutTimezone:
		layout = zoneless
	case p.Format == "date-time":
		layout = time.RFC3339Nano
	default:
		return fmt.Errorf("the format %q is unknown here", p.Format)
	}
	if _, err := time.Parse(layout, text); err != nil {
		return fmt.Errorf("%q is no %s of the type %q: %w", text, p.Format, p.AirbyteType, err)
	}
	return nil
}

// isInteger reports whether a JSON number has neither a fraction nor an exponent.
func isInteger(number string) bool {
	digits := strings.TrimPrefix(number, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}
