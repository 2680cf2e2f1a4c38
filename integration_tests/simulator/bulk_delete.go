package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
)

// bulkDeleteJob is the body of the action BulkDelete, as far as it is carried out here (Web API reference, BulkDelete
// and QueryExpression).
type bulkDeleteJob struct {
	JobName  string
	QuerySet []struct {
		EntityName string
		Criteria   struct {
			FilterOperator string
			Conditions     []jobCondition
			Filters        []json.RawMessage
		}
	}
}

type jobCondition struct {
	AttributeName string
	Operator      string
	Values        []struct{ Value json.RawMessage }
}

// serveBulkDelete carries out a job of deletions and answers with its id. The service works such a job off in the
// background; here it is done at once.
func (e *Environment) serveBulkDelete(w http.ResponseWriter, r *http.Request, base string) {
	if r.Method != http.MethodPost {
		wrongMethod(r.Method).write(w, r)
		return
	}
	body, refusal := readBody(r)
	id := ""
	if refusal == nil {
		id, refusal = e.bulkDelete(body)
	}
	if refusal != nil {
		refusal.write(w, r)
		return
	}
	response(w, base, "BulkDelete", `"JobId":"`+id+`"`)
}

// bulkDelete deletes all rows that the job's queries find, or none, and leaves a row of asyncoperation for the job.
func (e *Environment) bulkDelete(body []byte) (string, *apiError) {
	var job bulkDeleteJob
	if json.Unmarshal(body, &job) != nil || len(job.QuerySet) == 0 {
		return "", badPayload("BulkDelete", "The parameter 'QuerySet' must hold at least one Microsoft.Dynamics.CRM.QueryExpression.")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	j := &journal{}
	for _, query := range job.QuerySet {
		s := e.stores[query.EntityName]
		if s == nil {
			return "", undo(j, unknownTable(query.EntityName))
		}
		if len(query.Criteria.Filters) > 0 {
			return "", undo(j, badQuery("Filters inside the Criteria of BulkDelete are not supported by this simulator."))
		}
		if refusal := e.mayWrite(s.table, "Delete"); refusal != nil {
			return "", undo(j, refusal)
		}
		found, refusal := s.meeting(query.Criteria.Conditions, query.Criteria.FilterOperator == "Or")
		if refusal != nil {
			return "", undo(j, refusal)
		}
		reached := e.visible(s)
		for _, r := range found {
			if reached == nil || reached(r) {
				e.delete(j, s, r)
			}
		}
	}
	return e.jobDone(j, job.JobName), nil
}

func undo(j *journal, refusal *apiError) *apiError {
	j.undo()
	return refusal
}

// jobDone leaves the trace of a job that has ended, and gives its id.
func (e *Environment) jobDone(j *journal, name string) string {
	id, _ := parseRowID(newRequestID())
	if s := e.stores["asyncoperation"]; s != nil {
		done := edit{id: &id, values: map[string]storedValue{
			"name": {json: appendQuoted(nil, name)}, "statecode": {json: []byte("3")}, "statuscode": {json: []byte("30")},
		}}
		if _, refusal := e.create(j, s, done); refusal != nil {
			return id.String() // the rows are gone, with or without a trace of the job
		}
	}
	return id.String()
}

// meeting are the rows that meet all conditions, or any of them.
func (s *store) meeting(conditions []jobCondition, orAny bool) ([]ref, *apiError) {
	tests := make([]condition, 0, len(conditions))
	for _, c := range conditions {
		test, refusal := s.jobCondition(c)
		if refusal != nil {
			return nil, refusal
		}
		tests = append(tests, test)
	}
	var found []ref
	for r := range s.from(rowID{}) {
		failed := slices.ContainsFunc(tests, func(meets condition) bool { return meets(r) == orAny })
		if failed == orAny {
			found = append(found, r)
		}
	}
	return found, nil
}

// jobCondition compiles a ConditionExpression, which names columns by their logical names.
func (s *store) jobCondition(c jobCondition) (condition, *apiError) {
	at := slices.IndexFunc(s.cells, func(cell *cell) bool { return cell.column != nil && cell.column.LogicalName == c.AttributeName })
	if at < 0 {
		return nil, refuse(http.StatusBadRequest, "0x80041103", "'%s' entity doesn't contain attribute with Name = '%s' and NameMapping = 'Logical'.",
			s.table.SchemaName, c.AttributeName)
	}
	cell := s.cells[at]
	values := make([]operand, 0, len(c.Values))
	for _, v := range c.Values {
		o, ok := kindOf(cell).parse(plain(v.Value))
		if !ok {
			return nil, badQuery("The value of the condition on '%s' is not of the column's type.", c.AttributeName)
		}
		values = append(values, o)
	}
	among := func(r ref) bool {
		value := s.operandOf(r, cell)
		return !value.null && slices.ContainsFunc(values, func(o operand) bool { return value.compare(o) == 0 })
	}
	switch c.Operator {
	case "Equal", "In":
		return among, nil
	case "NotEqual", "NotIn":
		return func(r ref) bool { return !among(r) }, nil
	case "Null":
		return func(r ref) bool { return s.operandOf(r, cell).null }, nil
	case "NotNull":
		return func(r ref) bool { return !s.operandOf(r, cell).null }, nil
	default:
		return nil, badQuery("The operator '%s' is not supported by this simulator.", c.Operator)
	}
}
