package webapi

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/metadata"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// serverVersion is the version that RetrieveVersion returns.
const serverVersion = "9.2.24104.00173"

// callFunction serves an unbound function; found is false if there is no function of that name.
func (a *API) callFunction(w http.ResponseWriter, r *http.Request, base, path string, user string) (found bool, failure *odata.Error) {
	name, args, err := odata.ParseCall(path, r.URL.RawQuery)
	functions := map[string]func() *odata.Error{
		"WhoAmI":                                         func() *odata.Error { return a.whoAmI(w, base, args, user) },
		"RetrieveVersion":                                func() *odata.Error { return a.retrieveVersion(w, base, args) },
		"RetrieveTimestamp":                              func() *odata.Error { return a.retrieveTimestamp(w, base, args) },
		"RetrieveCurrentOrganization":                    func() *odata.Error { return a.retrieveCurrentOrganization(w, base, args) },
		"RetrieveTotalRecordCount":                       func() *odata.Error { return a.retrieveTotalRecordCount(w, base, args) },
		"RetrieveProvisionedLanguages":                   func() *odata.Error { return a.retrieveProvisionedLanguages(w, base, args) },
		"RetrieveFinanceAndOperationsIntegrationDetails": func() *odata.Error { return a.retrieveFinanceAndOperationsIntegrationDetails(w, base, args) },
		"RetrieveMetadataChanges":                        func() *odata.Error { return a.history.RetrieveMetadataChanges(w, a.environment, base, args) },
	}
	function, found := functions[name]
	switch {
	case !found:
		return false, nil
	case err != nil:
		return true, err
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return true, odata.ReadOnly(w, r.Method)
	}
	return true, function()
}

func (a *API) whoAmI(w http.ResponseWriter, base string, args odata.Arguments, user string) *odata.Error {
	if err := args.Only(); err != nil {
		return err
	}
	odata.Response(w, base, "WhoAmI", `"BusinessUnitId":"`+a.environment.BusinessUnit()+`","UserId":"`+user+
		`","OrganizationId":"`+a.environment.Organization()+`"`)
	return nil
}

func (a *API) retrieveVersion(w http.ResponseWriter, base string, args odata.Arguments) *odata.Error {
	if err := args.Only(); err != nil {
		return err
	}
	odata.Response(w, base, "RetrieveVersion", `"Version":"`+serverVersion+`"`)
	return nil
}

// retrieveTimestamp returns the metadata version, by which clients recognize that their cache is stale.
func (a *API) retrieveTimestamp(w http.ResponseWriter, base string, args odata.Arguments) *odata.Error {
	if err := args.Only(); err != nil {
		return err
	}
	odata.Response(w, base, "RetrieveTimestamp", `"Timestamp":"`+strconv.FormatInt(a.environment.MetadataVersion(), 10)+`"`)
	return nil
}

// retrieveProvisionedLanguages returns the language codes (LCIDs) in which labels can be.
func (a *API) retrieveProvisionedLanguages(w http.ResponseWriter, base string, args odata.Arguments) *odata.Error {
	if err := args.Only(); err != nil {
		return err
	}
	codes := make([]string, 0, len(a.environment.Languages()))
	for _, code := range a.environment.Languages() {
		codes = append(codes, strconv.Itoa(code))
	}
	odata.Response(w, base, "RetrieveProvisionedLanguages", `"RetrieveProvisionedLanguages":[`+strings.Join(codes, ",")+`]`)
	return nil
}

func (a *API) retrieveCurrentOrganization(w http.ResponseWriter, base string, args odata.Arguments) *odata.Error {
	if err := args.Only("AccessType"); err != nil {
		return err
	}
	access, err := args.Enum("AccessType", "EndpointAccessType", "Default", "Internet", "Intranet")
	if err != nil {
		return err
	}
	if access == "" {
		return odata.BadQuery("The required parameter 'AccessType' is missing.")
	}
	origin, _, _ := strings.Cut(base, "/api/data/")
	id := a.environment.Organization()
	odata.Response(w, base, "RetrieveCurrentOrganization", `"Detail":{"OrganizationId":"`+id+`","FriendlyName":"Simulated environment","OrganizationVersion":"`+
		serverVersion+`","EnvironmentId":"`+guid.Derived("environment", id)+`","DatacenterId":"`+guid.Derived("datacenter")+
		`","Geo":"EMEA","TenantId":"`+a.tenant+`","UrlName":"simulator","UniqueName":"unq`+strings.ReplaceAll(id, "-", "")[:16]+
		`","State":"Enabled","Endpoints":{"Count":2,"IsReadOnly":false,"Keys":["WebApplication","OrganizationDataService"],"Values":["`+
		origin+`/","`+origin+`/XRMServices/2011/OrganizationData.svc"]}}`)
	return nil
}

// retrieveTotalRecordCount returns how many rows tables have, regardless of what the user may read. The real counts
// are a snapshot of the last 24 hours; these are exact.
func (a *API) retrieveTotalRecordCount(w http.ResponseWriter, base string, args odata.Arguments) *odata.Error {
	if err := args.Only("EntityNames"); err != nil {
		return err
	}
	var wanted []string
	if err := json.Unmarshal([]byte(args.JSON("EntityNames")), &wanted); err != nil {
		return odata.BadQuery("The parameter 'EntityNames' could not be read as a collection of Edm.String: %v", err)
	}
	counts := make([]string, len(wanted))
	for i, name := range wanted {
		t := a.environment.TableByName(name)
		if t == nil {
			return odata.UnknownTable(name)
		}
		counts[i] = strconv.FormatInt(a.environment.Count(t), 10)
		if a.environment.Behaviors.Uncounted {
			counts[i] = "0"
		}
	}
	odata.Response(w, base, "RetrieveTotalRecordCount", `"EntityRecordCountCollection":{"Count":`+strconv.Itoa(len(wanted))+
		`,"IsReadOnly":false,"Keys":`+metadata.Names(wanted).JSON()+`,"Values":[`+strings.Join(counts, ",")+`]}`)
	return nil
}
