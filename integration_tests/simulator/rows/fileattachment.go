package rows

import (
	"strconv"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// fileTable is the table with a row for each file of a file column (Microsoft, "Use file column data").
const fileTable = "fileattachment"

// describeAllFiles adds the rows of fileattachment for the generated rows. The caller holds the lock.
func (db *Database) describeAllFiles() {
	files := db.Stores[fileTable]
	if files == nil {
		return
	}
	for _, t := range db.sorted() {
		s := db.Stores[t.LogicalName]
		if len(fileColumns(t)) == 0 {
			continue
		}
		for r := range s.From(guid.ID{}) {
			for file, values := range db.descriptions(s, r.ID) {
				db.putFile(&Journal{}, file, values)
			}
		}
	}
}

// DescribeFiles makes the rows of fileattachment agree with the file columns of a row, which may be gone. The caller holds the
// lock.
func (db *Database) DescribeFiles(j *Journal, s *Store, id guid.ID) {
	files := db.Stores[fileTable]
	if files == nil || len(fileColumns(s.Table)) == 0 {
		return
	}
	wanted, of := db.descriptions(s, id), files.CellOf("_objectid_value")
	var gone []Ref
	for r := range files.From(guid.ID{}) {
		if to, points := files.Points(r, of); points && to.ID == id && wanted[r.ID] == nil {
			gone = append(gone, r)
		}
	}
	for _, r := range gone {
		files.Remove(j, r, db.NextVersion(files.Table), db.Now())
	}
	for file, values := range wanted {
		if !files.Exists(file) {
			db.putFile(j, file, values)
		}
	}
}

func (db *Database) putFile(j *Journal, id guid.ID, values map[string]Value) {
	s, now := db.Stores[fileTable], db.Now()
	s.Put(j, id, &Row{Index: -1, Version: db.NextVersion(s.Table), Created: now.Unix(), Modified: now.Unix(), Values: values}, now)
}

// descriptions returns the rows of fileattachment that the files of a row have, by the id of the file.
func (db *Database) descriptions(s *Store, id guid.ID) map[guid.ID]map[string]Value {
	found := map[guid.ID]map[string]Value{}
	r, exists := s.Find(id)
	if !exists {
		return found
	}
	for _, c := range fileColumns(s.Table) {
		content, has := db.File(s, r, c)
		file, ok := guid.Parse(odata.Plain(s.AppendValue(nil, r, s.CellOf(c.LogicalName))))
		if has && ok {
			found[file] = describeFile(s, id, c, content)
		}
	}
	return found
}

func fileColumns(t *schema.Table) []*schema.Column {
	var found []*schema.Column
	for i := range t.Columns {
		if t.Columns[i].Type == schema.File {
			found = append(found, &t.Columns[i])
		}
	}
	return found
}

func describeFile(s *Store, id guid.ID, c *schema.Column, content Content) map[string]Value {
	return map[string]Value{
		"objectid":           {Json: id.AppendQuotedTo(nil), Target: s.Table.LogicalName},
		"objecttypecode":     {Json: odata.AppendQuoted(nil, s.Table.LogicalName)},
		"filename":           {Json: odata.AppendQuoted(nil, content.Name)},
		"mimetype":           {Json: odata.AppendQuoted(nil, content.MIMEType())},
		"filesizeinbytes":    {Json: strconv.AppendInt(nil, int64(content.Size), 10)},
		"regardingfieldname": {Json: odata.AppendQuoted(nil, c.LogicalName)},
	}
}
