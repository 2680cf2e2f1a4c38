package simulator

import "strings"

// predicate says whether something meets a $filter.
type predicate[T any] func(T) bool

// expression reads a $filter: comparisons joined by and, or, not and parentheses, which bind as OData has it. What a
// comparison looks like, its owner knows: rows allow more than metadata does.
type expression[T any] struct {
	text       string
	tokens     []filterToken
	next       int
	comparison func() (predicate[T], *apiError)
}

// parse reads the whole text. An empty one gives nil.
func (e *expression[T]) parse(text string) (predicate[T], *apiError) {
	if strings.TrimSpace(text) == "" {
		return nil, nil // no filter is no condition
	}
	tokens, err := filterTokens(text)
	if err != nil {
		return nil, err
	}
	e.text, e.tokens = text, tokens
	result, err := e.either()
	if err != nil {
		return nil, err
	}
	if t, ok := e.peek(); ok {
		return nil, e.syntax(t.at)
	}
	return result, nil
}

func (e *expression[T]) peek() (filterToken, bool) {
	if e.next >= len(e.tokens) {
		return filterToken{at: len(e.text)}, false
	}
	return e.tokens[e.next], true
}

// take consumes the next token if it is that bare word.
func (e *expression[T]) take(word string) bool {
	if t, ok := e.peek(); ok && !t.quoted && t.text == word {
		e.next++
		return true
	}
	return false
}

func (e *expression[T]) syntax(at int) *apiError {
	return badQuery("Syntax error at position %d in '%s'.", at, e.text)
}

func (e *expression[T]) either() (predicate[T], *apiError) {
	left, err := e.both()
	for err == nil && e.take("or") {
		var right predicate[T]
		if right, err = e.both(); err == nil {
			a := left
			left = func(v T) bool { return a(v) || right(v) }
		}
	}
	return left, err
}

func (e *expression[T]) both() (predicate[T], *apiError) {
	left, err := e.negated()
	for err == nil && e.take("and") {
		var right predicate[T]
		if right, err = e.negated(); err == nil {
			a := left
			left = func(v T) bool { return a(v) && right(v) }
		}
	}
	return left, err
}

func (e *expression[T]) negated() (predicate[T], *apiError) {
	if e.take("not") {
		inner, err := e.negated()
		if err != nil {
			return nil, err
		}
		return func(v T) bool { return !inner(v) }, nil
	}
	if e.take("(") {
		inner, err := e.either()
		if err != nil {
			return nil, err
		}
		if t, _ := e.peek(); !e.take(")") {
			return nil, badQuery("')' or operator expected at position %d in '%s'.", t.at, e.text)
		}
		return inner, nil
	}
	return e.comparison()
}
