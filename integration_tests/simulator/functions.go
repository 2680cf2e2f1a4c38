package simulator

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
)

// serverVersion is what RetrieveVersion answers.
const serverVersion = "9.2.24104.00173"

// arguments are the parameters of a function call, as the text of OData literals.
type arguments map[string]string

// parseCall reads Name, Name() or Name(A=literal,B=@alias), taking aliases from the query string.
func parseCall(segment, rawQuery string) (string, arguments, *apiError) {
	name, inside, called := strings.Cut(segment, "(")
	if !called {
		return name, arguments{}, nil
	}
	options, err := queryOptions(rawQuery)
	if err != nil {
		return name, nil, err
	}
	inside, closed := strings.CutSuffix(inside, ")")
	parts, balanced := splitOutside(inside, ',')
	if !closed || !balanced {
		return name, nil, badQuery("')' or ',' expected at position %d in '%s'.", len(segment), segment)
	}
	args := arguments{}
	for _, part := range parts {
		if part == "" && len(parts) == 1 {
			break
		}
		key, value, ok := strings.Cut(part, "=")
		if !ok || key == "" {
			return name, nil, badQuery("Syntax error at position %d in '%s'.", len(name)+1, segment)
		}
		if strings.HasPrefix(value, "@") {
			value = aliasValue(options, value)
		}
		args[key] = value
	}
	return name, args, nil
}

func aliasValue(options []queryOption, alias string) string {
	for _, o := range options {
		if o.name == alias {
			return o.value
		}
	}
	return ""
}

// only refuses parameters that the function does not have.
func (a arguments) only(known ...string) *apiError {
	for name := range a {
		if !slices.Contains(known, name) {
			return badQuery("The parameter '%s' is not a parameter of the function.", name)
		}
	}
	return nil
}

// text is a string parameter without its quotes; empty if it is missing or null.
func (a arguments) text(name string) string {
	value := a[name]
	if inner, length := quotedString(value); strings.HasPrefix(value, "'") && length == len(value) {
		return inner
	}
	return ""
}

// json is a parameter of a complex or collection type.
func (a arguments) json(name string) string {
	if a[name] == "null" {
		return ""
	}
	return a[name]
}

// enum is a member of an enum type, written Microsoft.Dynamics.CRM.Type'Member'; empty if it is missing or null.
func (a arguments) enum(name, typeName string, members ...string) (string, *apiError) {
	value, given := a[name]
	if !given || value == "" || value == "null" {
		return "", nil
	}
	quoted, ok := strings.CutPrefix(value, "Microsoft.Dynamics.CRM."+typeName)
	member, length := quotedString(quoted)
	if !ok || length == 0 || length != len(quoted) || !slices.Contains(members, member) {
		return "", badQuery("The value '%s' is not a member of 'Microsoft.Dynamics.CRM.%s'.", value, typeName)
	}
	return member, nil
}

// callFunction answers an unbound function; found is false where there is none of that name.
func (h *host) callFunction(w http.ResponseWriter, r *http.Request, base, path string, user application) (found bool, failure *apiError) {
	name, args, err := parseCall(path, r.URL.RawQuery)
	functions := map[string]func() *apiError{
		"WhoAmI":                      func() *apiError { return h.whoAmI(w, base, args, user) },
		"RetrieveVersion":             func() *apiError { return h.retrieveVersion(w, base, args) },
		"RetrieveTimestamp":           func() *apiError { return h.retrieveTimestamp(w, base, args) },
		"RetrieveCurrentOrganization": func() *apiError { return h.retrieveCurrentOrganization(w, base, args) },
		"RetrieveTotalRecordCount":    func() *apiError { return h.retrieveTotalRecordCount(w, base, args) },
		"RetrieveMetadataChanges":     func() *apiError { return h.retrieveMetadataChanges(w, base, args) },
	}
	function, found := functions[name]
	switch {
	case !found:
		return false, nil
	case err != nil:
		return true, err
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return true, readOnly(w, r.Method)
	}
	return true, function()
}

