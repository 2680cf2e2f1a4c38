package keyrange

import "errors"

var (
	// ErrOrder reports a page whose rows are not in the order of SQL Server.
	ErrOrder = errors.New("the rows of a page are not in ascending order of their keys")
	// ErrOutside reports a page with a row that is not in the requested range of keys.
	ErrOutside = errors.New("a page has a row that is not in the requested range of keys")
	// ErrNotKey reports a row whose key is not a GUID.
	ErrNotKey = errors.New("the key of a row is not a GUID")
)

// CheckPage reports an error unless the keys of a page are strictly ascending and in the range that was requested.
func CheckPage(r Range, keys []Key) error {
	for i, k := range keys {
		if i > 0 && keys[i-1].Compare(k) >= 0 {
			return ErrOrder
		}
		if !r.Contains(k) {
			return ErrOutside
		}
	}
	return nil
}
