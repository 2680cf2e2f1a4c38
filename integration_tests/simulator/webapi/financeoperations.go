package webapi

import (
	"net/http"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// retrieveFinanceAndOperationsIntegrationDetails returns the finance & operations environment that is linked (Microsoft, "Enable
// the Power Platform integration").
func (a *API) retrieveFinanceAndOperationsIntegrationDetails(w http.ResponseWriter, base string, args odata.Arguments) *odata.Error {
	if err := args.Only(); err != nil {
		return err
	}
	linked := a.linked.Load()
	if linked == nil {
		return odata.Refuse(http.StatusBadRequest, "0x80048d0b", "The environment is not linked to a Finance and Operations environment.")
	}
	body := odata.AppendQuoted([]byte(`"Url":`), *linked)
	body = odata.AppendQuoted(append(body, `,"TenantId":`...), a.tenant)
	body = odata.AppendQuoted(append(body, `,"Id":`...), guid.Derived("finance and operations", *linked))
	odata.Response(w, base, "RetrieveFinanceAndOperationsIntegrationDetails", string(body))
	return nil
}
