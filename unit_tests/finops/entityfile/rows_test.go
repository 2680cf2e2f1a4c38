package entityfile_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/finops/entityfile"
)

// sheet returns a workbook with a sheet as exports have it: inline strings, no shared ones, and empty cells absent.
func sheet(t testing.TB, rows string, more ...file) string {
	return zipped(t, append([]file{
		{"[Content_Types].xml", `<Types/>`},
		{"xl/workbook.xml", `<workbook><sheets><sheet name="Customer_groups" sheetId="1" r:id="rId1"/></sheets></workbook>`},
		{"xl/worksheets/sheet1.xml", `<?xml version="1.0" encoding="utf-8"?><x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` +
			`<x:dimension ref="A1:B2"/><x:sheetData>` + rows + `</x:sheetData></x:worksheet>`},
	}, more...)...)
}

func inline(ref, text string) string {
	return `<x:c r="` + ref + `" t="inlineStr"><x:is><x:t xml:space="preserve">` + text + `</x:t></x:is></x:c>`
}

func TestEveryFormHasTheSameRows(t *testing.T) {
	xml := `<?xml version="1.0" encoding="utf-8"?><Document>`
	header := inline("A1", "DESCRIPTION") + inline("B1", "PAYMENT") + inline("C1", "CUSTOMERGROUPID")
	csv := "DESCRIPTION,PAYMENT,CUSTOMERGROUPID\r\n\"Wholesale, \"\"big\"\"\",Net10,0010\r\n,,0020\r\n"
	for _, c := range []struct {
		name, file, content string
		form                entityfile.Form
	}{
		{"XML with elements", "Customer groups.xml", xml + `<CUSTCUSTOMERGROUPENTITY><CUSTOMERGROUPID>0010</CUSTOMERGROUPID><DESCRIPTION>Wholesale, "big"</DESCRIPTION><PAYMENT>Net10</PAYMENT></CUSTCUSTOMERGROUPENTITY>
<CUSTCUSTOMERGROUPENTITY><DESCRIPTION /><CUSTOMERGROUPID>0020</CUSTOMERGROUPID></CUSTCUSTOMERGROUPENTITY></Document>`, entityfile.XML},
		{"XML with attributes", "Customer groups.xml", xml + `<X CUSTOMERGROUPID="0010" DESCRIPTION="Wholesale, &quot;big&quot;" PAYMENT='Net10'/><X CUSTOMERGROUPID="0020"/></Document>`, entityfile.XML},
		{"XML in UTF-16", "Customer groups.xml", utf16LE(`<?xml version="1.0" encoding="utf-16"?><Document><X CUSTOMERGROUPID="0010" DESCRIPTION='Wholesale, "big"' PAYMENT="Net10"/><X CUSTOMERGROUPID="0020"/></Document>`), entityfile.XML},
		{"XML in Pascal case", "Customer groups.xml", xml + `<X CustomerGroupId="0010" Description='Wholesale, "big"' Payment="Net10"/><X CustomerGroupId="0020"/></Document>`, entityfile.XML},
		{"delimited, UTF-16", "Customer groups.csv", utf16LE(csv), entityfile.Delimited},
		{"delimited, UTF-16 without a mark", "Customer groups.csv", utf16BE(csv), entityfile.Delimited},
		{"delimited, UTF-8", "Customer groups.csv", csv, entityfile.Delimited},
		{"delimited, UTF-8 with a mark", "Customer groups.csv", "\ufeff" + csv, entityfile.Delimited},
		{"delimited by bars and line feeds", "Customer groups.csv", "DESCRIPTION|PAYMENT|CUSTOMERGROUPID\n\"Wholesale, \"\"big\"\"\"|Net10|0010\n||0020", entityfile.Delimited},
		{"with another qualifier", "Customer groups.txt", "'DESCRIPTION';'PAYMENT';'CUSTOMERGROUPID'\n'Wholesale, \"big\"';'Net10';'0010'\n'';'';'0020'\n", entityfile.Delimited},
		{"without a qualifier", "Customer groups.csv", "DESCRIPTION\tPAYMENT\tCUSTOMERGROUPID\nWholesale, \"big\"\tNet10\t0010\n\t\t0020\n", entityfile.Delimited},
		{"Excel", "Customer groups.xlsx", sheet(t, `<x:row r="1">`+header+`</x:row><x:row r="2">`+inline("A2", `Wholesale, "big"`)+inline("B2", "Net10")+inline("C2", "0010")+`</x:row><x:row r="3">`+inline("C3", "0020")+`</x:row>`), entityfile.Excel},
		{"Excel with shared strings", "Customer groups.xlsx", sheet(t, `<row r="1"><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c></row>`+
			`<row><c r="A9" t="s"><v>3</v></c><c r="B9" t="str"><f>1</f><v>Net10</v></c><c r="C9" t="s"><v>4</v></c></row><row/><row><c r="C11" t="s"><v>5</v></c></row>`,
			file{"xl/sharedStrings.xml", `<sst count="1"><si><t>DESCRIPTION</t></si><si><t>PAYMENT</t></si><si><t>CUSTOMERGROUPID</t></si>` +
				`<si><r><t>Wholesale, </t></r><r><t>"big"</t></r><rPh><t>hidden</t></rPh></si><si><t>0010</t></si><si><t>0020</t></si></sst>`}), entityfile.Excel},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, err := rowsOf(t, packaged(t, c.file, c.content), "CustomerGroupId", "Description", "Other")
			require.NoError(t, err)
			require.Equal(t, c.form, rows.Form)
			all, err := table(rows)
			require.NoError(t, err)
			require.Equal(t, []string{`0010|Wholesale, "big"|`, "0020||"}, all)
			require.EqualValues(t, 2, rows.Count())
			require.Equal(t, []string{"Other"}, rows.Missing())
			require.Equal(t, "payment", strings.ToLower(strings.Join(rows.Others(), "+")))
			require.Empty(t, rows.Cut())
		})
	}
}

