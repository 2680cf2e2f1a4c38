package entityfile

import (
	"context"
	"io"
)

// Verify reads the file of an entity to its end and compares its size and its checksum with those in the package, so that no row of
// a file that arrived damaged is used: the checksum is compared only once all its rows have been read. The error is ErrNoFile, a
// *DamagedError, a *RefusedError, or that of the context.
func (p *Package) Verify(ctx context.Context, e Entity) error {
	f := p.files.find(e.File)
	if e.File == "" || f == nil {
		return ErrNoFile
	}
	unpacked, err := open(f)
	if err != nil {
		return err
	}
	defer unpacked.Close() //nolint:errcheck // it was only read
	for chunk := make([]byte, 256<<10); ; {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		_, err := unpacked.Read(chunk)
		switch {
		case err == io.EOF: //nolint:errorlint // readers return it as it is
			return nil
		case err != nil:
			return typed(f.Name, err)
		}
	}
}
