package rows

import (
	"bytes"
	"strconv"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// stringMapTable is the table with a row for each label of an option, by table, column, value and language.
const stringMapTable = "stringmap"

// publish makes the rows of stringmap agree with the options of the tables, as publishing a change of them does. The caller
// holds the lock.
func (db *Database) publish() {
	s := db.Stores[stringMapTable]
	if s == nil {
		return
	}
	wanted, order := map[guid.ID]map[string]Value{}, []guid.ID{}
	for _, t := range db.sorted() {
		for i := range t.Columns {
			for id, values := range db.stringMaps(t, &t.Columns[i]) {
				wanted[id] = values
				order = append(order, id)
			}
		}
	}
	now := db.Now()
	for r := range s.From(guid.ID{}) {
		if wanted[r.ID] == nil {
			defer s.Remove(&Journal{}, r, db.NextVersion(s.Table), now)
		}
	}
	for _, id := range order {
		if row := s.Rows[id]; row == nil || !bytes.Equal(row.Values["value"].Json, wanted[id]["value"].Json) {
			s.Put(&Journal{}, id, &Row{Index: -1, Version: db.NextVersion(s.Table), Created: now.Unix(), Modified: now.Unix(), Values: wanted[id]}, now)
		}
	}
}

// stringMaps yields the rows for the labels of a column's options.
func (db *Database) stringMaps(t *schema.Table, c *schema.Column) func(yield func(guid.ID, map[string]Value) bool) {
	return func(yield func(guid.ID, map[string]Value) bool) {
		base := db.languages[0]
		for position, o := range c.Options {
			for _, code := range db.languages {
				label, ok := schema.Translate(o.Label, o.Translations, code, base)
				if !ok {
					continue
				}
				value, language := strconv.Itoa(o.Value), strconv.Itoa(code)
				id, _ := guid.Parse(guid.Derived("stringmap", t.LogicalName, c.LogicalName, value, language))
				row := map[string]Value{
					"objecttypecode": {Json: odata.AppendQuoted(nil, t.LogicalName)},
					"attributename":  {Json: odata.AppendQuoted(nil, c.LogicalName)},
					"attributevalue": {Json: []byte(value)},
					"value":          {Json: odata.AppendQuoted(nil, label)},
					"langid":         {Json: []byte(language)},
					"displayorder":   {Json: strconv.AppendInt(nil, int64(position+1), 10)},
					"organizationid": {Json: odata.AppendQuoted(nil, db.organizationID)},
				}
				if !yield(id, row) {
					return
				}
			}
		}
	}
}
