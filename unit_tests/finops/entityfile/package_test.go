package entityfile_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/finops"
	"source-microsoft-dataverse/source/finops/entityfile"
)

func TestAManifestDescribesThePackage(t *testing.T) {
	p, err := open(t, packaged(t, "Customer groups.xml", "", "CUSTOMERGROUPID", "DESCRIPTION"), entityfile.Options{})
	require.NoError(t, err)
	require.Equal(t, entityfile.Manifest{Project: "Nightly & more", Entities: []entityfile.Entity{{
		Name: "Customer groups", TargetName: "CustCustomerGroupEntity", File: "Customer groups.xml",
		SourceFormat: "XML-Element", Columns: []string{"CUSTOMERGROUPID", "DESCRIPTION"},
	}}}, p.Manifest)
	_, found := p.Manifest.Entity("Customers")
	require.False(t, found)
}

func TestAManifestMayBeInUTF8(t *testing.T) {
	text := `<?xml version="1.0"?><DataManagementPackageManifest><PackageEntityList><DataManagementPackageEntityData>` +
		`<EntityName>Customer groups</EntityName><DefaultRefreshType>FullPush</DefaultRefreshType></DataManagementPackageEntityData></PackageEntityList></DataManagementPackageManifest>`
	p, err := open(t, zipped(t, file{"manifest.xml", text}), entityfile.Options{})
	require.NoError(t, err)
	require.Equal(t, []entityfile.Entity{{Name: "Customer groups", RefreshType: "FullPush"}}, p.Manifest.Entities)
}

func TestAnEntityMayHaveNoFile(t *testing.T) {
	for name, content := range map[string]string{
		"the file is missing":         zipped(t, file{"Manifest.xml", manifest("Customer groups.xml")}),
		"the manifest names no file":  zipped(t, file{"Manifest.xml", manifest("")}),
		"the file has another folder": zipped(t, file{"Manifest.xml", manifest("a.xml")}, file{"Resources/a.xml", "<a/>"}),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := rowsOf(t, content, "CustomerGroupId")
			require.ErrorIs(t, err, entityfile.ErrNoFile)
		})
	}
}

func TestFilesAreFoundInAnyCase(t *testing.T) {
	rows, err := rowsOf(t, zipped(t, file{"MANIFEST.XML", manifest("customer GROUPS.csv")}, file{"Customer groups.csv", "CUSTOMERGROUPID\n1\n"}), "CustomerGroupId")
	require.NoError(t, err)
	all, err := table(rows)
	require.NoError(t, err)
	require.Equal(t, []string{"1"}, all)
}

// failed returns what opening a package and reading its entity to the end returned.
func failed(t *testing.T, content string, limits entityfile.Limits) error {
	t.Helper()
	p, err := open(t, content, entityfile.Options{Limits: limits, TempDir: t.TempDir()})
	if err != nil {
		return err
	}
	rows, err := p.Rows(context.Background(), p.Manifest.Entities[0], []string{"CustomerGroupId", "Description"})
	if err != nil {
		return err
	}
	defer rows.Close()
	_, err = table(rows)
	want := err
	if want == nil {
		want = io.EOF
	}
	require.ErrorIs(t, rows.Skip(1), want, "the end remains")
	return err
}

// patched changes the fields of a file in the directory of a zip file (ZIP File Format Specification, 4.3.12).
func patched(content, name string, change func(header []byte)) string {
	b := []byte(content)
	at := bytes.LastIndex(b, []byte(name))
	const nameAt = 46
	change(b[at-nameAt : at])
	return string(b)
}

