package config

import (
	"fmt"
	"slices"
	"strings"
)

// Error holds every problem of a configuration, each a sentence with the field and the next step. None of them shows a
// secret's value.
type Error struct{ Problems []string }

// Error joins the problems.
func (e *Error) Error() string {
	return "the configuration is not usable: " + strings.Join(e.Problems, " ")
}

// findings collects problems by field, so that one field is not told off twice for the same cause.
type findings struct {
	fields   []string
	problems []string
}

// add notes a problem, a sentence that begins with the field's name.
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

// remedy tells where a required field's value is found.
func remedy(field string) string {
	switch field {
	case "url":
		return findEnvironment
	case "tenant_id":
		return "Enter the directory (tenant) ID from the overview page of the app registration in Microsoft Entra."
	case "client_id":
		return "Enter the application (client) ID from the overview page of the app registration in Microsoft Entra."
	case "client_secret_value":
		return "Enter the value of a client secret of the app registration in Microsoft Entra."
	case "odata_maxpagesize":
		return "Enter a whole number from 1 to 5000 or leave the field out."
	case "max_concurrent_requests":
		return "Enter a whole number from 1 to 52 or leave the field out."
	default:
		return "Correct it or leave the field out."
	}
}
