package entityfile

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/flate"
)

// Limits bound what a package may contain. Zero fields have the values of DefaultLimits.
type Limits struct {
	Entries  int   // files in the package or in a workbook
	Unpacked int64 // bytes of all files of the package together
	Manifest int64 // bytes of each of the two files that describe the package
	Strings  int64 // bytes of the shared strings of a workbook, which are kept in memory
	Row      int   // bytes of a row in its file, which is kept in memory
}

// DefaultLimits returns the limits of a package of finance & operations. A manifest of 92 entities has 1 MB. Microsoft's
// own limit for a file is 256 MB, which was lifted (Microsoft, "Data entities overview").
func DefaultLimits() Limits {
	return Limits{Entries: 20_000, Unpacked: 256 << 30, Manifest: 64 << 20, Strings: 32 << 20, Row: 32 << 20}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	if l.Entries > 0 {
		d.Entries = l.Entries
	}
	if l.Unpacked > 0 {
		d.Unpacked = l.Unpacked
	}
	if l.Manifest > 0 {
		d.Manifest = l.Manifest
	}
	if l.Strings > 0 {
		d.Strings = l.Strings
	}
	if l.Row > 0 {
		d.Row = l.Row
	}
	return d
}

const (
	// maxRatio is how many times its size in the package a file may have, once it is larger than freelyUnpacked. Deflate
	// reaches 1,032, but a row that differs from the one before takes more bytes than that leaves.
	maxRatio       = 400
	freelyUnpacked = 64 << 20
)

// Options configure Open.
type Options struct {
	Limits Limits
	// TempDir is where a workbook is unpacked to, into a file that is removed at once; "" is the system's.
	TempDir string
}

// Package is an open data package. It is read by one goroutine.
type Package struct {
	// Manifest describes the entities of the package.
	Manifest Manifest

	files   archive
	limits  Limits
	tempDir string
}

// Open opens a package of the given size. It reads the names of the files and the manifest. The file must stay open for as
// long as the package is used. The error is a *DamagedError, a *RefusedError or a *FormError.
func Open(file io.ReaderAt, size int64, o Options) (*Package, error) {
	limits := o.Limits.orDefault()
	files, err := openArchive(file, size, "", limits)
	if err != nil {
		return nil, err
	}
	p := &Package{files: files, limits: limits, tempDir: o.TempDir}
	manifest := files.find(manifestName)
	if manifest == nil {
		return nil, &FormError{Reason: "it has no " + manifestName, Advice: "Only packages of data projects have one."}
	}
	p.Manifest, err = readManifest(manifest, limits)
	return p, err
}

// archive is the files of a zip file: the package, or a workbook in it.
type archive struct {
	zip  *zip.Reader
	name string // of the workbook; "": the package
}

// openArchive opens a zip file and refuses it if its directory is beyond a limit, or if a name in it leads out of a folder.
func openArchive(file io.ReaderAt, size int64, name string, limits Limits) (archive, error) {
	all, err := zip.NewReader(file, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return archive{}, &DamagedError{File: name, cause: err}
	}
	all.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	if len(all.File) > limits.Entries {
		return archive{}, &RefusedError{name, fmt.Sprintf("has %d files, more than %d", len(all.File), limits.Entries)}
	}
	var packed, unpacked uint64
	for _, f := range all.File {
		if leadsOut(f.Name) {
			return archive{}, &RefusedError{name, fmt.Sprintf("has a file with the name %q, which leads out of a folder", f.Name)}
		}
		if f.UncompressedSize64 > freelyUnpacked && f.UncompressedSize64/maxRatio > f.CompressedSize64 {
			return archive{}, &RefusedError{name, fmt.Sprintf("has a file %q that unpacks from %d bytes to %d, more than %d times as many",
				f.Name, f.CompressedSize64, f.UncompressedSize64, maxRatio)}
		}
		if f.CompressedSize64 > uint64(size) || f.UncompressedSize64 > uint64(limits.Unpacked) { //nolint:gosec // neither is negative
			return archive{}, tooLarge(name, limits)
		}
		packed += f.CompressedSize64
		unpacked += f.UncompressedSize64
	}
	switch {
	case packed > uint64(size): //nolint:gosec // not negative
		return archive{}, &RefusedError{name, "has files that overlap"}
	case unpacked > uint64(limits.Unpacked): //nolint:gosec // not negative
		return archive{}, tooLarge(name, limits)
	}
	return archive{all, name}, nil
}

func tooLarge(name string, limits Limits) error {
	return &RefusedError{name, fmt.Sprintf("unpacks to more than %d bytes", limits.Unpacked)}
}

// leadsOut reports whether a name, used as a path, would lead out of a folder. Nothing uses it as one, but no package of the
// service has such a name.
func leadsOut(name string) bool {
	slashed := strings.ReplaceAll(name, `\`, "/")
	clean := path.Clean(slashed)
	return path.IsAbs(slashed) || clean == ".." || strings.HasPrefix(clean, "../") || strings.Contains(slashed, "../") ||
		len(slashed) > 1 && slashed[1] == ':' || strings.ContainsRune(name, 0)
}

// find returns the file with a name, nil if there is none. A name in the same case takes precedence.
func (a archive) find(name string) *zip.File {
	name = strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/")
	var found *zip.File
	for _, f := range a.zip.File {
		switch {
		case f.Name == name:
			return f
		case found == nil && strings.EqualFold(f.Name, name):
			found = f
		}
	}
	return found
}

// open returns the unpacked bytes of a file. Reading ends with an error if they are more than the directory of the package
// states, or if their checksum differs.
func open(f *zip.File) (io.ReadCloser, error) {
	const encrypted = 1 // ZIP File Format Specification, 4.4.4
	if f.Flags&encrypted != 0 {
		return nil, &RefusedError{f.Name, "is encrypted"}
	}
	unpacked, err := f.Open()
	switch {
	case errors.Is(err, zip.ErrAlgorithm):
		return nil, &RefusedError{f.Name, fmt.Sprintf("is compressed by method %d, which data packages do not use", f.Method)}
	case err != nil:
		return nil, &DamagedError{File: f.Name, cause: err}
	}
	return &stated{unpacked, f.Name, f.UncompressedSize64}, nil
}

// stated reads a file up to its stated size. All its errors but io.EOF are typed.
type stated struct {
	unpacked io.ReadCloser
	file     string
	left     uint64
}

func (s *stated) Close() error { return s.unpacked.Close() }

func (s *stated) Read(p []byte) (int, error) {
	n, err := s.unpacked.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // readers return it as it is
		return 0, &DamagedError{File: s.file, cause: err}
	}
	if uint64(n) > s.left { //nolint:gosec // n is not negative
		return 0, &DamagedError{File: s.file, cause: errors.New("it unpacks to more bytes than the package states")}
	}
	s.left -= uint64(n) //nolint:gosec // n is not negative
	return n, err
}
