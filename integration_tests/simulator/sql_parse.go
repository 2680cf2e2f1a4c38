package simulator

import (
	"net/http"
	"strconv"
	"strings"
)

// statement is a SELECT in the part of SQL that the Web API's query option sql takes here: columns or COUNT(*) of one
// table, WHERE, ORDER BY and TOP.
type statement struct {
	table  string
	items  []selectItem
	filter string // as a $filter has it
	order  string // as an $orderby has it
	top    int    // -1: all
}

type selectItem struct {
	name string // in the answer
	cell *cell  // nil: COUNT(*)
}

// sqlParser reads a statement word by word.
type sqlParser struct {
	words []filterToken
	next  int
	store *store
}

func parseSQL(s *store, text string) (*statement, *apiError) {
	words, refusal := sqlWords(text)
	if refusal != nil {
		return nil, refusal
	}
	p := &sqlParser{words: words, store: s}
	q := &statement{top: -1}
	if !p.take("select") {
		return nil, p.wrong()
	}
	if refusal := p.selection(q); refusal != nil {
		return nil, refusal
	}
	if !p.take("from") {
		return nil, p.wrong()
	}
	q.table = strings.ToLower(p.word())
	if p.take("where") {
		if q.filter, refusal = p.condition(); refusal != nil {
			return nil, refusal
		}
	}
	if p.take("order") {
		if q.order, refusal = p.ordering(); refusal != nil {
			return nil, refusal
		}
	}
	if p.next < len(p.words) {
		return nil, p.wrong()
	}
	return q, nil
}

// sqlWords cuts a statement into words, quoted texts, operators and brackets.
func sqlWords(text string) ([]filterToken, *apiError) {
	const operators = "=<>!"
	var words []filterToken
	for i := 0; i < len(text); {
		start := i
		switch c := text[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			continue
		case c == '\'':
			value, length := quotedString(text[i:])
			if length == 0 {
				return nil, sqlRefused("unterminated text at position " + strconv.Itoa(i))
			}
			words = append(words, filterToken{text: value, quoted: true, at: i})
			i += length
			continue
		case strings.IndexByte(operators, c) >= 0:
			for i < len(text) && strings.IndexByte(operators, text[i]) >= 0 {
				i++
			}
		case c == '*' || c == '(' || c == ')' || c == ',':
			i++
		default:
			if i += wordLength(text[i:]); i == start {
				return nil, sqlRefused("character '" + string(c) + "' at position " + strconv.Itoa(i))
			}
		}
		words = append(words, filterToken{text: text[start:i], at: start})
	}
	return words, nil
}

// sqlRefused is the answer to a statement that is not taken.
func sqlRefused(why string) *apiError {
	return refuse(http.StatusBadRequest, "0x8006088A", "Invalid SQL query: %s.", why)
}

func (p *sqlParser) wrong() *apiError {
	if p.next >= len(p.words) {
		return sqlRefused("it ends too early")
	}
	return sqlRefused("'" + p.words[p.next].text + "' is not expected at position " + strconv.Itoa(p.words[p.next].at))
}

// take goes past a word, whatever its case.
func (p *sqlParser) take(word string) bool {
	if p.next < len(p.words) && !p.words[p.next].quoted && strings.EqualFold(p.words[p.next].text, word) {
		p.next++
		return true
	}
	return false
}

// word takes the next word, empty at the end.
func (p *sqlParser) word() string {
	if p.next >= len(p.words) {
		return ""
	}
	p.next++
	return p.words[p.next-1].text
}

// column takes the name of a column, with or without its table in front.
func (p *sqlParser) column() (string, *cell, *apiError) {
	given := p.word()
	name := strings.ToLower(given[strings.LastIndex(given, ".")+1:])
	c, refusal := p.store.byLogicalName(name)
	return name, c, refusal
}

func (p *sqlParser) selection(q *statement) *apiError {
	if p.take("top") {
		n, err := strconv.Atoi(p.word())
		if err != nil || n < 0 {
			return sqlRefused("TOP needs a number")
		}
		q.top = n
	}
	for {
		var item selectItem
		if p.take("count") {
			if !p.take("(") || !p.take("*") || !p.take(")") {
				return p.wrong()
			}
			item.name = "count"
		} else {
			name, c, refusal := p.column()
			if refusal != nil {
				return refusal
			}
			item = selectItem{name: name, cell: c}
		}
		if p.take("as") {
			item.name = p.word()
		}
		if q.items = append(q.items, item); !p.take(",") {
			return nil
		}
	}
}

// condition reads comparisons joined by AND, OR, NOT and brackets.
func (p *sqlParser) condition() (string, *apiError) {
	var b strings.Builder
	for {
		for p.take("not") {
			b.WriteString("not ")
		}
		var part string
		var refusal *apiError
		if p.take("(") {
			if part, refusal = p.condition(); refusal == nil && !p.take(")") {
				refusal = p.wrong()
			}
			part = "(" + part + ")"
		} else {
			part, refusal = p.comparison()
		}
		if refusal != nil {
			return "", refusal
		}
		b.WriteString(part)
		switch {
		case p.take("and"):
			b.WriteString(" and ")
		case p.take("or"):
			b.WriteString(" or ")
		default:
			return b.String(), nil
		}
	}
}

func (p *sqlParser) comparison() (string, *apiError) {
	_, c, refusal := p.column()
	if refusal != nil {
		return "", refusal
	}
	if p.take("is") {
		operator := "null"
		if p.take("not") {
			operator = "not-null"
		}
		if !p.take("null") {
			return "", p.wrong()
		}
		return asFilter(c, operator, nil)
	}
	negation := ""
	if p.take("not") {
		negation = "not-"
	}
	switch {
	case p.take("like"):
		return asFilter(c, negation+"like", []string{p.word()})
	case p.take("in"):
		values, refusal := p.list()
		if refusal != nil {
			return "", refusal
		}
		return asFilter(c, negation+"in", values)
	}
	at := p.next
	operator := map[string]string{"=": "eq", "<>": "ne", "!=": "ne", ">": "gt", ">=": "ge", "<": "lt", "<=": "le"}[p.word()]
	if operator == "" {
		p.next = at
	}
	if operator == "" || p.next >= len(p.words) {
		return "", p.wrong()
	}
	return asFilter(c, operator, []string{p.word()})
}

func (p *sqlParser) list() ([]string, *apiError) {
	if !p.take("(") {
		return nil, p.wrong()
	}
	var values []string
	for {
		if values = append(values, p.word()); p.take(")") {
			return values, nil
		}
		if !p.take(",") {
			return nil, p.wrong()
		}
	}
}

func (p *sqlParser) ordering() (string, *apiError) {
	if !p.take("by") {
		return "", p.wrong()
	}
	var parts []string
	for {
		_, c, refusal := p.column()
		if refusal != nil {
			return "", refusal
		}
		part := c.property
		if p.take("desc") {
			part += " desc"
		} else {
			p.take("asc")
		}
		if parts = append(parts, part); !p.take(",") {
			return strings.Join(parts, ","), nil
		}
	}
}
