package query

import (
	"net/http"
	"strconv"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

// Statement is a SELECT in the part of SQL that the query option sql supports here: columns or COUNT(*) of one
// table, WHERE, ORDER BY and TOP.
type Statement struct {
	Table  string
	Items  []SelectItem
	Filter string // as a $filter has it
	Order  string // as an $orderby has it
	Top    int    // -1: all
}

// SelectItem is one column of a SELECT, or COUNT(*).
type SelectItem struct {
	Name string     // in the response
	Cell *rows.Cell // nil: COUNT(*)
}

// sqlParser reads a statement word by word.
type sqlParser struct {
	words []odata.FilterToken
	next  int
	store *rows.Store
}

// ParseSQL reads a SELECT over the rows of a store.
func ParseSQL(s *rows.Store, text string) (*Statement, *odata.Error) {
	words, refusal := sqlWords(text)
	if refusal != nil {
		return nil, refusal
	}
	p := &sqlParser{words: words, store: s}
	q := &Statement{Top: -1}
	if !p.take("select") {
		return nil, p.wrong()
	}
	if refusal := p.selection(q); refusal != nil {
		return nil, refusal
	}
	if !p.take("from") {
		return nil, p.wrong()
	}
	q.Table = strings.ToLower(p.word())
	if p.take("where") {
		if q.Filter, refusal = p.condition(); refusal != nil {
			return nil, refusal
		}
	}
	if p.take("order") {
		if q.Order, refusal = p.ordering(); refusal != nil {
			return nil, refusal
		}
	}
	if p.next < len(p.words) {
		return nil, p.wrong()
	}
	return q, nil
}

// sqlWords cuts a statement into words, quoted texts, operators and brackets.
func sqlWords(text string) ([]odata.FilterToken, *odata.Error) {
	const operators = "=<>!"
	var words []odata.FilterToken
	for i := 0; i < len(text); {
		start := i
		switch c := text[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			continue
		case c == '\'':
			value, length := odata.QuotedString(text[i:])
			if length == 0 {
				return nil, SQLRefused("unterminated text at position " + strconv.Itoa(i))
			}
			words = append(words, odata.FilterToken{Text: value, Quoted: true, At: i})
			i += length
			continue
		case strings.IndexByte(operators, c) >= 0:
			for i < len(text) && strings.IndexByte(operators, text[i]) >= 0 {
				i++
			}
		case c == '*' || c == '(' || c == ')' || c == ',':
			i++
		default:
			if i += odata.WordLength(text[i:]); i == start {
				return nil, SQLRefused("character '" + string(c) + "' at position " + strconv.Itoa(i))
			}
		}
		words = append(words, odata.FilterToken{Text: text[start:i], At: start})
	}
	return words, nil
}

// SQLRefused returns the error for a statement that is not supported.
func SQLRefused(why string) *odata.Error {
	return odata.Refuse(http.StatusBadRequest, "0x8006088A", "Invalid SQL query: %s.", why)
}

func (p *sqlParser) wrong() *odata.Error {
	if p.next >= len(p.words) {
		return SQLRefused("it ends too early")
	}
	return SQLRefused("'" + p.words[p.next].Text + "' is not expected at position " + strconv.Itoa(p.words[p.next].At))
}

// take consumes a word, in any case.
func (p *sqlParser) take(word string) bool {
	if p.next < len(p.words) && !p.words[p.next].Quoted && strings.EqualFold(p.words[p.next].Text, word) {
		p.next++
		return true
	}
	return false
}

// word returns the next word, empty at the end.
func (p *sqlParser) word() string {
	if p.next >= len(p.words) {
		return ""
	}
	p.next++
	return p.words[p.next-1].Text
}

// column reads the name of a column, with or without the name of its table.
func (p *sqlParser) column() (string, *rows.Cell, *odata.Error) {
	given := p.word()
	name := strings.ToLower(given[strings.LastIndex(given, ".")+1:])
	c, refusal := ByLogicalName(p.store, name)
	return name, c, refusal
}

func (p *sqlParser) selection(q *Statement) *odata.Error {
	if p.take("top") {
		n, err := strconv.Atoi(p.word())
		if err != nil || n < 0 {
			return SQLRefused("TOP needs a number")
		}
		q.Top = n
	}
	for {
		var item SelectItem
		if p.take("count") {
			if !p.take("(") || !p.take("*") || !p.take(")") {
				return p.wrong()
			}
			item.Name = "count"
		} else {
			name, c, refusal := p.column()
			if refusal != nil {
				return refusal
			}
			item = SelectItem{Name: name, Cell: c}
		}
		if p.take("as") {
			item.Name = p.word()
		}
		if q.Items = append(q.Items, item); !p.take(",") {
			return nil
		}
	}
}

// condition reads comparisons joined by AND, OR, NOT and brackets.
func (p *sqlParser) condition() (string, *odata.Error) {
	var b strings.Builder
	for {
		for p.take("not") {
			b.WriteString("not ")
		}
		var part string
		var refusal *odata.Error
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

func (p *sqlParser) comparison() (string, *odata.Error) {
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
		return AsFilter(c, operator, nil)
	}
	negation := ""
	if p.take("not") {
		negation = "not-"
	}
	switch {
	case p.take("like"):
		return AsFilter(c, negation+"like", []string{p.word()})
	case p.take("in"):
		values, refusal := p.list()
		if refusal != nil {
			return "", refusal
		}
		return AsFilter(c, negation+"in", values)
	}
	at := p.next
	operator := map[string]string{"=": "eq", "<>": "ne", "!=": "ne", ">": "gt", ">=": "ge", "<": "lt", "<=": "le"}[p.word()]
	if operator == "" {
		p.next = at
	}
	if operator == "" || p.next >= len(p.words) {
		return "", p.wrong()
	}
	return AsFilter(c, operator, []string{p.word()})
}

func (p *sqlParser) list() ([]string, *odata.Error) {
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

func (p *sqlParser) ordering() (string, *odata.Error) {
	if !p.take("by") {
		return "", p.wrong()
	}
	var parts []string
	for {
		_, c, refusal := p.column()
		if refusal != nil {
			return "", refusal
		}
		part := c.Property
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
