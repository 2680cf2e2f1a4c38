package simulator

import "net/http"

// badQuery is the answer to a query that the OData library of the service cannot parse.
func badQuery(format string, args ...any) *apiError {
	return refuse(http.StatusBadRequest, "0x80060888", format, args...)
}

// unknownProperty is the answer to a name that the type does not have.
func unknownProperty(name, typeName string) *apiError {
	return badQuery("Could not find a property named '%s' on type 'Microsoft.Dynamics.CRM.%s'.", name, typeName)
}

// unknownTable is the answer to a logical name that no table has.
func unknownTable(name string) *apiError {
	return refuse(http.StatusNotFound, "0x80041102", "The entity with a name = '%s' with namemapping = 'Logical' was not found in the MetadataCache.", name)
}

func notFound(segment string) *apiError {
	return refuse(http.StatusNotFound, "0x80060888", "Resource not found for the segment '%s'.", segment)
}

// readOnly is the answer to a write of what can only be read.
func readOnly(w http.ResponseWriter, method string) *apiError {
	w.Header().Set("Allow", "GET,HEAD,OPTIONS")
	return wrongMethod(method)
}

func wrongMethod(method string) *apiError {
	return refuse(http.StatusMethodNotAllowed, "0x80060888", "The requested resource does not support http method '%s'.", method)
}
