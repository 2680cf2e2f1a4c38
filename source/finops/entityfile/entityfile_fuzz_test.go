package entityfile

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// isTyped reports whether an error is one that the package documents.
func isTyped(err error) bool {
	var damaged *DamagedError
	var refused *RefusedError
	var form *FormError
	return errors.As(err, &damaged) || errors.As(err, &refused) || errors.As(err, &form)
}

// oneByte reads one byte at a time, so that every token is cut everywhere.
type oneByte struct{ from io.Reader }

func (o oneByte) Read(p []byte) (int, error) { return o.from.Read(p[:min(1, len(p))]) }

func FuzzManifest(f *testing.F) {
	f.Add("<DataManagementPackageManifest><DefinitionGroupName>a</DefinitionGroupName><PackageEntityList><DataManagementPackageEntityData>" +
		"<EntityMapList><EntityMap><XMLField>A</XMLField></EntityMap></EntityMapList><EntityName>b</EntityName></DataManagementPackageEntityData></PackageEntityList></DataManagementPackageManifest>")
	f.Add("\xFF\xFE<\x00D\x00/\x00>\x00")
	f.Add(`<a><b><c><d>&amp;</d></c></b></a>`)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parseManifest(strings.NewReader(text), 1<<16)
		again, errAgain := parseManifest(oneByte{strings.NewReader(text)}, 1<<16)
		if (err == nil) != (errAgain == nil) || len(m.Entities) != len(again.Entities) || m.Project != again.Project {
			t.Fatalf("%q has %v and %v: %v, %v", text, m, again, err, errAgain)
		}
		if err != nil && !isTyped(typed("f", err)) {
			t.Fatalf("%q has an error without a type: %v", text, err)
		}
	})
}

// FuzzXML compares the scanner with encoding/xml: what that accepts, the scanner reads in the same way, unless it is a document
// type or names another encoding.
func FuzzXML(f *testing.F) {
	f.Add(`<?xml version="1.0" encoding="utf-8"?><D><X A="1&quot;" b='2'/><Y><Z>&#x41;<![CDATA[<&]]>` + "\r\n" + `</Z></Y><!-- c --></D>`)
	f.Add("\xEF\xBB\xBF<a:b xmlns:a=\"x\">\r</a:b>")
	f.Add(`<a><b></a></b>`)
	f.Add(`<a b="c>d"/>`)
	f.Add("<a>a text that ends within the document")
	f.Fuzz(func(t *testing.T, text string) {
		if encoding, mark := detectEncoding([]byte(text)); encoding != utf8Encoding || mark > 0 || strings.Contains(text, "<!") || strings.Contains(text, "<?") {
			return
		}
		mine, err := tokens(text, false)
		slowly, errSlowly := tokens(text, true)
		if mine != slowly || (err == nil) != (errSlowly == nil) {
			t.Fatalf("%q has %q, read byte by byte %q: %v, %v", text, mine, slowly, err, errSlowly)
		}
		theirs, theirErr := referenceTokens(text)
		if theirErr == nil && (err != nil || mine != theirs) {
			t.Fatalf("%q has %q, according to encoding/xml %q: %v", text, mine, theirs, err)
		}
	})
}

func tokens(text string, slowly bool) (string, error) {
	var from io.Reader = strings.NewReader(text)
	if slowly {
		from = oneByte{from}
	}
	x, err := newXMLScanner(from, 1<<16)
	if err != nil {
		return "", err
	}
	var all strings.Builder
	for {
		kind, err := x.next()
		if errors.Is(err, io.EOF) {
			return all.String(), nil
		}
		if err != nil {
			return all.String(), err
		}
		switch kind {
		case xmlStart:
			all.WriteString("<" + string(x.name))
			for _, a := range x.attributes {
				all.WriteString(" " + string(withoutPrefix(a.name)) + "=" + string(a.value))
			}
			all.WriteString(">")
		case xmlEnd:
			all.WriteString("</" + string(x.name) + ">")
		case xmlText:
			all.Write(x.value)
		}
	}
}

