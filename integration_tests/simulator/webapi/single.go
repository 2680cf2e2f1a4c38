package webapi

import (
	"net/http"
	"strconv"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/edit"
	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/query"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// matching counts the rows that meet a condition, at most one more than a count may show.
func matching(s *rows.Store, match query.Condition) int {
	if match == nil {
		return s.Count()
	}
	n := 0
	for r := range s.From(guid.ID{}) {
		if match(r) {
			if n++; n > odata.MaxPage {
				break
			}
		}
	}
	return n
}

// countRows serves $count: the number of rows as text, at most 5,000, or with a delta token the number of changes
// (Microsoft, "Count number of rows").
func countRows(db *rows.Database, c *call) (*odata.Reply, *odata.Error) {
	w, refusal := plan(db, c)
	if refusal != nil {
		return nil, refusal
	}
	n := 0
	if c.query.Present["$deltatoken"] {
		d, refusal := changesSince(db, w)
		if refusal != nil {
			return nil, refusal
		}
		if d != nil {
			n = d.count()
		} else {
			n = min(c.store.Count(), odata.MaxPage)
		}
	} else {
		n = min(matching(c.store, w.match), odata.MaxPage)
	}
	reply := odata.NewReply(http.StatusOK)
	reply.Header.Set("Content-Type", "text/plain")
	reply.Body = strconv.AppendInt(nil, int64(n), 10)
	return reply, nil
}

// single serves a request for a row by its key.
func single(db *rows.Database, c *call) (*odata.Reply, *odata.Error) {
	for _, name := range []string{"$filter", "$orderby", "$top", "$count", "$skiptoken", "$deltatoken"} {
		if c.query.Present[name] {
			return nil, odata.BadQuery("The query parameter %s is not supported", name)
		}
	}
	r, refusal := readable(db, c)
	if refusal != nil {
		return nil, refusal
	}
	show, refusal := shown(db, c.user, c.store, c.query.Selected, c.query.Expanded, maxExpansions)
	if refusal != nil {
		return nil, refusal
	}
	if known := c.http.Header.Get("If-None-Match"); known != "" && known == etag(c.store, r) {
		return odata.NewReply(http.StatusNotModified), nil
	}
	return odata.NewReply(http.StatusOK).JSON(entity(db, c, show, r)).Preference(c.prefer.Applied(false)), nil
}

// readable returns the row of a request's key, if the user may read it.
func readable(db *rows.Database, c *call) (rows.Ref, *odata.Error) {
	r, refusal := edit.At(c.store, c.key)
	if refusal != nil {
		return r, refusal
	}
	if visible := visible(db, c.user, c.store); visible != nil && !visible(r) {
		return r, accessDenied(c.user, r)
	}
	return r, nil
}

// entity returns a single row as JSON.
func entity(db *rows.Database, c *call, show showing, r rows.Ref) []byte {
	body := odata.AppendQuoted([]byte(`{"@odata.context":`), c.base+"/$metadata#"+c.store.Table.EntitySetName+show.context+"/$entity")
	rows := newRowWriter(db, c.store, show, c.prefer)
	if members := rows.members(nil, r); len(members) > 0 {
		body = append(append(body, ','), members...)
	}
	return append(body, '}')
}

// property serves a request for one property of a row, or for its bare value.
func property(db *rows.Database, c *call) (*odata.Reply, *odata.Error) {
	r, refusal := readable(db, c)
	if refusal != nil {
		return nil, refusal
	}
	if column := edit.Navigation(c.store, strings.TrimSuffix(c.rest, "/$ref")); column != nil {
		return relatedRow(db, c, r, column)
	}
	name, bare := strings.CutSuffix(c.rest, "/$value")
	cell := c.store.CellOf(name)
	if cell == nil {
		return nil, odata.NotFound(name)
	}
	value := c.store.AppendValue(nil, r, cell)
	if len(value) == 0 {
		return odata.NewReply(http.StatusNoContent), nil
	}
	if bare {
		reply := odata.NewReply(http.StatusOK)
		reply.Header.Set("Content-Type", "text/plain")
		reply.Body = []byte(odata.Plain(value))
		return reply, nil
	}
	context := c.base + "/$metadata#" + c.store.Table.EntitySetName + "(" + r.ID.String() + ")/" + name
	body := odata.AppendQuoted([]byte(`{"@odata.context":`), context)
	body = append(append(append(body, `,"value":`...), value...), '}')
	return odata.NewReply(http.StatusOK).JSON(body), nil
}

// relatedRow serves a request for the row that a lookup points to, or with $ref for its address.
func relatedRow(db *rows.Database, c *call, r rows.Ref, column *schema.Column) (*odata.Reply, *odata.Error) {
	name, byReference := strings.CutSuffix(c.rest, "/$ref")
	to, found := c.store.Points(r, c.store.CellOf(column.Property()))
	if !found || schema.NavigationName(c.store.Table, column, to.Table) != name {
		return odata.NewReply(http.StatusNoContent), nil
	}
	target := db.Stores[to.Table]
	if target == nil || target.Table.EntitySetName == "" {
		return nil, odata.NotFound(name)
	}
	if refusal := mayRead(db, c.user, target.Table); refusal != nil {
		return nil, refusal
	}
	row, found := target.Find(to.ID)
	if !found {
		return nil, edit.NoSuchRow(target, to.ID)
	}
	if byReference {
		body := odata.AppendQuoted([]byte(`{"@odata.context":`), c.base+"/$metadata#$ref")
		body = odata.AppendQuoted(append(body, `,"@odata.id":`...), c.base+"/"+edit.Address(target, row))
		return odata.NewReply(http.StatusOK).JSON(append(body, '}')), nil
	}
	show, refusal := shown(db, c.user, target, c.query.Selected, c.query.Expanded, maxExpansions)
	if refusal != nil {
		return nil, refusal
	}
	there := *c
	there.store = target
	return odata.NewReply(http.StatusOK).JSON(entity(db, &there, show, row)).Preference(c.prefer.Applied(false)), nil
}
