package finops

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The limits of a cell and of a sheet's name (Microsoft, "Data management error descriptions and known limitations").
const (
	cellLimit      = 255
	sheetNameLimit = 30
)

// dummyText is what data management puts into cells, and sometimes leaves there.
const dummyText = "This is a string that is inserted into Excel as a dummy cell so the column supports more than 255 characters."

// workbookWriter writes a workbook with one sheet, as data management does: texts in the cells, and no cells for empty values.
type workbookWriter struct {
	sheet
	behaviors Behaviors
	rows      *packed  // the worksheet
	letters   []string // of the columns
	count     int
	shared    []string
	index     map[string]int
}

func newWorkbookWriter(s sheet, b Behaviors, rows int) *workbookWriter {
	w := &workbookWriter{sheet: s, behaviors: b, index: map[string]int{}, rows: newPacked()}
	for i := range s.columns {
		w.letters = append(w.letters, columnName(i))
	}
	last := rows + 1
	if b.DummyRow {
		last++
	}
	if b.WrongDimension {
		last = 1
	}
	fmt.Fprintf(w.rows, `%s<worksheet %s><dimension ref="A1:%s%d"/><sheetData>`, xmlHead, mainSchema, columnName(len(s.columns)-1), last)
	w.cells(s.columns)
	if b.DummyRow {
		dummies := make([]string, len(s.columns))
		for i, f := range s.fields {
			if f.Type == String {
				dummies[i] = dummyText
			}
		}
		w.cells(dummies)
	}
	return w
}

func (w *workbookWriter) row(values []string) string {
	const mostColumns = 255
	if len(values) > mostColumns {
		return "DMF2009: a workbook has at most 255 columns."
	}
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = cutRunes(w.text(i, value), cellLimit)
	}
	w.cells(texts)
	return ""
}

func (w *workbookWriter) cells(texts []string) {
	w.count++
	row := strconv.Itoa(w.count)
	w.rows.write(`<row r="`, row, `">`)
	for i, text := range texts {
		if text == "" {
			continue
		}
		w.rows.write(`<c r="`, w.letters[i], row, `" t="`)
		if w.behaviors.SharedStrings {
			w.rows.write(`s"><v>`, strconv.Itoa(w.share(text)), `</v></c>`)
			continue
		}
		w.rows.write(`inlineStr"><is><t xml:space="preserve">`, cellText(text), `</t></is></c>`)
	}
	w.rows.write(`</row>`)
}

// share returns the position of a text in the table of shared strings.
func (w *workbookWriter) share(text string) int {
	at, known := w.index[text]
	if !known {
		at = len(w.shared)
		w.index[text], w.shared = at, append(w.shared, text)
	}
	return at
}

// cellText escapes a text. What looks like an escaped character has its underscore escaped (ECMA-376, ST_Xstring).
func cellText(text string) string {
	return textEscapes.Replace(strings.ReplaceAll(text, "_x", "_x005F_x"))
}

// columnName returns the letters of a column, from 0.
func columnName(at int) string {
	const letters = 26
	name := ""
	for at++; at > 0; at = (at - 1) / letters {
		name = string(rune('A'+(at-1)%letters)) + name
	}
	return name
}

func cutRunes(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit])
}

// sheetName returns the label with underscores for other characters than letters and digits, cut.
func sheetName(label string) string {
	return cutRunes(strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return c
		}
		return '_'
	}, label), sheetNameLimit)
}

const (
	xmlHead      = `<?xml version="1.0" encoding="utf-8"?>`
	mainSchema   = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	officeSchema = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	contentType  = "application/vnd.openxmlformats-officedocument.spreadsheetml."
)

func (w *workbookWriter) end() *packed {
	name, last := sheetName(w.entity.Label), columnName(len(w.columns)-1)
	workbook := newArchive(time.Time{})
	part := func(path, content string) { workbook.add(path, newPackedText(xmlHead+content)) }
	part("[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="`+contentType+`sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="`+contentType+`worksheet+xml"/></Types>`)
	part("_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="`+officeSchema+`/officeDocument" Target="xl/workbook.xml"/></Relationships>`)
	part("xl/workbook.xml", `<workbook `+mainSchema+` xmlns:r="`+officeSchema+`"><sheets><sheet name="`+attributeEscapes.Replace(name)+`" sheetId="1" r:id="rId1"/></sheets><definedNames><definedName name="`+attributeEscapes.Replace(name)+`">`+textEscapes.Replace(name)+`!$A$1:$`+last+`$1</definedName></definedNames></workbook>`)
	relationships := `<Relationship Id="rId1" Type="` + officeSchema + `/worksheet" Target="worksheets/sheet1.xml"/>`
	if w.behaviors.SharedStrings {
		relationships += `<Relationship Id="rId2" Type="` + officeSchema + `/sharedStrings" Target="sharedStrings.xml"/>`
		var table strings.Builder
		for _, text := range w.shared {
			table.WriteString(`<si><t xml:space="preserve">` + cellText(text) + `</t></si>`)
		}
		part("xl/sharedStrings.xml", fmt.Sprintf(`<sst %s count="%d" uniqueCount="%d">%s</sst>`, mainSchema, len(w.shared), len(w.shared), table.String()))
	}
	part("xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`+relationships+`</Relationships>`)
	w.rows.write(`</sheetData></worksheet>`)
	workbook.add("xl/worksheets/sheet1.xml", w.rows)
	return newPackedText(string(workbook.bytes()))
}
