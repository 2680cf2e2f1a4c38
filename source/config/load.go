package config

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/xeipuuv/gojsonschema"

	"source-microsoft-dataverse/source/protocol"
)

// maxPageSize is the largest number of rows that Dataverse sends in a page of a standard table.
// https://learn.microsoft.com/en-us/power-apps/developer/data-platform/webapi/query/page-results
const maxPageSize = 5000

// maxConcurrentRequests is the number of concurrent requests that Dataverse accepts from one user.
// https://learn.microsoft.com/en-us/power-apps/developer/data-platform/api-limits
const maxConcurrentRequests = 52

// Config is a valid configuration.
type Config struct {
	// Environment is the environment's root: https, a host, and a port if it is not 443.
	Environment string

	// Credentials are what the connector signs in with.
	Credentials Credentials
	// AdditionalCredentials are those of further application users, which have service protection limits of their own.
	AdditionalCredentials []Credentials

	// ConcurrentRequests is the number of concurrent requests, from 1 to 52; 0: as many as the service recommends.
	ConcurrentRequests int
	// PageSize is the number of rows to request in a page, from 1 to 5000.
	PageSize int
	// AuthorityHost is the root of the sign-in host, "" for that of the environment's cloud.
	AuthorityHost string
	// PlatformAuthority is the root of the sign-in host that the platform of a workload identity names, "" if it names none.
	// It is that of an environment whose cloud is unknown.
	PlatformAuthority string
	Tables            Selection
	// FailOnExpiredToken makes a stream fail if its delta token has expired. Otherwise it is re-read in full.
	FailOnExpiredToken bool
	// CursorForUntracked offers incremental syncs of tables without change tracking.
	CursorForUntracked bool
	// MetadataStreams offers the definitions of the selected tables as streams.
	MetadataStreams bool
	// ChoiceLabels adds a column with the label beside each choice column.
	ChoiceLabels bool
	// LabelLanguage is the language code (LCID) of labels, 0 for the base language of the environment.
	LabelLanguage int
	// LookupTypes adds a column with the table of the target beside each lookup that has several targets.
	LookupTypes bool
	// ParallelSnapshots reads large tables by ranges of their keys, several at once.
	ParallelSnapshots bool
	// IncludeBinaryColumns offers the contents of notes, attachments, images and file columns.
	IncludeBinaryColumns bool
	// Packages are the data management projects of finance & operations whose entities are offered as streams.
	Packages []Package
	// FinanceOperations is the root of the finance & operations environment: https, a host, and a path on systems that have one.
	// Empty: that which the environment is linked with.
	FinanceOperations string
	// PackageTimeout is how long a read waits for the export of a project to end.
	PackageTimeout time.Duration
	// KeepNoDate delivers 1900-01-01, which finance & operations writes for no date, as it is. Otherwise it becomes null.
	KeepNoDate bool

	// Warnings are sentences about values that Load corrected.
	Warnings []string

	masks []mask
}

// Load reads the configuration file and validates it against the connectionSpecification of a specification, the content
// of spec.json. It then checks bounds that the specification lacks: Airbyte's earlier connector of the same name had
// none, and a narrower specification would reject configurations that work. A null is an absent setting.
//
// getenv returns the environment variables by which platforms provide a workload identity; the configuration takes precedence
// over them.
//
// If the configuration is invalid, the error is an *Error with every problem found.
func Load(path string, specification []byte, getenv func(string) string) (*Config, error) {
	var document struct {
		Schema json.RawMessage `json:"connectionSpecification"`
	}
	if err := json.Unmarshal(specification, &document); err != nil {
		return nil, fmt.Errorf("parse the specification: %w", err)
	}
	form, err := parseForm(document.Schema)
	if err != nil {
		return nil, err
	}
	members, err := readMembers(path, form)
	if err != nil {
		return nil, err
	}
	form.convert(members)
	found := findings{form: form, members: members, renamed: map[string]string{}}
	if err := found.validate(members, document.Schema); err != nil {
		return nil, err
	}
	loader := loader{members: members, found: &found, getenv: getenv}
	config := loader.config()
	config.Warnings = append(config.Warnings, found.warnUnknown(form, form.unknown(members))...)
	if len(found.problems) > 0 {
		return nil, &Error{Problems: found.problems, Warnings: config.Warnings}
	}
	config.masks = config.newMasks()
	for _, variable := range identitySecrets() {
		config.masks = append(config.masks, maskOf(getenv(variable))...)
	}
	return config, nil
}

// validate adds the members' violations of a schema. Its error is an invalid schema.
func (f *findings) validate(members map[string]json.RawMessage, schema json.RawMessage) error {
	compiled, err := gojsonschema.NewSchema(gojsonschema.NewBytesLoader(schema))
	if err != nil {
		return fmt.Errorf("compile the specification: %w", err)
	}
	data, err := json.Marshal(members)
	if err != nil {
		return fmt.Errorf("encode the configuration: %w", err)
	}
	result, err := compiled.Validate(gojsonschema.NewBytesLoader(data))
	if err != nil {
		return fmt.Errorf("validate the configuration: %w", err)
	}
	for _, violation := range result.Errors() {
		f.addViolation(violation)
	}
	return nil
}

