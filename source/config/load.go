package config

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/xeipuuv/gojsonschema"
)

// maxPageSize is the most rows Dataverse sends in a page of a standard table; it ignores a larger wish.
// https://learn.microsoft.com/en-us/power-apps/developer/data-platform/webapi/query/page-results
const maxPageSize = 5000

// maxConcurrentRequests is how many requests of one user Dataverse takes at once.
// https://learn.microsoft.com/en-us/power-apps/developer/data-platform/api-limits
const maxConcurrentRequests = 52

// Config is a configuration that has been found usable.
type Config struct {
	// Environment is the environment's root: https, a host, and a port where it is not 443.
	Environment string

	TenantID     Secret
	ClientID     Secret
	ClientSecret Secret

	// ConcurrentRequests is how many requests may run at once, from 1 to 52; 0: as many as the service advises.
	ConcurrentRequests int
	// PageSize is the number of rows to ask for at once, from 1 to 5000.
	PageSize int
	// AuthorityHost is the root of the sign-in host, "" where the environment's cloud decides.
	AuthorityHost string
	Tables        Selection
	// FailOnExpiredToken says that a stream whose delta token has expired is to fail, and not to be read anew.
	FailOnExpiredToken bool

	// Warnings are sentences on what was put right while loading.
	Warnings []string

	masks []mask
}

// Load reads the configuration's file and holds it against the connectionSpecification of the given specification, the
// content of spec.json. Bounds the specification does not tell are checked after it, since the older source of the same
// name had none and a narrower specification would refuse configurations that work. A null is the same as an absent
// setting.
//
// If the configuration is at fault the error is an *Error with every problem found.
func Load(path string, specification []byte) (*Config, error) {
	members, err := readMembers(path)
	if err != nil {
		return nil, err
	}
	var found findings
	if err := found.validate(members, specification); err != nil {
		return nil, err
	}
	loader := loader{members: members, found: &found}
	config := loader.config()
	if err := found.err(); err != nil {
		return nil, err
	}
	config.masks = config.newMasks()
	return config, nil
}

// readMembers reads the file's object without its nulls. Its errors quote nothing of the content.
func readMembers(path string) (map[string]json.RawMessage, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the path is the caller's own argument
	if err != nil {
		var cause *os.PathError
		if errors.As(err, &cause) {
			err = cause.Err
		}
		problem := fmt.Sprintf("The configuration file %s cannot be read (%v). Give its path with --config.", path, err)
		return nil, &Error{Problems: []string{problem}}
	}
	var members map[string]json.RawMessage
	err = json.Unmarshal(bytes.TrimPrefix(data, []byte("\ufeff")), &members)
	if err != nil || members == nil {
		problem := fmt.Sprintf("The configuration file %s does not hold a JSON object%s. Correct the file.",
			path, position(err))
		return nil, &Error{Problems: []string{problem}}
	}
	for name, value := range members {
		if string(value) == "null" {
			delete(members, name)
		}
	}
	return members, nil
}

func position(err error) string {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Sprintf(" (the text breaks off or goes wrong at byte %d)", syntax.Offset)
	}
	return ""
}

// validate notes how the members offend the specification. Its error is a broken specification.
func (f *findings) validate(members map[string]json.RawMessage, specification []byte) error {
	var document struct {
		Schema json.RawMessage `json:"connectionSpecification"`
	}
	if err := json.Unmarshal(specification, &document); err != nil {
		return fmt.Errorf("parse the specification: %w", err)
	}
	schema, err := gojsonschema.NewSchema(gojsonschema.NewBytesLoader(document.Schema))
	if err != nil {
		return fmt.Errorf("compile the specification: %w", err)
	}
	data, err := json.Marshal(members)
	if err != nil {
		return fmt.Errorf("encode the configuration: %w", err)
	}
	result, err := schema.Validate(gojsonschema.NewBytesLoader(data))
	if err != nil {
		return fmt.Errorf("validate the configuration: %w", err)
	}
	for _, offence := range result.Errors() {
		f.offence(offence)
	}
	return nil
}

