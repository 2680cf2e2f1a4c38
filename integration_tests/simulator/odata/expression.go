package odata

import "strings"

// Predicate reports whether something meets a $filter.
type Predicate[T any] func(T) bool

// Expression reads a $filter: comparisons joined by and, or, not and parentheses, which bind as OData has it. What a
// comparison looks like, its owner knows: rows allow more than metadata does.
type Expression[T any] struct {
	Text       string
	Tokens     []FilterToken
	Next       int
	Comparison func() (Predicate[T], *Error)
}

// Parse reads the whole text. It returns nil for an empty one.
func (e *Expression[T]) Parse(text string) (Predicate[T], *Error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil // no filter, no condition
	}
	tokens, err := filterTokens(text)
	if err != nil {
		return nil, err
	}
	e.Text, e.Tokens = text, tokens
	result, err := e.either()
	if err != nil {
		return nil, err
	}
	if t, ok := e.Peek(); ok {
		return nil, e.Syntax(t.At)
	}
	return result, nil
}

// Peek returns the next token, and whether there is one.
func (e *Expression[T]) Peek() (FilterToken, bool) {
	if e.Next >= len(e.Tokens) {
		return FilterToken{At: len(e.Text)}, false
	}
	return e.Tokens[e.Next], true
}

// Take consumes the next token if it is that bare word.
func (e *Expression[T]) Take(word string) bool {
	if t, ok := e.Peek(); ok && !t.Quoted && t.Text == word {
		e.Next++
		return true
	}
	return false
}

// Syntax returns the error for a text that is wrong at a position.
func (e *Expression[T]) Syntax(at int) *Error {
	return BadQuery("Syntax error at position %d in '%s'.", at, e.Text)
}

func (e *Expression[T]) either() (Predicate[T], *Error) {
	left, err := e.both()
	for err == nil && e.Take("or") {
		var right Predicate[T]
		if right, err = e.both(); err == nil {
			a := left
			left = func(v T) bool { return a(v) || right(v) }
		}
	}
	return left, err
}

func (e *Expression[T]) both() (Predicate[T], *Error) {
	left, err := e.negated()
	for err == nil && e.Take("and") {
		var right Predicate[T]
		if right, err = e.negated(); err == nil {
			a := left
			left = func(v T) bool { return a(v) && right(v) }
		}
	}
	return left, err
}

func (e *Expression[T]) negated() (Predicate[T], *Error) {
	if e.Take("not") {
		inner, err := e.negated()
		if err != nil {
			return nil, err
		}
		return func(v T) bool { return !inner(v) }, nil
	}
	if e.Take("(") {
		inner, err := e.either()
		if err != nil {
			return nil, err
		}
		if t, _ := e.Peek(); !e.Take(")") {
			return nil, BadQuery("')' or operator expected at position %d in '%s'.", t.At, e.Text)
		}
		return inner, nil
	}
	return e.Comparison()
}
