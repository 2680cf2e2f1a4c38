package webapi

import (
	"encoding/json"
	"net/http"
	"slices"

	"source-microsoft-dataverse/integration_tests/simulator/edit"
	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/query"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
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

// serveBulkDelete carries out a job of deletions and responds with its id. The service works such a job off in the
// background; here it is done at once.
func serveBulkDelete(db *rows.Database, w http.ResponseWriter, r *http.Request, base string) {
	if r.Method != http.MethodPost {
		odata.WrongMethod(r.Method).Write(w, r)
		return
	}
	body, refusal := odata.ReadBody(r)
	id := ""
	if refusal == nil {
		id, refusal = bulkDelete(db, body)
	}
	if refusal != nil {
		refusal.Write(w, r)
		return
	}
	odata.Response(w, base, "BulkDelete", `"JobId":"`+id+`"`)
}

// bulkDelete deletes all rows that the job's queries find, or none, and leaves a row of asyncoperation for the job.
func bulkDelete(db *rows.Database, body []byte) (string, *odata.Error) {
	var job bulkDeleteJob
	if json.Unmarshal(body, &job) != nil || len(job.QuerySet) == 0 {
		return "", odata.BadPayload("BulkDelete", "The parameter 'QuerySet' must hold at least one Microsoft.Dynamics.CRM.QueryExpression.")
	}
	db.Mu.Lock()
	defer db.Mu.Unlock()
	j := &rows.Journal{}
	for _, query := range job.QuerySet {
		s := db.Stores[query.EntityName]
		if s == nil {
			return "", undo(j, odata.UnknownTable(query.EntityName))
		}
		if len(query.Criteria.Filters) > 0 {
			return "", undo(j, odata.BadQuery("Filters inside the Criteria of BulkDelete are not supported by this simulator."))
		}
		if refusal := mayWrite(db, s.Table, "Delete"); refusal != nil {
			return "", undo(j, refusal)
		}
		found, refusal := meeting(s, query.Criteria.Conditions, query.Criteria.FilterOperator == "Or")
		if refusal != nil {
			return "", undo(j, refusal)
		}
		reached := visible(db, db.User(), s)
		for _, r := range found {
			if reached == nil || reached(r) {
				edit.Remove(db, j, s, r)
			}
		}
	}
	return jobDone(db, j, job.JobName), nil
}

func undo(j *rows.Journal, refusal *odata.Error) *odata.Error {
	j.Undo()
	return refusal
}

// jobDone adds the row of a job that has ended, and returns its id.
func jobDone(db *rows.Database, j *rows.Journal, name string) string {
	id, _ := guid.Parse(guid.New())
	if s := db.Stores["asyncoperation"]; s != nil {
		done := edit.Edit{ID: &id, Values: map[string]rows.Value{
			"name": {Json: odata.AppendQuoted(nil, name)}, "statecode": {Json: []byte("3")}, "statuscode": {Json: []byte("30")},
		}}
		if _, refusal := edit.Insert(db, j, s, done); refusal != nil {
			return id.String() // the rows are gone, with or without a trace of the job
		}
	}
	return id.String()
}

// meeting returns the rows that meet all conditions, or any of them.
func meeting(s *rows.Store, conditions []jobCondition, orAny bool) ([]rows.Ref, *odata.Error) {
	tests := make([]query.Condition, 0, len(conditions))
	for _, c := range conditions {
		test, refusal := compileCondition(s, c)
		if refusal != nil {
			return nil, refusal
		}
		tests = append(tests, test)
	}
	var found []rows.Ref
	for r := range s.From(guid.ID{}) {
		failed := slices.ContainsFunc(tests, func(meets query.Condition) bool { return meets(r) == orAny })
		if failed == orAny {
			found = append(found, r)
		}
	}
	return found, nil
}

// compileCondition compiles a ConditionExpression, which names columns by their logical names.
func compileCondition(s *rows.Store, c jobCondition) (query.Condition, *odata.Error) {
	at := slices.IndexFunc(s.Cells, func(cell *rows.Cell) bool { return cell.Column != nil && cell.Column.LogicalName == c.AttributeName })
	if at < 0 {
		return nil, odata.Refuse(http.StatusBadRequest, "0x80041103", "'%s' entity doesn't contain attribute with Name = '%s' and NameMapping = 'Logical'.",
			s.Table.SchemaName, c.AttributeName)
	}
	cell := s.Cells[at]
	values := make([]query.Operand, 0, len(c.Values))
	for _, v := range c.Values {
		o, ok := query.KindOf(cell).Parse(odata.Plain(v.Value))
		if !ok {
			return nil, odata.BadQuery("The value of the condition on '%s' is not of the column's type.", c.AttributeName)
		}
		values = append(values, o)
	}
	among := func(r rows.Ref) bool {
		value := query.OperandOf(s, r, cell)
		return !value.Null && slices.ContainsFunc(values, func(o query.Operand) bool { return value.Compare(o) == 0 })
	}
	switch c.Operator {
	case "Equal", "In":
		return among, nil
	case "NotEqual", "NotIn":
		return func(r rows.Ref) bool { return !among(r) }, nil
	case "Null":
		return func(r rows.Ref) bool { return query.OperandOf(s, r, cell).Null }, nil
	case "NotNull":
		return func(r rows.Ref) bool { return !query.OperandOf(s, r, cell).Null }, nil
	default:
		return nil, odata.BadQuery("The operator '%s' is not supported by this simulator.", c.Operator)
	}
}
