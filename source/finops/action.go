package finops

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// action calls an action of data management packages and returns the text that it responds with (Microsoft, "Data management
// package REST API"). The documentation nests the text in two objects named value, and clients have seen it in one: both are read.
func (c *Client) action(ctx context.Context, operation, name string, parameters any, once bool) (string, error) {
	body, err := json.Marshal(parameters)
	if err != nil {
		return "", c.failed(operation, 0, err)
	}
	var text string
	err = c.send(ctx, request{
		operation: operation, method: http.MethodPost, body: body, once: once,
		path: dataPath + "DataManagementDefinitionGroups/Microsoft.Dynamics.DataEntities." + name,
		read: func(body []byte) error {
			var ok bool
			if text, ok = valueOf(body); !ok {
				return &BrokenResponseError{Reason: "it is not the response of the action " + name}
			}
			return nil
		},
	})
	return text, err
}

// valueOf returns the text of a member value, which may be nested.
func valueOf(body []byte) (string, bool) {
	var outer struct {
		Value json.RawMessage `json:"value"`
	}
	if json.Unmarshal(body, &outer) != nil || outer.Value == nil {
		return "", false
	}
	var text *string
	if json.Unmarshal(outer.Value, &text) == nil {
		if text == nil { // null
			return "", true
		}
		return *text, true
	}
	return valueOf(outer.Value)
}

// status returns the status of an execution, and whether the service knows it (yet); if not, the status is Unknown.
func (c *Client) status(ctx context.Context, execution string) (status Status, known bool, err error) {
	text, err := c.action(ctx, "read the status of execution "+execution, "GetExecutionSummaryStatus", map[string]string{"executionId": execution}, false)
	var refused *APIError
	if errors.As(err, &refused) && refused.notFound() {
		return Unknown, false, nil
	}
	return Status(text), err == nil, err
}

// notFound reports whether a refusal is about an execution that the service does not know (yet). The message is that of
// microsoft/Recurring-Integrations-Scheduler, issue 71.
func (e *APIError) notFound() bool {
	return strings.Contains(e.Message, "Execution details were not found") || strings.Contains(e.Message, "for ID") && strings.Contains(e.Message, "not found")
}

// export asks for the export of an execution. reExecute is for executions that have run before, and so never true.
func (c *Client) export(ctx context.Context, x Execution) error {
	_, err := c.action(ctx, "start the export of project "+x.Project+" for company "+x.Company, "ExportToPackage", struct {
		DefinitionGroupID string `json:"definitionGroupId"`
		PackageName       string `json:"packageName"`
		ExecutionID       string `json:"executionId"`
		ReExecute         bool   `json:"reExecute"`
		LegalEntityID     string `json:"legalEntityId"`
	}{x.Project, x.ID, x.ID, false, x.Company}, true)
	return err
}

// messages returns the messages of an execution, grouped: each once, with how often it occurred, the most frequent first. If they
// cannot be retrieved, there are none.
func (c *Client) messages(ctx context.Context, execution string) []string {
	text, err := c.action(ctx, "read the errors of execution "+execution, "GetExecutionErrors", map[string]string{"executionId": execution}, false)
	if err != nil {
		c.log.DebugContext(ctx, "the errors of an execution cannot be retrieved", "execution", execution, "error", err)
		return nil
	}
	return GroupMessages(text)
}