// referenceTokens returns the same by encoding/xml. It fails for texts that are not documents: without one root.
func referenceTokens(text string) (string, error) {
	d := xml.NewDecoder(strings.NewReader(text))
	var all strings.Builder
	depth, roots := 0, 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && roots == 1 {
			return all.String(), nil
		}
		if err != nil {
			return "", err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if depth++; depth == 1 {
				roots++
			}
			if depth > maxDepth || strings.ContainsAny(token.Name.Local, ":") || roots > 1 {
				return "", errors.ErrUnsupported
			}
			all.WriteString("<" + token.Name.Local)
			for _, a := range token.Attr {
				if strings.ContainsAny(a.Name.Local, ":") {
					return "", errors.ErrUnsupported
				}
				all.WriteString(" " + a.Name.Local + "=" + a.Value)
			}
			all.WriteString(">")
		case xml.EndElement:
			depth--
			all.WriteString("</" + token.Name.Local + ">")
		case xml.CharData:
			if depth > 0 {
				all.Write(token)
			} else if len(bytes.Trim(token, " \t\r\n")) > 0 {
				return "", errors.ErrUnsupported
			}
		}
	}
}

// fuzzed reads a file of an entity to its end, twice: through a small window and through a large one. It requires the same rows
// if both succeed, and that errors are typed.
func fuzzed(t *testing.T, name, content string) (rows []string, err error) {
	t.Helper()
	small, smallErr := readFile(t, name, content, 512)
	rows, err = readFile(t, name, content, 1<<16)
	if smallErr == nil && (err != nil || !slices.Equal(small, rows)) {
		t.Fatalf("%q has the rows %q, through a small window %q: %v", content, rows, small, err)
	}
	return rows, err
}

func readFile(t *testing.T, name, content string, window int) (rows []string, err error) {
	t.Helper()
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	for _, f := range []struct{ name, content string }{
		{manifestName, "<DataManagementPackageManifest><a><DataManagementPackageEntityData><InputFilePath>" + name + "</InputFilePath></DataManagementPackageEntityData></a></DataManagementPackageManifest>"},
		{name, content},
	} {
		into, _ := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Store})
		_, _ = io.WriteString(into, f.content)
	}
	_ = w.Close()
	p, err := Open(bytes.NewReader(packed.Bytes()), int64(packed.Len()), Options{Limits: Limits{Row: window, Strings: 1 << 16}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Rows(context.Background(), p.Manifest.Entities[0], []string{"A", "B"})
	if err == nil {
		defer r.Close()
		for {
			var cells [][]byte
			if cells, err = r.Next(); err != nil {
				break
			}
			rows = append(rows, string(bytes.Join(cells, []byte{0})))
		}
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
	}
	if !isTyped(err) {
		t.Fatalf("%q has an error without a type: %v", content, err)
	}
	return rows, err
}

func FuzzDelimited(f *testing.F) {
	f.Add("A,B\r\n\"x\"\"\",y\r\n")
	f.Add("'A';'B'\n'x';'y\n'\n")
	f.Add("A|B\r1|\"2\r")
	f.Add("\xFF\xFEA\x00\n\x00b\x00")
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := fuzzed(t, "a.csv", text)
		if strings.ContainsAny(text, "\x00<") || strings.HasPrefix(text, "PK") || !utf8.ValidString(text) || err != nil {
			return
		}
		cells := 0
		for _, row := range rows {
			cells += len(row)
		}
		if cells > len(text)+len(rows) {
			t.Fatalf("%q has more in its rows than in itself: %q", text, rows)
		}
	})
}

func FuzzSheet(f *testing.F) {
	f.Add(`<c r="A1" t="inlineStr"><is><t>A</t></is></c></row><row><c r="A2" t="s"><v>0</v></c>`, `<si><t>a_x000D_b</t></si>`)
	f.Add(`<c t="inlineStr"><is><r><t>A</t></r></is></c></row><row><c t="b"><v>1</v></c><c r="XFD1"><v>2</v></c>`, `<si/>`)
	f.Fuzz(func(t *testing.T, rows, strings string) {
		var packed bytes.Buffer
		w := zip.NewWriter(&packed)
		for _, f := range []struct{ name, content string }{
			{sheetFolder + "sheet1.xml", "<worksheet><sheetData><row>" + rows + "</row></sheetData></worksheet>"},
			{"xl/sharedStrings.xml", "<sst>" + strings + "</sst>"},
		} {
			into, _ := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Store})
			_, _ = io.WriteString(into, f.content)
		}
		_ = w.Close()
		_, _ = fuzzed(t, "a.xlsx", packed.String())
	})
}