// addViolation adds a validator's error as a problem. It never quotes the value, which may be a secret.
func (f *findings) addViolation(violation gojsonschema.ResultError) {
	if field := fieldOf(violation); field == "credentials" || field == "additional_credentials" || field == "packages" {
		return // signIn finds what is wrong with credentials, and packages what is wrong with those
	}
	if missing, ok := violation.Details()["property"].(string); ok && violation.Type() == "required" {
		f.addMissing(missing)
		return
	}
	field, _, _ := strings.Cut(violation.Field(), ".")
	if f.has(field) {
		return
	}
	if isReference(f.members[field]) {
		f.add(field, "is a reference to a secret that only Airbyte can resolve. "+f.remedy(field))
		return
	}
	if expected, ok := violation.Details()["expected"].(string); ok && violation.Type() == "invalid_type" {
		f.add(field, fmt.Sprintf("has a value of the wrong type: %s expected. %s", expected, f.remedy(field)))
		return
	}
	f.add(field, "is invalid. "+f.remedy(field))
}

// fieldOf returns the setting at the top level that has a violation, "" for one of the whole configuration.
func fieldOf(violation gojsonschema.ResultError) string {
	_, path, _ := strings.Cut(violation.Context().String(), ".")
	field, _, _ := strings.Cut(path, ".")
	return field
}

// addMissing adds a required setting that is missing, with the unknown setting that is probably meant to be it.
func (f *findings) addMissing(field string) {
	for _, unknown := range f.form.unknown(f.members) {
		if protocol.Nearest(unknown, f.form.names()) == field {
			f.renamed[field] = unknown
			f.add(field, fmt.Sprintf("is missing. The setting %q is unknown: rename it to %s.", unknown, field))
			return
		}
	}
	f.add(field, "is missing. "+f.remedy(field))
}

// loader turns members into a Config. It skips fields that violate the specification.
type loader struct {
	members  map[string]json.RawMessage
	found    *findings
	getenv   func(string) string
	warnings []string
}

func (l *loader) config() *Config {
	config := &Config{PageSize: l.bounded("odata_maxpagesize", maxPageSize)}
	config.Credentials, config.AdditionalCredentials = l.signIn()
	config.PageSize = cmp.Or(config.PageSize, maxPageSize)
	config.ConcurrentRequests = l.bounded("max_concurrent_requests", maxConcurrentRequests)
	config.Environment = l.root("url", environment)
	config.AuthorityHost = l.root("authority_host", authority)
	config.PlatformAuthority = l.platformAuthority(config)
	config.Tables = Selection{include: l.patterns("include_tables"), exclude: l.patterns("exclude_tables")}
	config.FailOnExpiredToken = l.choice("on_expired_token") == "fail"
	config.CursorForUntracked = l.choice("cursor_for_untracked") != "off"
	config.MetadataStreams = l.flag("metadata_streams", true)
	config.ChoiceLabels = l.flag("choice_labels", false)
	config.LabelLanguage = l.whole("label_language")
	if config.LabelLanguage != 0 && !config.ChoiceLabels && !config.MetadataStreams {
		l.warn("label_language has no effect unless choice_labels or metadata_streams is true.")
	}
	config.LookupTypes = l.flag("lookup_types", false)
	config.ParallelSnapshots = l.flag("parallel_snapshots", true)
	config.IncludeBinaryColumns = l.flag("include_binary_columns", false)
	l.loadPackages(config)
	config.Warnings = l.warnings
	return config
}

// choice returns one of the values that the specification allows, "" if the setting is absent.
func (l *loader) choice(name string) string {
	var value string
	l.value(name, &value)
	return value
}

// flag returns a setting that is on or off, and its default if it is absent.
func (l *loader) flag(name string, absent bool) bool {
	value := absent
	l.value(name, &value)
	return value
}

// value decodes a member into target and reports whether it is present and of the right type.
func (l *loader) value(name string, target any) bool {
	data, ok := l.members[name]
	return ok && !l.found.has(name) && json.Unmarshal(data, target) == nil
}

// required returns a text without the spaces that a copied value may begin or end with, and finds it missing.
func (l *loader) required(name string) string {
	var value string
	if l.members[name] == nil && !l.found.has(name) {
		l.found.addMissing(name)
	}
	if !l.value(name, &value) {
		return ""
	}
	trimmed := strings.TrimSpace(value)
	switch {
	case trimmed == "":
		l.found.add(name, "is empty. "+l.found.remedy(name))
	case isMasked(trimmed):
		l.found.add(name, "is asterisks, which Airbyte shows in place of a secret. "+l.found.remedy(name))
	case trimmed != value:
		l.warn(name + " begins or ends with spaces, which the connector ignores.")
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

// whole returns a whole number whose bounds the specification gives, 0 if the setting is absent.
func (l *loader) whole(name string) int {
	var value float64 // 1033.0 and 5e3 are integers in JSON schema
	l.value(name, &value)
	return int(value)
}

// bounded returns a whole number from 1 to limit, 0 if the setting is absent. A larger number becomes limit.
func (l *loader) bounded(name string, limit int) int {
	var number json.Number
	if !l.value(name, &number) {
		return 0
	}
	value, err := strconv.ParseFloat(number.String(), 64)
	switch {
	case value > float64(limit):
		l.warn(fmt.Sprintf("%s is greater than %d, the maximum of Dataverse. The connector uses %[2]d.", name, limit))
		return limit
	case err != nil || value < 1:
		l.found.add(name, "is less than 1. "+l.found.remedy(name))
		return limit
	default:
		return int(value)
	}
}

func (l *loader) patterns(name string) []string {
	var patterns []string
	if !l.value(name, &patterns) {
		return nil
	}
	return l.found.normalize(name, patterns)
}

func (l *loader) warn(sentence string) { l.warnings = append(l.warnings, sentence) }
