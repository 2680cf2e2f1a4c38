package config

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Error has every problem of a configuration: sentences that name the field and what to do. None quotes a secret.
type Error struct {
	Problems []string
	// Warnings are sentences about what may be wrong besides.
	Warnings []string
}

// Error joins the problems.
func (e *Error) Error() string {
	return "The configuration is invalid: " + strings.Join(e.Problems, " ")
}

// findings collects problems by field, so that a field has one problem for one cause.
type findings struct {
	fields   []string
	paths    []string // of the settings, one for each problem
	problems []string
	form     form
	members  map[string]json.RawMessage
	renamed  map[string]string // the unknown setting that is probably meant to be a missing field, by the field
}

// add adds a problem, a sentence that begins with the field's name.
func (f *findings) add(field, predicate string) { f.addIn(field, field, predicate) }

// addIn adds a problem of a setting inside a field, a sentence that begins with the setting's path.
func (f *findings) addIn(field, path, predicate string) {
	f.fields = append(f.fields, field)
	f.paths = append(f.paths, path)
	f.problems = append(f.problems, fmt.Sprintf("%s %s", path, predicate))
}

func (f *findings) has(field string) bool { return slices.Contains(f.fields, field) }

// hasIn reports whether there is a problem of the setting at a path, or of one inside it.
func (f *findings) hasIn(path string) bool {
	return slices.ContainsFunc(f.paths, func(p string) bool { return p == path || strings.HasPrefix(p, path+".") })
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
	case "client_secret_value", "client_secret":
		return "Enter the Value of a client secret of the app registration in Microsoft Entra."
	case "auth_type":
		return "Enter client_secret, client_certificate, workload_identity, or managed_identity."
	case "credentials", "additional_credentials":
		return "Choose the kind as auth_type: client_secret, client_certificate, workload_identity, or managed_identity."
	case "certificate":
		return howToExport
	case "certificate_password":
		return "Enter the password with which the certificate was exported."
	case "certificate_file_path", "token_file_path":
		return "Enter the path of a file that the connector can read."
	case "identity_client_id":
		return "Enter the Client ID from the Overview page of the managed identity in the Azure portal, or leave the field empty."
	case "odata_maxpagesize":
		return "Enter a whole number from 1 to 5000, or leave the field empty."
	case "include_tables", "exclude_tables":
		return `Enter a list of logical names, such as ["account", "new_*"], or leave the field empty.`
	case "max_concurrent_requests":
		return "Enter a whole number from 1 to 52, or leave the field empty."
	case "packages":
		return `Enter a list such as [{"project": "Sales export", "legal_entities": ["USMF"]}], or leave the field empty.`
	case "finance_operations_url":
		return "Enter the address of the finance & operations environment, such as https://contoso.operations.dynamics.com, or leave the field empty."
	case "package_timeout_minutes":
		return "Enter a whole number of minutes, such as 360, or leave the field empty."
	case "label_language":
		return "Enter the code (LCID) of a language of the environment, such as 1033 for English, or leave the field empty."
	}
	if f.form.Properties[field].Type == "boolean" {
		return "Enter true or false, or leave the field empty."
	}
	if values := f.form.Properties[field].Enum; len(values) > 0 {
		return "Enter " + strings.Join(values, " or ") + ", or leave the field empty."
	}
	return "Correct the value, or leave the field empty."
}
