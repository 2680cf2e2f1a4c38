package odata

import (
	"slices"
	"strings"
)

// Arguments are the parameters of a function call, as the text of OData literals.
type Arguments map[string]string

// ParseCall reads Name, Name() or Name(A=literal,B=@alias), taking aliases from the query string.
func ParseCall(segment, rawQuery string) (string, Arguments, *Error) {
	name, inside, called := strings.Cut(segment, "(")
	if !called {
		return name, Arguments{}, nil
	}
	options, err := QueryOptions(rawQuery)
	if err != nil {
		return name, nil, err
	}
	inside, closed := strings.CutSuffix(inside, ")")
	parts, balanced := SplitOutside(inside, ',')
	if !closed || !balanced {
		return name, nil, BadQuery("')' or ',' expected at position %d in '%s'.", len(segment), segment)
	}
	args := Arguments{}
	for _, part := range parts {
		if part == "" && len(parts) == 1 {
			break
		}
		key, value, ok := strings.Cut(part, "=")
		if !ok || key == "" {
			return name, nil, BadQuery("Syntax error at position %d in '%s'.", len(name)+1, segment)
		}
		if strings.HasPrefix(value, "@") {
			value = aliasValue(options, value)
		}
		args[key] = value
	}
	return name, args, nil
}

func aliasValue(options []QueryOption, alias string) string {
	for _, o := range options {
		if o.Name == alias {
			return o.Value
		}
	}
	return ""
}

// Only refuses parameters that the function does not have.
func (a Arguments) Only(known ...string) *Error {
	for name := range a {
		if !slices.Contains(known, name) {
			return BadQuery("The parameter '%s' is not a parameter of the function.", name)
		}
	}
	return nil
}

// Text returns a string parameter without its quotes; empty if it is missing or null.
func (a Arguments) Text(name string) string {
	value := a[name]
	if inner, length := QuotedString(value); strings.HasPrefix(value, "'") && length == len(value) {
		return inner
	}
	return ""
}

// JSON returns a parameter of a complex or collection type.
func (a Arguments) JSON(name string) string {
	if a[name] == "null" {
		return ""
	}
	return a[name]
}

// Flags returns the members of an enum type of flags, written Microsoft.Dynamics.CRM.Type'One,Two'; none if it is missing or
// null.
func (a Arguments) Flags(name, typeName string, members ...string) ([]string, *Error) {
	value := a[name]
	if value == "" || value == "null" {
		return nil, nil
	}
	quoted, ok := strings.CutPrefix(value, "Microsoft.Dynamics.CRM."+typeName)
	list, length := QuotedString(quoted)
	found := strings.Split(list, ",")
	for i := range found {
		found[i] = strings.TrimSpace(found[i])
		ok = ok && slices.Contains(members, found[i])
	}
	if !ok || length == 0 || length != len(quoted) {
		return nil, BadQuery("The value '%s' is not a member of 'Microsoft.Dynamics.CRM.%s'.", value, typeName)
	}
	return found, nil
}

// Enum returns a member of an enum type, written Microsoft.Dynamics.CRM.Type'Member'; empty if it is missing or null.
func (a Arguments) Enum(name, typeName string, members ...string) (string, *Error) {
	value, given := a[name]
	if !given || value == "" || value == "null" {
		return "", nil
	}
	quoted, ok := strings.CutPrefix(value, "Microsoft.Dynamics.CRM."+typeName)
	member, length := QuotedString(quoted)
	if !ok || length == 0 || length != len(quoted) || !slices.Contains(members, member) {
		return "", BadQuery("The value '%s' is not a member of 'Microsoft.Dynamics.CRM.%s'.", value, typeName)
	}
	return member, nil
}