// response writes a function's answer of a complex type: the context, then the members given as JSON.
func response(w http.ResponseWriter, base, function, members string) {
	writeJSON(w, []byte(`{"@odata.context":"`+base+"/$metadata#Microsoft.Dynamics.CRM."+function+`Response",`+members+"}"))
}

func (h *host) whoAmI(w http.ResponseWriter, base string, args arguments, user application) *apiError {
	if err := args.only(); err != nil {
		return err
	}
	response(w, base, "WhoAmI", `"BusinessUnitId":"`+h.environment.businessUnit()+`","UserId":"`+user.userID+
		`","OrganizationId":"`+h.environment.organization()+`"`)
	return nil
}

func (h *host) retrieveVersion(w http.ResponseWriter, base string, args arguments) *apiError {
	if err := args.only(); err != nil {
		return err
	}
	response(w, base, "RetrieveVersion", `"Version":"`+serverVersion+`"`)
	return nil
}

// retrieveTimestamp answers the metadata version, which clients use to see whether their cache is stale.
func (h *host) retrieveTimestamp(w http.ResponseWriter, base string, args arguments) *apiError {
	if err := args.only(); err != nil {
		return err
	}
	response(w, base, "RetrieveTimestamp", `"Timestamp":"`+strconv.FormatInt(h.environment.metadataVersion(), 10)+`"`)
	return nil
}

func (h *host) retrieveCurrentOrganization(w http.ResponseWriter, base string, args arguments) *apiError {
	if err := args.only("AccessType"); err != nil {
		return err
	}
	access, err := args.enum("AccessType", "EndpointAccessType", "Default", "Internet", "Intranet")
	if err != nil {
		return err
	}
	if access == "" {
		return badQuery("The required parameter 'AccessType' is missing.")
	}
	origin, _, _ := strings.Cut(base, "/api/data/")
	id := h.environment.organization()
	response(w, base, "RetrieveCurrentOrganization", `"Detail":{"OrganizationId":"`+id+`","FriendlyName":"Simulated environment","OrganizationVersion":"`+
		serverVersion+`","EnvironmentId":"`+stableID("environment", id)+`","DatacenterId":"`+stableID("datacenter")+
		`","Geo":"EMEA","TenantId":"`+h.directory.applications[0].TenantID+`","UrlName":"simulator","UniqueName":"unq`+strings.ReplaceAll(id, "-", "")[:16]+
		`","State":"Enabled","Endpoints":{"Count":2,"IsReadOnly":false,"Keys":["WebApplication","OrganizationDataService"],"Values":["`+
		origin+`/","`+origin+`/XRMServices/2011/OrganizationData.svc"]}}`)
	return nil
}

// retrieveTotalRecordCount answers how many rows tables have, regardless of what the user may read. The real counts
// are a snapshot of the last 24 hours; these are exact.
func (h *host) retrieveTotalRecordCount(w http.ResponseWriter, base string, args arguments) *apiError {
	if err := args.only("EntityNames"); err != nil {
		return err
	}
	var wanted []string
	if err := json.Unmarshal([]byte(args.json("EntityNames")), &wanted); err != nil {
		return badQuery("The parameter 'EntityNames' could not be read as a collection of Edm.String: %v", err)
	}
	counts := make([]string, len(wanted))
	for i, name := range wanted {
		t := h.environment.table(name)
		if t == nil {
			return unknownTable(name)
		}
		counts[i] = strconv.FormatInt(h.environment.count(t), 10)
	}
	response(w, base, "RetrieveTotalRecordCount", `"EntityRecordCountCollection":{"Count":`+strconv.Itoa(len(wanted))+
		`,"IsReadOnly":false,"Keys":`+string(names(wanted).appendJSON(nil, true))+`,"Values":[`+strings.Join(counts, ",")+`]}`)
	return nil
}
