package entityfile_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/finops/entityfile"
)

// utf16LE returns a text in UTF-16 with a byte order mark, as packages have their manifest.
func utf16LE(text string) string {
	out := []byte{0xFF, 0xFE}
	for _, unit := range utf16.Encode([]rune(text)) {
		out = append(out, byte(unit), byte(unit>>8))
	}
	return string(out)
}

// utf16BE is the same with the other order of bytes, without a mark.
func utf16BE(text string) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = append(out, byte(unit>>8), byte(unit))
	}
	return string(out)
}

// manifest returns the manifest of a project with one entity, Customer groups.
func manifest(file string, columns ...string) string {
	var maps strings.Builder
	for _, c := range columns {
		fmt.Fprintf(&maps, `<EntityMap><ArrayIndex /><EntityField>%s</EntityField><UseTextQualifier>No</UseTextQualifier><XMLField>%s</XMLField></EntityMap>`, c, c)
	}
	return utf16LE(`<DataManagementPackageManifest xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://schemas.microsoft.com/dynamics/2015/01/DataManagement">` +
		`<DefinitionGroupName>Nightly &amp; more</DefinitionGroupName><Description />` +
		`<PackageEntityList><DataManagementPackageEntityData><Disable>No</Disable><EntityMapList>` + maps.String() +
		`</EntityMapList><EntityName>Customer groups</EntityName><EntityTransformList /><InputFilePath>` + file +
		`</InputFilePath><SourceFormat>XML-Element</SourceFormat><TargetEntity>CustCustomerGroupEntity</TargetEntity>` +
		`</DataManagementPackageEntityData></PackageEntityList></DataManagementPackageManifest>`)
}

// file is a file of a zip file.
type file struct{ name, content string }

func zipped(t testing.TB, files ...file) string {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range files {
		into, err := w.Create(f.name)
		require.NoError(t, err)
		_, err = io.WriteString(into, f.content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.String()
}

// packaged returns a package with the given file as that of Customer groups.
func packaged(t testing.TB, name, content string, columns ...string) string {
	return zipped(t, file{"Manifest.xml", manifest(name, columns...)},
		file{"PackageHeader.xml", utf16LE(`<DataManagementPackageHeader />`)}, file{name, content})
}

func open(t testing.TB, content string, o entityfile.Options) (*entityfile.Package, error) {
	t.Helper()
	return entityfile.Open(strings.NewReader(content), int64(len(content)), o)
}

// rowsOf opens the file of Customer groups.
func rowsOf(t testing.TB, content string, names ...string) (*entityfile.Rows, error) {
	t.Helper()
	p, err := open(t, content, entityfile.Options{TempDir: t.TempDir()})
	require.NoError(t, err)
	e, found := p.Manifest.Entity("customer groups")
	require.True(t, found)
	rows, err := p.Rows(context.Background(), e, names)
	if rows != nil {
		t.Cleanup(func() { require.NoError(t, rows.Close()) })
	}
	return rows, err
}

// table returns all rows, each as its cells with a bar between them, and the error that ended them, if any.
func table(rows *entityfile.Rows) ([]string, error) {
	var all []string
	for {
		cells, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, string(bytes.Join(cells, []byte("|"))))
	}
}

// read returns all rows of a file of Customer groups.
func read(t testing.TB, name, content string, names ...string) ([]string, error) {
	t.Helper()
	rows, err := rowsOf(t, packaged(t, name, content, "CUSTOMERGROUPID", "DESCRIPTION"), names...)
	if err != nil {
		return nil, err
	}
	return table(rows)
}