func TestPackagesBeyondABoundAreRefused(t *testing.T) {
	rows := "CUSTOMERGROUPID,DESCRIPTION\n" + strings.Repeat("1,a\n", 100)
	good := packaged(t, "a.csv", rows, "CUSTOMERGROUPID")
	const large = 80 << 20 // more than the bytes that a file of this size in the package may have
	bomb := patched(good, "a.csv", func(h []byte) { binary.LittleEndian.PutUint32(h[24:], large) })
	sheetBomb := patched(sheet(t, ""), "xl/worksheets/sheet1.xml", func(h []byte) { binary.LittleEndian.PutUint32(h[24:], large) })
	nested := "<Document>" + strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100) + "</Document>"
	for _, c := range []struct {
		name, content string
		limits        entityfile.Limits
		words         string
	}{
		{"a zip bomb", bomb, entityfile.Limits{}, `the package has a file "a.csv" that unpacks from`},
		{"a zip bomb in a workbook", packaged(t, "a.xlsx", sheetBomb), entityfile.Limits{}, `the file "a.xlsx" of the package has a file "xl/worksheets/sheet1.xml" that unpacks from`},
		{"more bytes than allowed", good, entityfile.Limits{Unpacked: 900}, "the package unpacks to more than 900 bytes"},
		{"more files than allowed", good, entityfile.Limits{Entries: 2}, "the package has 3 files, more than 2"},
		{"a large manifest", good, entityfile.Limits{Manifest: 900}, "has more bytes than a manifest may have"},
		{"a long row", packaged(t, "a.csv", rows+"1,"+strings.Repeat("x", 9_000)+"\n"), entityfile.Limits{Row: 8_000}, "has a row or a value that is longer than fits in memory"},
		{"a long value in XML", packaged(t, "a.xml", "<D><a><b>"+strings.Repeat("x", 9_000)+"</b></a></D>"), entityfile.Limits{Row: 8_000}, "longer than fits"},
		{"a long value in parts", packaged(t, "a.xml", "<D><a><DESCRIPTION>"+strings.Repeat("xxxx<!-- -->", 3_000)+"</DESCRIPTION></a></D>"), entityfile.Limits{Row: 8_000}, "longer than fits"},
		{"a long row of one column", packaged(t, "a.xml", "<D><a>"+strings.Repeat("<DESCRIPTION>xxxx</DESCRIPTION>", 3_000)+"</a></D>"), entityfile.Limits{Row: 8_000}, "longer than fits"},
		{"a long cell in parts", packaged(t, "a.xlsx", sheet(t, `<row>`+inline("A1", "DESCRIPTION")+`</row><row><c t="inlineStr"><is>`+strings.Repeat("<t>xxxx</t>", 3_000)+`</is></c></row>`)), entityfile.Limits{Row: 8_000}, "longer than fits"},
		{"a long name", packaged(t, "a.xml", "<D><"+strings.Repeat("x", 2_000)+"/></D>"), entityfile.Limits{}, "an element with a name of more than 1024 bytes"},
		{"a long name of an attribute", packaged(t, "a.xml", "<D><a "+strings.Repeat("x", 2_000)+"='1'/></D>"), entityfile.Limits{}, "an attribute with a name of more than 1024 bytes"},
		{"deeply nested XML in the manifest", zipped(t, file{"Manifest.xml", strings.ReplaceAll(nested, "Document", "DataManagementPackageManifest")}), entityfile.Limits{}, "nests elements more than 64 deep"},
		{"a document type", packaged(t, "a.xml", `<!DOCTYPE a [<!ENTITY b "bbb">]><a>&b;</a>`), entityfile.Limits{}, "declares a document type"},
		{"a name above the folder", zipped(t, file{"Manifest.xml", manifest("a")}, file{"../../etc/cron.d/a", "x"}), entityfile.Limits{}, `the name "../../etc/cron.d/a", which leads out of a folder`},
		{"a name above a folder within", zipped(t, file{"a/../../b", "x"}), entityfile.Limits{}, "leads out of a folder"},
		{"a name of Windows", zipped(t, file{`..\b`, "x"}), entityfile.Limits{}, "leads out of a folder"},
		{"an absolute name", zipped(t, file{"/etc/passwd", "x"}), entityfile.Limits{}, "leads out of a folder"},
		{"a drive", zipped(t, file{`C:\a`, "x"}), entityfile.Limits{}, "leads out of a folder"},
		{"an encrypted file", patched(good, "a.csv", func(h []byte) { h[8] |= 1 }), entityfile.Limits{}, "is encrypted"},
		{"an unknown compression", patched(good, "a.csv", func(h []byte) { h[10] = 99 }), entityfile.Limits{}, "is compressed by method 99"},
		{"files that overlap", patched(good, "a.csv", func(h []byte) { binary.LittleEndian.PutUint32(h[20:], uint32(len(good)-1)) }), entityfile.Limits{}, "has files that overlap"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := failed(t, c.content, c.limits)
			var refused *entityfile.RefusedError
			var form *entityfile.FormError
			require.True(t, errors.As(err, &refused) || errors.As(err, &form), "%v", err)
			require.ErrorContains(t, err, c.words)
		})
	}
}

