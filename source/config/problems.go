package config

import (
	"fmt"
	"slices"
	"strings"
)

// Error has every problem of a configuration: sentences that name the field and what to do. None quotes a secret.
type Error struct{ Problems []string }

// Error joins the problems.
func (e *Error) Error() string {
	return "The configuration is invalid: " + strings.Join(e.Problems, " ")
}

// findings collects problems by field, so that a field has one problem for one cause.
type findings struct {
	fields   []string
	problems []string
	allowed  map[string][]string // the values that the specification allows in a field, where it names them
}

// add adds a problem, a sentence that begins with the field's name.
func (f *findings) add(field, predicate string) {
	f.fields = append(f.fields, field)
	f.problems = append(f.problems, fmt.Sprintf("%s %s", field, predicate))
}

func (f *findings) has(field string) bool { return slices.Contains(f.fields, field) }

func (f *findings) err() error {
	if len(f.problems) == 0 {
		return nil
	}
	return &Error{Problems: f.problems}
}

// remedy is what to enter in a field.
func (f *findings) remedy(field string) string {
	switch field {
	case "url":
		return findEnvironment
	case "tenant_id":
		return "Enter the Directory (tenant) ID from the Overview page of the app registration in Microsoft Entra."
	case "client_id":
		return "Enter the Application (client) ID from the Overview page of the app registration in Microsoft Entra."
	case "client_secret_value":
		return "Enter the Value of a client secret of the app registration in Microsoft Entra."
	case "odata_maxpagesize":
		return "Enter a whole number from 1 to 5000, or leave the field empty."
	case "max_concurrent_requests":
		return "Enter a whole number from 1 to 52, or leave the field empty."
	}
	if values := f.allowed[field]; len(values) > 0 {
		return "Enter " + strings.Join(values, " or ") + ", or leave the field empty."
	}
	return "Correct the value, or leave the field empty."
}