// offence turns a validator's finding into a problem. The value is never repeated, it may be a secret.
func (f *findings) offence(offence gojsonschema.ResultError) {
	if missing, ok := offence.Details()["property"].(string); ok && offence.Type() == "required" {
		f.add(missing, "is missing. "+remedy(missing))
		return
	}
	field, _, _ := strings.Cut(offence.Field(), ".")
	if f.has(field) {
		return
	}
	if expected, ok := offence.Details()["expected"].(string); ok && offence.Type() == "invalid_type" {
		f.add(field, fmt.Sprintf("holds the wrong kind of value: %s expected. %s", expected, remedy(field)))
		return
	}
	f.add(field, "is not as the specification asks. "+remedy(field))
}

// loader turns members into a Config. Fields that offend the specification are left alone.
type loader struct {
	members  map[string]json.RawMessage
	found    *findings
	warnings []string
}

func (l *loader) config() *Config {
	config := &Config{
		TenantID:     Secret(l.required("tenant_id")),
		ClientID:     Secret(l.required("client_id")),
		ClientSecret: Secret(l.required("client_secret_value")),
		PageSize:     l.bounded("odata_maxpagesize", maxPageSize),
	}
	config.PageSize = cmp.Or(config.PageSize, maxPageSize)
	config.ConcurrentRequests = l.bounded("max_concurrent_requests", maxConcurrentRequests)
	config.Environment = l.root("url", environment)
	config.AuthorityHost = l.root("authority_host", authority)
	l.checkCredentials(config)
	config.Tables = Selection{include: l.patterns("include_tables"), exclude: l.patterns("exclude_tables")}
	config.FailOnExpiredToken = l.choice("on_expired_token") == "fail"
	config.Warnings = l.warnings
	return config
}

// choice returns one of the values that the specification allows, "" where the setting is absent.
func (l *loader) choice(name string) string {
	var value string
	l.value(name, &value)
	return value
}

// value decodes a member into target and tells whether it was there and of the right kind.
func (l *loader) value(name string, target any) bool {
	data, ok := l.members[name]
	return ok && !l.found.has(name) && json.Unmarshal(data, target) == nil
}

// required returns a text without the spaces that a copied value may have around it.
func (l *loader) required(name string) string {
	var value string
	if !l.value(name, &value) {
		return ""
	}
	trimmed := strings.TrimSpace(value)
	if trimmed == "" {
		l.found.add(name, "is empty. "+remedy(name))
	} else if trimmed != value {
		l.warn(name + " had spaces around it, which were left out.")
	}
	return trimmed
}

func (l *loader) root(name string, parse func(string) (string, string)) string {
	var value string
	if !l.value(name, &value) {
		return ""
	}
	root, problem := parse(value)
	if problem != "" {
		l.found.add(name, problem)
	}
	return root
}

// bounded returns a whole number from 1 to most, 0 where the setting is absent. What is more is taken as most.
func (l *loader) bounded(name string, most int) int {
	var number json.Number
	if !l.value(name, &number) {
		return 0
	}
	value, err := strconv.ParseFloat(number.String(), 64) // 5000.0 and 5e3 are integers to JSON schema
	switch {
	case value > float64(most):
		l.warn(fmt.Sprintf("%s is more than %d, the most Dataverse takes; it was taken as %d.", name, most, most))
		return most
	case err != nil || value < 1:
		l.found.add(name, "is less than 1. "+remedy(name))
		return most
	default:
		return int(value)
	}
}

func (l *loader) patterns(name string) []string {
	var patterns []string
	if !l.value(name, &patterns) {
		return nil
	}
	return l.found.patterns(name, patterns)
}

func (l *loader) warn(sentence string) { l.warnings = append(l.warnings, sentence) }
