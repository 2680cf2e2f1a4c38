package finops

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
)

// condition reports whether a row of a set meets a $filter.
type condition func(row []string) bool

// filterParser reads a $filter of comparisons with and, or and parentheses. The environment has no other operators on these sets:
// neither startswith nor in.
type filterParser struct {
	set  *set
	rest string
}

func (s *set) filter(text string) (condition, *refusal) {
	p := &filterParser{set: s, rest: text}
	c, err := p.or()
	if err == nil && strings.TrimSpace(p.rest) != "" {
		err = p.syntax()
	}
	return c, err
}

func (p *filterParser) syntax() *refusal {
	return refuse(http.StatusBadRequest, "The query specified in the URI is not valid. Syntax error at '%s'.", p.rest)
}

func (p *filterParser) or() (condition, *refusal) {
	left, err := p.and()
	for err == nil && p.word("or") {
		var right condition
		first := left
		if right, err = p.and(); err == nil {
			left = func(row []string) bool { return first(row) || right(row) }
		}
	}
	return left, err
}

func (p *filterParser) and() (condition, *refusal) {
	left, err := p.primary()
	for err == nil && p.word("and") {
		var right condition
		first := left
		if right, err = p.primary(); err == nil {
			left = func(row []string) bool { return first(row) && right(row) }
		}
	}
	return left, err
}

func (p *filterParser) primary() (condition, *refusal) {
	p.rest = strings.TrimLeft(p.rest, " ")
	if inside, open := strings.CutPrefix(p.rest, "("); open {
		p.rest = inside
		c, err := p.or()
		p.rest = strings.TrimLeft(p.rest, " ")
		if behind, closed := strings.CutPrefix(p.rest, ")"); err == nil && closed {
			p.rest = behind
			return c, nil
		}
		return nil, cmp.Or(err, p.syntax())
	}
	return p.comparison()
}

// comparison reads <property> <operator> <literal>.
func (p *filterParser) comparison() (condition, *refusal) {
	name, rest, _ := strings.Cut(p.rest, " ")
	at := p.set.index(name)
	if at < 0 {
		if strings.Contains(name, "(") {
			return nil, refuse(http.StatusBadRequest, "The query specified in the URI is not valid. An unknown function with name '%s' was found.", name[:strings.Index(name, "(")])
		}
		return nil, p.set.unknown(name)
	}
	operator, literal, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	p.rest = strings.TrimLeft(literal, " ")
	value, text, ok := p.literal()
	property := p.set.properties[at]
	if !ok || text == property.unquoted() {
		return nil, refuse(http.StatusBadRequest, "The query specified in the URI is not valid. A binary operator with incompatible types was detected at property '%s'.", name)
	}
	compare, known := map[string]func(int) bool{
		"eq": func(c int) bool { return c == 0 }, "ne": func(c int) bool { return c != 0 },
		"gt": func(c int) bool { return c > 0 }, "ge": func(c int) bool { return c >= 0 },
		"lt": func(c int) bool { return c < 0 }, "le": func(c int) bool { return c <= 0 },
	}[operator]
	if !known || property.enum != "" && operator != "eq" && operator != "ne" {
		return nil, refuse(http.StatusBadRequest, "The query specified in the URI is not valid. The operator '%s' is not supported.", operator)
	}
	if text && strings.Contains(value, "*") && (operator == "eq" || operator == "ne") {
		return func(row []string) bool { return wildcard(value, row[at]) == (operator == "eq") }, nil
	}
	return func(row []string) bool { return compare(property.compare(row[at], value)) }, nil
}

// literal reads a text, a number or a member of an enumeration: Microsoft.Dynamics.DataEntities.NoYes'Yes'.
func (p *filterParser) literal() (value string, text, ok bool) {
	prefix, rest, quoted := strings.Cut(p.rest, "'")
	if end := strings.IndexAny(p.rest, " )"); !quoted || end >= 0 && end < len(prefix) {
		if end < 0 {
			end = len(p.rest)
		}
		value, p.rest = p.rest[:end], p.rest[end:]
		_, err := strconv.ParseFloat(value, 64)
		return value, false, err == nil || strings.HasSuffix(value, "Z") || value == "true" || value == "false"
	}
	if prefix != "" && !strings.HasPrefix(prefix, "Microsoft.Dynamics.DataEntities.") {
		return "", false, false
	}
	for {
		part, behind, closed := strings.Cut(rest, "'")
		if !closed {
			return "", false, false
		}
		value += part
		if next, doubled := strings.CutPrefix(behind, "'"); doubled {
			value, rest = value+"'", next
			continue
		}
		p.rest = behind
		return value, true, true
	}
}

// word takes a word between conditions.
func (p *filterParser) word(word string) bool {
	rest, found := strings.CutPrefix(strings.TrimLeft(p.rest, " "), word+" ")
	if found {
		p.rest = rest
	}
	return found
}

// compare orders values as the database does: numbers by value, texts without regard to case.
func (p *property) compare(a, b string) int {
	if p.number {
		x, _ := strconv.ParseFloat(a, 64)
		y, _ := strconv.ParseFloat(b, 64)
		return cmp.Compare(x, y)
	}
	return cmp.Compare(strings.ToLower(a), strings.ToLower(b))
}

// wildcard reports whether a text matches a pattern in which an asterisk matches any characters (Microsoft, "Open Data Protocol").
func wildcard(pattern, text string) bool {
	parts := strings.Split(strings.ToLower(pattern), "*")
	text = strings.ToLower(text)
	rest, ok := strings.CutPrefix(text, parts[0])
	for i, part := range parts[1:] {
		if !ok {
			return false
		}
		if i == len(parts)-2 {
			return strings.HasSuffix(rest, part)
		}
		_, rest, ok = strings.Cut(rest, part)
	}
	return ok
}
