package odata

import "net/http"

// BadQuery returns the error for a query that the OData library of the service cannot parse.
func BadQuery(format string, args ...any) *Error {
	return Refuse(http.StatusBadRequest, "0x80060888", format, args...)
}

// UnknownProperty returns the error for a name that the type does not have.
func UnknownProperty(name, typeName string) *Error {
	return BadQuery("Could not find a property named '%s' on type 'Microsoft.Dynamics.CRM.%s'.", name, typeName)
}

// UnknownTable returns the error for a logical name that no table has.
func UnknownTable(name string) *Error {
	return Refuse(http.StatusNotFound, "0x80041102", "The entity with a name = '%s' with namemapping = 'Logical' was not found in the MetadataCache.", name)
}

// NotFound returns the error for a path segment that names no resource.
func NotFound(segment string) *Error {
	return Refuse(http.StatusNotFound, "0x80060888", "Resource not found for the segment '%s'.", segment)
}

// ReadOnly returns the error for a write of what can only be read.
func ReadOnly(w http.ResponseWriter, method string) *Error {
	w.Header().Set("Allow", "GET,HEAD,OPTIONS")
	return WrongMethod(method)
}

// WrongMethod returns the error for an HTTP method that the resource does not support.
func WrongMethod(method string) *Error {
	return Refuse(http.StatusMethodNotAllowed, "0x80060888", "The requested resource does not support http method '%s'.", method)
}

// BadPayload returns the error for a body that does not fit the table.
func BadPayload(set, format string, args ...any) *Error {
	return PayloadError(set, "Microsoft.OData.ODataException: "+format, args...)
}

// PayloadError returns the error for a payload, with the inner exception's text.
func PayloadError(set, format string, args ...any) *Error {
	e := Refuse(http.StatusBadRequest, "0x80048d19", format, args...)
	e.Message = "Error identified in Payload provided by the user for Entity :'" + set +
		"', For more information on this error please follow this help link https://go.microsoft.com/fwlink/?linkid=2195293  ---->  " +
		"InnerException : " + e.Message
	return e
}

// BadCookie returns the error for a paging cookie that cannot be read.
func BadCookie() *Error {
	return Refuse(http.StatusBadRequest, "0x8004112A", "Invalid page number in paging cookie.")
}