func TestRowsAreSkippedToGoOn(t *testing.T) {
	content := packaged(t, "a.csv", "CUSTOMERGROUPID,DESCRIPTION\n1,a\n2,b\n3,c\n")
	rows, err := rowsOf(t, content, "CustomerGroupId")
	require.NoError(t, err)
	require.NoError(t, rows.Skip(2))
	all, err := table(rows)
	require.NoError(t, err)
	require.Equal(t, []string{"3"}, all)
	require.EqualValues(t, 3, rows.Count())

	rows, err = rowsOf(t, content, "CustomerGroupId")
	require.NoError(t, err)
	require.ErrorContains(t, rows.Skip(4), "EOF")
}

func TestFilesWithoutRowsAreRead(t *testing.T) {
	for name, content := range map[string]string{
		"empty":             "",
		"a mark alone":      "\xFF\xFE",
		"header alone":      "CUSTOMERGROUPID,DESCRIPTION\r\n",
		"no end of line":    "CUSTOMERGROUPID,DESCRIPTION",
		"an empty document": `<?xml version="1.0" encoding="utf-8"?><Document />`,
		"an empty row":      `<Document><CUSTCUSTOMERGROUPENTITY /></Document>`,
		"an empty sheet":    sheet(t, ""),
		"a sheet's header":  sheet(t, `<row>`+inline("A1", "CUSTOMERGROUPID")+`</row>`),
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := read(t, "Customer groups.dat", content, "CustomerGroupId")
			require.NoError(t, err)
			require.Empty(t, rows)
		})
	}
}

func TestDelimitedTextKeepsItsValues(t *testing.T) {
	for _, c := range []struct{ name, content, want string }{
		{"a line feed within a value", "CUSTOMERGROUPID,DESCRIPTION\r\n1,two\nlines\r\n", "1|two\nlines"},
		{"a line end within a qualified value", "CUSTOMERGROUPID,DESCRIPTION\r\n1,\"two\r\nlines\"\r\n", "1|two\r\nlines"},
		{"a value that only begins with a quotation mark", "CUSTOMERGROUPID,DESCRIPTION\r\n1,\"Big\" Corp\r\n", `1|"Big" Corp`},
		{"a quotation mark that never ends", "CUSTOMERGROUPID,DESCRIPTION\r\n1,\"Big\r\n", `1|"Big`},
		{"a quotation mark within", "CUSTOMERGROUPID,DESCRIPTION\r\n1,5\" pipe\r\n", `1|5" pipe`},
		{"a qualified empty value", "CUSTOMERGROUPID,DESCRIPTION\r\n1,\"\"\r\n", "1|"},
		{"a qualifier alone", "CUSTOMERGROUPID,DESCRIPTION\r\n1,\"\"\"\"\r\n", `1|"`},
		{"blanks", "CUSTOMERGROUPID,DESCRIPTION\r\n1, a \r\n", "1| a "},
		{"empty lines", "CUSTOMERGROUPID,DESCRIPTION\r\n\r\n1,a\r\n\r\n", "1|a"},
		{"a carriage return ends rows", "CUSTOMERGROUPID,DESCRIPTION\r1,a\nb\r", "1|a\nb"},
		{"no end of the last line", "CUSTOMERGROUPID,DESCRIPTION\r\n1,a", "1|a"},
		{"columns that are spelled twice", "CUSTOMERGROUPID,DESCRIPTION,DESCRIPTION\r\n1,a,b\r\n", "1|a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, err := read(t, "Customer groups.csv", c.content, "CustomerGroupId", "Description")
			require.NoError(t, err)
			require.Equal(t, []string{c.want}, rows)
		})
	}
}