func TestSharedStringsHaveABound(t *testing.T) {
	content := packaged(t, "a.xlsx", sheet(t, "", file{"xl/sharedStrings.xml", "<sst>" + strings.Repeat("<si><t>abcdefgh</t></si>", 1000) + "</sst>"}))
	require.NoError(t, failed(t, content, entityfile.Limits{}))
	require.ErrorContains(t, failed(t, content, entityfile.Limits{Strings: 10_000}), "its shared strings have more than 10000 bytes. Select XML-Element")
}

func TestADamagedPackageIsDistinguishedFromABadFile(t *testing.T) {
	var stored bytes.Buffer
	w := zip.NewWriter(&stored)
	for _, f := range []file{{"Manifest.xml", manifest("a.xml")}, {"a.xml", "<D><a CUSTOMERGROUPID='1'/></D>" + strings.Repeat(" ", 300)}} {
		into, err := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Store})
		require.NoError(t, err)
		_, err = into.Write([]byte(f.content))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	good := stored.String()
	require.NoError(t, failed(t, good, entityfile.Limits{}))

	for name, content := range map[string]string{
		"cut off":                     good[:len(good)-100],
		"another byte in a value":     strings.Replace(good, "'1'", "'2'", 1),
		"another byte in the text":    strings.Replace(good, "<a CUST", "<a&CUST", 1),
		"another byte in the padding": strings.Replace(good, "</D> ", "</D>!", 1),
		"a size that is too small":    patched(good, "a.xml", func(h []byte) { h[24]-- }),
		"no zip file":                 "<html>no</html>",
		"nothing":                     "",
	} {
		t.Run(name, func(t *testing.T) {
			err := failed(t, content, entityfile.Limits{})
			var damaged *entityfile.DamagedError
			require.ErrorAs(t, err, &damaged)
			require.ErrorContains(t, err, "is damaged: ")
		})
	}
}

func TestFilesThatWouldLoseDataAreNotRead(t *testing.T) {
	header := "CUSTOMERGROUPID,DESCRIPTION\n"
	for _, c := range []struct{ name, content, words string }{
		{"no header", "0010,Wholesale\n0020,Retail\n", "its first row has none of the names of the entity's columns. Select a source data format with the first row as header"},
		{"an empty first line", "\n" + header, "its first row is empty"},
		{"an unqualified delimiter", header + "1,a\n2,b,c\n", `cannot be read at row 2: it has 3 cells under a header of 2, probably because a value contains the delimiter ','`},
		{"a short row", header + "1\n", "it has 1 cells under a header of 2"},
		{"another code page", `<?xml version="1.0" encoding="Windows-1252"?><D/>`, `it is encoded as "Windows-1252"`},
		{"a composite entity", `<D><H><CUSTOMERGROUPID>1</CUSTOMERGROUPID><L><NAME>a</NAME></L></H></D>`, "its rows contain other rows, in elements such as NAME"},
		{"a composite entity with attributes", `<D><H CUSTOMERGROUPID="1"><L NAME="a"/></H></D>`, "in elements such as L"},
		{"text between elements", `<D><H>text</H></D>`, "it has text outside the elements of its columns"},
		{"two documents", `<D/><D/>`, "it has more than one root element"},
		{"text behind the document", `<D/>x`, "it has text outside its root element"},
		{"a document that ends too early", `<D><H CUSTOMERGROUPID="1">`, "it ends too early"},
		{"tags that do not match", `<D><H></D></H>`, `its element "D" is not open where it ends`},
		{"an unknown reference", `<D><H>&nbsp;</H></D>`, `unknown reference "nbsp"`},
		{"half a code unit", utf16LE(header) + "1", "it ends too early"},
		{"a workbook without sheets", zipped(t, file{"a", "b"}), "it is a zip file without sheets"},
		{"a sheet without a header", sheet(t, `<row>`+inline("A1", "0010")+`</row>`), "none of the names"},
		{"a cell beside the header", sheet(t, `<row>`+inline("A1", "CUSTOMERGROUPID")+`</row><row>`+inline("B2", "x")+`</row>`), "to the right of the last column"},
		{"a cell without a place", sheet(t, `<row>`+inline("1A", "CUSTOMERGROUPID")+`</row>`), "a reference to no column"},
		{"a shared string that is missing", sheet(t, `<row><c t="s"><v>7</v></c></row>`), "a shared string that does not exist"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := failed(t, packaged(t, "Customer groups.x", c.content, "CUSTOMERGROUPID", "DESCRIPTION"), entityfile.Limits{})
			var form *entityfile.FormError
			require.ErrorAs(t, err, &form)
			require.Equal(t, "Customer groups.x", form.File)
			require.ErrorContains(t, err, c.words)
		})
	}
}

