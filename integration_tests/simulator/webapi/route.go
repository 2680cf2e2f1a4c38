package webapi

import (
	"cmp"
	"net/http"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/edit"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

// call is a request for rows of a table.
type call struct {
	http   *http.Request
	user   string // systemuserid
	base   string // of the Web API as it was called, without a slash at the end
	store  *rows.Store
	query  odata.RowQuery
	prefer odata.Preferences
	key    *edit.RowKey // nil: the whole entity set
	rest   string       // the path after the set or the key, without its slash
	body   []byte
}

// serveRows serves requests for rows: entity sets, single rows by key, $count, the actions on many rows, and $ref.
// base is the address of the Web API as called, path what follows it.
func serveRows(db *rows.Database, w http.ResponseWriter, r *http.Request, base, path string) {
	if w.Header().Get("Date") == "" {
		w.Header().Set("Date", db.Now().Format(http.TimeFormat))
	}
	if isFile(r) && serveFile(db, w, r, base, path) {
		return
	}
	reply, refusal := Respond(db, r, base, path)
	if refusal != nil {
		refusal.Write(w, r)
		return
	}
	reply.Send(w)
	GiveBack(db, reply)
}

// lend returns an empty body with the capacity of one that was sent before, because a page of wide rows has megabytes.
func lend(db *rows.Database) *[]byte {
	if body, ok := db.Bodies.Get().(*[]byte); ok {
		return body
	}
	return new([]byte)
}

// GiveBack returns the body of a reply that was sent to the pool.
func GiveBack(db *rows.Database, sent *odata.Reply) {
	if sent.Lent != nil {
		*sent.Lent = sent.Body[:0]
		db.Bodies.Put(sent.Lent)
	}
}

// Respond reads a request for rows and carries it out under the lock. A refusal is an error in place of the reply. The
// caller returns the reply with GiveBack once it is sent.
func Respond(db *rows.Database, r *http.Request, base, path string) (*odata.Reply, *odata.Error) {
	body, refusal := odata.ReadBody(r)
	if refusal != nil {
		return nil, refusal
	}
	query, refusal := odata.ParseRowQuery(r.URL.RawQuery, db.Behaviors.ExactLinks)
	if refusal != nil {
		return nil, refusal
	}
	c := &call{http: r, user: cmp.Or(odata.UserOf(r), db.User()), base: base, query: query, prefer: odata.ReadPreferences(r), body: body}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		db.Mu.RLock()
		defer db.Mu.RUnlock()
		if refusal := route(db, c, path); refusal != nil {
			return nil, refusal
		}
		return read(db, c)
	}
	reply, commit, refusal := change(db, c, path)
	if refusal == nil {
		commit.wait(r)
	}
	return reply, refusal
}

// change carries out a write under the lock. It is visible once its commit has been waited for.
func change(db *rows.Database, c *call, path string) (*odata.Reply, lateCommit, *odata.Error) {
	db.Mu.Lock()
	defer db.Mu.Unlock()
	if refusal := route(db, c, path); refusal != nil {
		return nil, lateCommit{}, refusal
	}
	j := &rows.Journal{}
	reply, refusal := write(db, j, c)
	if refusal != nil {
		j.Undo()
		return nil, lateCommit{}, refusal
	}
	return reply, holdBack(db, j), nil
}

// route finds the table, the key and the rest of a path. The caller holds the lock.
func route(db *rows.Database, c *call, path string) *odata.Error {
	path = strings.TrimPrefix(path, "/")
	end := strings.IndexAny(path, "(/")
	if end < 0 {
		end = len(path)
	}
	if c.store = db.Sets[path[:end]]; c.store == nil {
		return odata.NotFound(path[:end])
	}
	rest := path[end:]
	if strings.HasPrefix(rest, "(") {
		inside, behind, closed := strings.Cut(rest[1:], ")")
		if !closed {
			return odata.BadQuery("')' or ',' expected at position %d in '%s'.", len(rest), rest)
		}
		key, refusal := edit.ParseKey(c.store, inside)
		if refusal != nil {
			return refusal
		}
		if c.query.Partition != nil {
			key.Partition = c.query.Partition
		}
		c.key, rest = key, behind
	}
	if rest != "" && !strings.HasPrefix(rest, "/") {
		return odata.NotFound(rest)
	}
	c.rest = strings.TrimPrefix(rest, "/")
	return nil
}

// read serves a GET. The caller holds the lock for reading.
func read(db *rows.Database, c *call) (*odata.Reply, *odata.Error) {
	if refusal := mayRead(db, c.user, c.store.Table); refusal != nil {
		return nil, refusal
	}
	switch {
	case c.key == nil && c.rest == "":
		return list(db, c)
	case c.key == nil && c.rest == "$count":
		return countRows(db, c)
	case c.key != nil && c.rest == "":
		return single(db, c)
	case c.key != nil:
		return property(db, c)
	default:
		return nil, odata.NotFound(c.rest)
	}
}
