package finops

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// parameter is a parameter of an action; boolean ones are true or false and not text.
type parameter struct {
	name    string
	boolean bool
}

// action is an action on projects. It returns its value.
type action struct {
	parameters []parameter
	call       func(c *call, arguments map[string]string) (string, *refusal)
}

// refusal is an error in the environment's words.
type refusal struct {
	status  int
	message string
}

func refuse(status int, format string, args ...any) *refusal {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// actionOf returns an action; false if there is none of that name.
func actionOf(name string) (action, bool) {
	id := []parameter{{name: "executionId"}}
	export := []parameter{
		{name: "definitionGroupId"}, {name: "packageName"}, {name: "executionId"}, {name: "reExecute", boolean: true}, {name: "legalEntityId"},
	}
	a, found := map[string]action{
		"ExportToPackage":           {export, (*call).exportToPackage},
		"ExportToPackageAsync":      {export, (*call).exportToPackage},
		"GetExecutionSummaryStatus": {id, (*call).getStatus},
		"GetExportedPackageUrl":     {id, (*call).getURL},
		"GetExecutionErrors":        {id, (*call).getErrors},
		"GetExecutionSummaryPageUrl": {id, func(c *call, arguments map[string]string) (string, *refusal) {
			return c.base + "/?cmp=USMF&mi=DM_ExecutionSummary&q=" + arguments["executionId"], nil
		}},
	}[name]
	return a, found
}

// serveAction serves an action: POST with all its parameters in a JSON object.
func (c *call) serveAction(name string) {
	a, found := actionOf(name)
	switch {
	case !found:
		c.refuse(refuse(http.StatusNotFound, "No HTTP resource was found that matches the request URI '%s'.", c.base+c.r.URL.Path))
		return
	case c.r.Method != http.MethodPost:
		c.refuse(refuse(http.StatusMethodNotAllowed, "The requested resource does not support http method '%s'.", c.r.Method))
		return
	}
	arguments, err := c.arguments(name, a.parameters)
	var value string
	if err == nil {
		value, err = a.call(c, arguments)
	}
	if err != nil {
		c.refuse(err)
		return
	}
	type reply struct {
		Context string `json:"@odata.context"`
		Value   any    `json:"value"`
	}
	c.environment.mu.Lock()
	nested := c.environment.options.Behaviors.NestedValue
	c.environment.mu.Unlock()
	if nested {
		c.json(http.StatusOK, reply{c.base + "/data/$metadata#Edm.String", map[string]string{"value": value}})
		return
	}
	c.json(http.StatusOK, reply{c.base + "/data/$metadata#Edm.String", value})
}

// arguments reads the body of an action.
func (c *call) arguments(name string, parameters []parameter) (map[string]string, *refusal) {
	const largest = 1 << 20
	raw, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, largest))
	var body map[string]any
	if err != nil || !strings.HasPrefix(c.r.Header.Get("Content-Type"), "application/json") || json.Unmarshal(raw, &body) != nil {
		return nil, refuse(http.StatusBadRequest, "The request body is not valid JSON.")
	}
	for given := range body {
		if !slices.ContainsFunc(parameters, func(p parameter) bool { return p.name == given }) {
			return nil, refuse(http.StatusBadRequest, "The parameter '%s' in the request payload is not a valid parameter for the operation '%s'.", given, name)
		}
	}
	arguments := map[string]string{}
	for _, p := range parameters {
		text, isText := body[p.name].(string)
		truth, isTruth := body[p.name].(bool)
		switch {
		case p.boolean && isTruth:
			arguments[p.name] = fmt.Sprint(truth)
		case !p.boolean && isText:
			arguments[p.name] = text
		case body[p.name] == nil:
			return nil, refuse(http.StatusBadRequest, "Exception occurred while executing action %s on Entity DataManagementDefinitionGroup: "+
				"Value cannot be null.\r\nParameter name: %s", name, p.name)
		default:
			return nil, refuse(http.StatusBadRequest, "Cannot convert the value of parameter '%s' to the expected type.", p.name)
		}
	}
	return arguments, nil
}

// exportToPackage begins a run of a project. An empty execution id has one made.
func (c *call) exportToPackage(arguments map[string]string) (string, *refusal) {
	e := c.environment
	q := request{
		project: arguments["definitionGroupId"], packageName: arguments["packageName"], id: arguments["executionId"],
		reExecute: arguments["reExecute"] == "true", company: arguments["legalEntityId"],
	}
	if q.id == "" {
		// Ids that are made in the same second are equal (Microsoft, "Data entities and packages framework").
		q.id = q.project + "-" + e.now().Format("2006-01-02T15:04:05")
	}
	e.mu.Lock()
	err := e.start(q, c.client)
	waits, end := e.options.Behaviors.Waits, time.Duration(0)
	if r := e.execution(q.id); r != nil {
		end = r.ends.Sub(e.now())
	}
	e.mu.Unlock()
	if err != nil {
		return "", refuse(http.StatusBadRequest, "%s", err.Error())
	}
	if waits && end > 0 {
		timer := time.NewTimer(end)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.r.Context().Done():
		}
	}
	return q.id, nil
}

// detailsNotFound is the error for an execution that does not exist, does not exist yet, or was cleaned up.
func detailsNotFound(action, id string) *refusal {
	return refuse(http.StatusBadRequest, "Exception occurred while executing action %s on Entity DataManagementDefinitionGroup: "+
		"Execution details were not found for execution id: %s", action, id)
}

func (c *call) getStatus(arguments map[string]string) (string, *refusal) {
	e := c.environment
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.execution(arguments["executionId"])
	if r == nil {
		return "", detailsNotFound("GetExecutionSummaryStatus", arguments["executionId"])
	}
	return string(r.status(e.now())), nil
}

// getURL returns a new URL of a package, empty if there is none yet or ever.
func (c *call) getURL(arguments map[string]string) (string, *refusal) {
	e := c.environment
	e.mu.Lock()
	defer e.mu.Unlock()
	r, now := e.execution(arguments["executionId"]), e.now()
	switch {
	case r == nil:
		return "", detailsNotFound("GetExportedPackageUrl", arguments["executionId"])
	case r.blob == nil, r.outcome.NoURL, r.status(now) != r.ended, now.Before(r.ends.Add(e.options.Behaviors.URLDelay)):
		return "", nil
	}
	return e.urlOf(r.blob, c.blobs), nil
}

// getErrors returns a list of errors as text. Its messages are not escaped, so that it is not always JSON.
func (c *call) getErrors(arguments map[string]string) (string, *refusal) {
	e := c.environment
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.execution(arguments["executionId"])
	if r == nil {
		return "", detailsNotFound("GetExecutionErrors", arguments["executionId"])
	}
	var list []string
	for _, m := range r.messages() {
		text := m.Text
		if e.options.Behaviors.EscapedErrors {
			quoted, _ := json.Marshal(text) // a string always marshals
			text = string(quoted[1 : len(quoted)-1])
		}
		list = append(list, `{"RecordId":"`+m.RecordID+`","Field":"`+m.Field+`","ErrorMessage":"`+text+`"}`)
	}
	return "[" + strings.Join(list, ",") + "]", nil
}
