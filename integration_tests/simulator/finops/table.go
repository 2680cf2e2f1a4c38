package finops

import (
	"fmt"
	"iter"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

// table is the rows of an entity in one company, or in all of them if the entity is shared. Generated rows are made when they
// are read; changes are kept.
type table struct {
	entity  *Entity
	company string // empty: shared
	salt    uint64
	count   int // rows ever made
	changed map[int]map[string]string
	deleted map[int]bool
	log     []int // the rows that were created or changed, in order; a watermark is a position in it
}

func newTable(seed uint64, e *Entity, company string) *table {
	return &table{
		entity: e, company: company, salt: rows.Mix(seed, rows.HashString(e.Name), rows.HashString(company)), count: e.Rows,
		changed: map[int]map[string]string{}, deleted: map[int]bool{},
	}
}

// value returns a value of the n-th row.
func (t *table) value(f *Field, n int) string {
	if value, changed := t.changed[n][f.Name]; changed {
		return value
	}
	return t.generated(f, n)
}

// numbers yields the numbers of the rows that exist.
func (t *table) numbers() iter.Seq[int] {
	return func(yield func(int) bool) {
		for n := range t.count {
			if !t.deleted[n] && !yield(n) {
				return
			}
		}
	}
}

// since yields the numbers of the rows that were created or changed after a watermark and exist, each once.
func (t *table) since(watermark int) iter.Seq[int] {
	return func(yield func(int) bool) {
		seen := map[int]bool{}
		for _, n := range t.log[watermark:] {
			if seen[n] || t.deleted[n] {
				continue
			}
			seen[n] = true
			if !yield(n) {
				return
			}
		}
	}
}

// Row is a row with its values by the names of fields, as text: numbers as in JSON, dates as 2006-01-02, times in UTC as
// 2006-01-02 15:04:05, members of enumerations by name. A date of None is no date.
type Row map[string]string

// Rows yields the rows of an entity in a company, in the order of exports. The company of a shared entity is ignored. An entity
// that does not exist has no rows.
func (e *Environment) Rows(label, company string) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		e.mu.Lock()
		defer e.mu.Unlock()
		t := e.table(label, company)
		if t == nil {
			return
		}
		for n := range t.numbers() {
			row := Row{}
			for i := range t.entity.Fields {
				row[t.entity.Fields[i].Name] = t.value(&t.entity.Fields[i], n)
			}
			if !yield(row) {
				return
			}
		}
	}
}

// Create adds a row, whose values are generated where the given ones lack them.
func (e *Environment) Create(label, company string, values Row) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	t := e.table(label, company)
	if t == nil {
		return fmt.Errorf("there is no entity %q in company %q", label, company)
	}
	t.count++
	return t.set(t.count-1, values)
}

// Update changes values of the n-th row of those that exist, from 0.
func (e *Environment) Update(label, company string, n int, values Row) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	t, number, err := e.row(label, company, n)
	if err != nil {
		return err
	}
	return t.set(number, values)
}

// Delete removes the n-th row of those that exist, from 0. No export has the deletion.
func (e *Environment) Delete(label, company string, n int) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	t, number, err := e.row(label, company, n)
	if err == nil {
		t.deleted[number] = true
	}
	return err
}

// row returns the number of the n-th row that exists. The lock is held.
func (e *Environment) row(label, company string, n int) (*table, int, error) {
	t := e.table(label, company)
	if t == nil {
		return nil, 0, fmt.Errorf("there is no entity %q in company %q", label, company)
	}
	for number := range t.numbers() {
		if n == 0 {
			return t, number, nil
		}
		n--
	}
	return nil, 0, fmt.Errorf("entity %q has no such row in company %q", label, company)
}

func (t *table) set(number int, values Row) error {
	for name := range values {
		if t.entity.field(name) == nil {
			return fmt.Errorf("entity %q has no field %q", t.entity.Label, name)
		}
	}
	if t.changed[number] == nil {
		t.changed[number] = map[string]string{}
	}
	for name, value := range values {
		t.changed[number][name] = value
	}
	t.log = append(t.log, number)
	return nil
}

// field returns the field of that name, nil if there is none.
func (e *Entity) field(name string) *Field {
	return find(e.Fields, func(f *Field) bool { return f.Name == name })
}

// table returns the rows of an entity in a company, nil if there is no such entity or company. The lock is held.
func (e *Environment) table(label, company string) *table {
	for _, t := range e.tables {
		if strings.EqualFold(t.entity.Label, label) && (t.company == "" || strings.EqualFold(t.company, company)) {
			return t
		}
	}
	return nil
}
