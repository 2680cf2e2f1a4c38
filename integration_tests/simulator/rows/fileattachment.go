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
	if db.Stores[fileTable] == nil {
		return
	}
	for _, t := range db.sorted() {
		s := db.Stores[t.LogicalName]
		if len(fileColumns(t)) == 0 {
			continue
		}
		for r := range s.From(guid.ID{}) {
			db.DescribeFiles(s, r.ID)
		}
	}
}

// DescribeFiles makes the rows of fileattachment agree with the file columns of a row, which may be gone. The caller holds the
// lock.
func (db *Database) DescribeFiles(s *Store, id guid.ID) {
	files := db.Stores[fileTable]
	if files == nil || len(fileColumns(s.Table)) == 0 {
		return
	}
	wanted := map[guid.ID]map[string]Value{}
	if r, exists := s.Find(id); exists {
		for _, c := range fileColumns(s.Table) {
			content, found := db.File(s, r, c)
			file, ok := guid.Parse(odata.Plain(s.AppendValue(nil, r, s.CellOf(c.LogicalName))))
			if found && ok {
				wanted[file] = describeFile(s, id, c, content)
			}
		}
	}
	for _, file := range db.filesOf[id] {
		if r, exists := files.Find(file); exists && wanted[file] == nil {
			files.Remove(&Journal{}, r, db.NextVersion(files.Table), db.Now())
		}
	}
	db.filesOf[id] = nil
	for file, values := range wanted {
		db.filesOf[id] = append(db.filesOf[id], file)
		if !files.Exists(file) {
			now := db.Now().Unix()
			files.Put(&Journal{}, file, &Row{Index: -1, Version: db.NextVersion(files.Table), Created: now, Modified: now, Values: values}, db.Now())
		}
	}
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
