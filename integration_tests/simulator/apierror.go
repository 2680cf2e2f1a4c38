package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// apiError is a refusal of the Web API: an HTTP status, a Dataverse code and a message.
type apiError struct {
	status  int
	code    string
	message string
	name    string // ApiExceptionMessageName, for answers with annotations
}

func (e *apiError) Error() string { return e.code + " " + e.message }

func refuse(status int, code, format string, args ...any) *apiError {
	return &apiError{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

// write sends the error in the shape {"error":{"code","message"}}, with the ErrorDetails members
// that the service adds when annotations are asked for (Microsoft, "Compose HTTP requests and handle errors").
func (e *apiError) write(w http.ResponseWriter, r *http.Request) {
	body := map[string]any{"code": e.code, "message": e.message}
	if wantsAnnotations(r) {
		category := "ClientError"
		if e.status >= http.StatusInternalServerError {
			category = "SystemFailure"
		}
		const details = "@Microsoft.PowerApps.CDS.ErrorDetails."
		body[details+"ApiExceptionCategory"] = category
		body[details+"ApiExceptionHttpStatusCode"] = strconv.Itoa(e.status)
		if e.name != "" {
			body[details+"ApiExceptionMessageName"] = e.name
		}
		body["@Microsoft.PowerApps.CDS.HelpLink"] = "http://go.microsoft.com/fwlink/?LinkID=398563&error=" + e.code
		body["@Microsoft.PowerApps.CDS.InnerError.Message"] = e.message
	}
	raw, err := json.Marshal(map[string]any{"error": body})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; odata.metadata=minimal")
	w.Header().Set("OData-Version", "4.0")
	w.WriteHeader(e.status)
	_, _ = w.Write(raw)
}

func wantsAnnotations(r *http.Request) bool {
	for _, prefer := range r.Header.Values("Prefer") {
		if strings.Contains(prefer, "odata.include-annotations") && strings.Contains(prefer, `"*"`) {
			return true
		}
	}
	return false
}
