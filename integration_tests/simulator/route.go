package simulator

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
)

// call is a request for rows of a table.
type call struct {
	http   *http.Request
	base   string // of the Web API as it was called, without a slash at the end
	store  *store
	query  rowQuery
	prefer preferences
	key    *rowKey // nil: the whole entity set
	rest   string  // the path behind the set or the key, without its slash
	body   []byte
}

// reply is an answer in the making. It is sent once the environment is unlocked.
type reply struct {
	status int
	header http.Header
	body   []byte
	lent   *[]byte // what holds the body, to be given back; nil if nothing does
}

func newReply(status int) *reply { return &reply{status: status, header: http.Header{}} }

// json is an answer with a body of JSON.
func (r *reply) json(body []byte) *reply {
	jsonHeaders(r.header)
	r.body = body
	return r
}

func (r *reply) preference(applied string) *reply {
	if applied != "" {
		r.header.Set("Preference-Applied", applied)
	}
	return r
}

func (r *reply) send(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	setODataVersion(w.Header())
	if len(r.body) > 0 {
		w.Header().Set("Content-Length", strconv.Itoa(len(r.body)))
	}
	w.WriteHeader(r.status)
	// A client that has gone away gets no answer, and nothing else depends on it.
	_, _ = w.Write(r.body)
}

// serveRows answers requests for rows: entity sets, single rows by key, $count, the actions on many rows, and $ref.
// base is the address of the Web API as called, path what follows it.
func (e *Environment) serveRows(w http.ResponseWriter, r *http.Request, base, path string) {
	if w.Header().Get("Date") == "" {
		w.Header().Set("Date", e.now().Format(http.TimeFormat))
	}
	if isFile(r) && e.serveFile(w, r, base, path) {
		return
	}
	answer, refusal := e.answer(r, base, path)
	if refusal != nil {
		refusal.write(w, r)
		return
	}
	answer.send(w)
	e.giveBack(answer)
}

// lend is an empty body with the room of one that was sent before, for a page of wide rows has megabytes.
func (e *Environment) lend() *[]byte {
	if body, ok := e.bodies.Get().(*[]byte); ok {
		return body
	}
	return new([]byte)
}

func (e *Environment) giveBack(sent *reply) {
	if sent.lent != nil {
		*sent.lent = sent.body[:0]
		e.bodies.Put(sent.lent)
	}
}

// answer reads the request whole, and then carries it out under the lock.
func (e *Environment) answer(r *http.Request, base, path string) (*reply, *apiError) {
	body, refusal := readBody(r)
	if refusal != nil {
		return nil, refusal
	}
	query, refusal := e.parseRowQuery(r.URL.RawQuery)
	if refusal != nil {
		return nil, refusal
	}
	c := &call{http: r, base: base, query: query, prefer: readPreferences(r), body: body}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		e.mu.RLock()
		defer e.mu.RUnlock()
		if refusal := e.route(c, path); refusal != nil {
			return nil, refusal
		}
		return e.read(c)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if refusal := e.route(c, path); refusal != nil {
		return nil, refusal
	}
	j := &journal{}
	answer, refusal := e.write(j, c)
	if refusal != nil {
		j.undo()
	}
	return answer, refusal
}

// readBody takes the request's body, which must be JSON where there is one.
func readBody(r *http.Request) ([]byte, *apiError) {
	if r.Body == nil {
		return nil, nil
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(r.Body); err != nil {
		return nil, badPayload("", "The request body could not be read.")
	}
	media := strings.TrimSpace(strings.Split(r.Header.Get("Content-Type"), ";")[0])
	if b.Len() > 0 && !strings.EqualFold(media, "application/json") {
		return nil, refuse(http.StatusUnsupportedMediaType, "0x80060888",
			"A supported MIME type could not be found that matches the content type of the request. None of the supported type(s) matches the content type '%s'.", media)
	}
	return b.Bytes(), nil
}

// route finds the table, the key and the rest of a path. The caller holds the lock.
func (e *Environment) route(c *call, path string) *apiError {
	path = strings.TrimPrefix(path, "/")
	end := strings.IndexAny(path, "(/")
	if end < 0 {
		end = len(path)
	}
	if c.store = e.sets[path[:end]]; c.store == nil {
		return notFound(path[:end])
	}
	rest := path[end:]
	if strings.HasPrefix(rest, "(") {
		inside, behind, closed := strings.Cut(rest[1:], ")")
		if !closed {
			return badQuery("')' or ',' expected at position %d in '%s'.", len(rest), rest)
		}
		key, refusal := c.store.parseKey(inside)
		if refusal != nil {
			return refusal
		}
		if c.query.partition != nil {
			key.partition = c.query.partition
		}
		c.key, rest = key, behind
	}
	if rest != "" && !strings.HasPrefix(rest, "/") {
		return notFound(rest)
	}
	c.rest = strings.TrimPrefix(rest, "/")
	return nil
}

// read answers a GET. The caller holds the lock for reading.
func (e *Environment) read(c *call) (*reply, *apiError) {
	if refusal := e.mayRead(c.store.table); refusal != nil {
		return nil, refusal
	}
	switch {
	case c.key == nil && c.rest == "":
		return e.list(c)
	case c.key == nil && c.rest == "$count":
		return e.countRows(c)
	case c.key != nil && c.rest == "":
		return e.single(c)
	case c.key != nil:
		return e.property(c)
	default:
		return nil, notFound(c.rest)
	}
}