func TestAPackageWithoutAManifestIsRefused(t *testing.T) {
	_, err := open(t, zipped(t, file{"a.xml", "<a/>"}), entityfile.Options{})
	require.EqualError(t, err, "the package cannot be read: it has no Manifest.xml. Only packages of data projects have one.")
	_, err = open(t, zipped(t, file{"Manifest.xml", "<Other/>"}), entityfile.Options{})
	require.ErrorContains(t, err, "its root element is Other, not DataManagementPackageManifest")
}

func TestAWorkbookLeavesNoFile(t *testing.T) {
	dir := t.TempDir()
	p, err := open(t, packaged(t, "a.xlsx", sheet(t, `<row>`+inline("A1", "CUSTOMERGROUPID")+`</row>`)), entityfile.Options{TempDir: dir})
	require.NoError(t, err)
	rows, err := p.Rows(context.Background(), p.Manifest.Entities[0], []string{"CUSTOMERGROUPID"})
	require.NoError(t, err)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "its name is removed while it is open")
	require.NoError(t, rows.Close())
	_, err = rows.Next()
	require.ErrorContains(t, err, "closed")

	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = p.Rows(canceled, p.Manifest.Entities[0], nil)
	require.ErrorIs(t, err, context.Canceled)

	p, err = open(t, packaged(t, "a.xlsx", sheet(t, "")), entityfile.Options{TempDir: dir + "/missing"})
	require.NoError(t, err)
	_, err = p.Rows(context.Background(), p.Manifest.Entities[0], nil)
	var storage *finops.StorageError
	require.ErrorAs(t, err, &storage)
	require.Equal(t, dir+"/missing", storage.Folder)
}

func TestAFileIsVerifiedBeforeItsRowsAreRead(t *testing.T) {
	good := packaged(t, "a.csv", "CUSTOMERGROUPID\n"+strings.Repeat("1\n", 1000))
	for _, c := range []struct {
		name, content string
		damaged       bool
		is            error
	}{
		{"a good file", good, false, nil},
		{"another checksum", patched(good, "a.csv", func(h []byte) { h[16] ^= 1 }), true, zip.ErrChecksum},
		{"no file", zipped(t, file{"Manifest.xml", manifest("a.csv")}), false, entityfile.ErrNoFile},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := open(t, c.content, entityfile.Options{})
			require.NoError(t, err)
			err = p.Verify(context.Background(), p.Manifest.Entities[0])
			require.ErrorIs(t, err, c.is)
			var damaged *entityfile.DamagedError
			require.Equal(t, c.damaged, errors.As(err, &damaged))
		})
	}
	p, err := open(t, good, entityfile.Options{})
	require.NoError(t, err)
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, p.Verify(canceled, p.Manifest.Entities[0]), context.Canceled)
}