func TestXMLKeepsItsValues(t *testing.T) {
	for _, c := range []struct{ name, cell, want string }{
		{"references", `&lt;&#xE9;&#233;&amp;&gt;`, "<éé&>"},
		{"a CDATA section", `a<![CDATA[<b>]]>c`, "a<b>c"},
		{"a comment", `a<!-- no -->b`, "ab"},
		{"line ends", "a\r\nb\rc&#13;d", "a\nb\nc\rd"},
		{"a control character", "a\x01b&#x1F;", "a\x01b\x1F"},
		{"blanks", " a ", " a "},
		{"a namespace", `<!--x--> a`, " a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, err := read(t, "a.xml", `<Document><d:X xmlns:d="y"><d:CUSTOMERGROUPID xsi:nil="false">`+c.cell+`</d:CUSTOMERGROUPID></d:X></Document>`, "CustomerGroupId")
			require.NoError(t, err)
			require.Equal(t, []string{c.want}, rows)
		})
	}
}

func TestASheetIsReadPastItsDimension(t *testing.T) {
	rows := `<x:row r="1">` + inline("A1", "CUSTOMERGROUPID") + `</x:row>`
	for range 50 {
		rows += `<x:row>` + inline("A2", "1") + `</x:row>`
	}
	all, err := read(t, "a.xlsx", sheet(t, rows), "CustomerGroupId")
	require.NoError(t, err)
	require.Len(t, all, 50)
}

func TestTheDummyRowOfASheetIsDropped(t *testing.T) {
	content := sheet(t, `<row>`+inline("A1", "CUSTOMERGROUPID")+inline("B1", "DESCRIPTION")+`</row>`+
		`<row>`+inline("B2", "This is a string that is inserted into Excel as a dummy cell to make the column to support more than 255 characters.")+`</row>`+
		`<row>`+inline("A3", "1")+inline("B3", "a")+`</row>`)
	rows, err := read(t, "a.xlsx", content, "CustomerGroupId")
	require.NoError(t, err)
	require.Equal(t, []string{"1"}, rows)
}

func TestColumnsOfASheetWithCutTextsAreKnown(t *testing.T) {
	content := sheet(t, `<row>`+inline("A1", "CUSTOMERGROUPID")+inline("B1", "DESCRIPTION")+`</row>`+
		`<row>`+inline("A2", strings.Repeat("a", 254))+inline("B2", strings.Repeat("é", 253)+"😀")+`</row>`)
	rows, err := rowsOf(t, packaged(t, "a.xlsx", content), "CustomerGroupId", "Description")
	require.NoError(t, err)
	_, err = table(rows)
	require.NoError(t, err)
	require.Equal(t, []string{"Description"}, rows.Cut())
}

func TestASheetKeepsItsValues(t *testing.T) {
	for _, c := range []struct{ name, cell, want string }{
		{"an escape", inline("A2", "a_x000D_&#10;b_x005F_x000D__xZZZZ_"), "a\r\nb_x000D__xZZZZ_"},
		{"a number", `<c r="A2"><v> 5 </v></c>`, " 5 "},
		{"a boolean", `<c r="A2" t="b"><v>1</v></c>`, "Yes"},
		{"a formula", `<c r="A2" t="str"><f>B2</f><v>x</v></c>`, "x"},
		{"rich text", `<c r="A2" t="inlineStr"><is><r><rPr><b/></rPr><t>a</t></r><r><t>b</t></r></is></c>`, "ab"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, err := read(t, "a.xlsx", sheet(t, `<row>`+inline("A1", "CUSTOMERGROUPID")+`</row><row>`+c.cell+`</row>`), "CustomerGroupId")
			require.NoError(t, err)
			require.Equal(t, []string{c.want}, rows)
		})
	}
}

func TestTheFirstSheetOfSeveralIsRead(t *testing.T) {
	second := file{"xl/worksheets/sheet2.xml", `<worksheet><sheetData><row>` + strings.ReplaceAll(inline("A1", "CUSTOMERGROUPID"), "x:", "") +
		`</row><row><c r="A2"><v>2</v></c></row></sheetData></worksheet>`}
	relationships := file{"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="rId2" Target="worksheets/sheet1.xml"/><Relationship Id="rId1" Target="worksheets/sheet2.xml"/></Relationships>`}
	content := sheet(t, `<row>`+inline("A1", "CUSTOMERGROUPID")+`</row><row><c r="A2"><v>1</v></c></row>`, second, relationships)
	rows, err := read(t, "a.xlsx", content, "CustomerGroupId")
	require.NoError(t, err)
	require.Equal(t, []string{"2"}, rows)
}
