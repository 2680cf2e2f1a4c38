// Package record turns the bytes of Dataverse's rows into the bytes of Airbyte's RECORD messages.
//
// A Plan is compiled once for each stream and defines how each member of a row is encoded. An Encoder follows the plan.
// It is a dataverse.Sink: the client passes it the rows of a page one by one, as text (FastRow) or, if the text has
// anything unusual, from a decoder (Row). Each row becomes a RECORD line at once; no row is ever a map. A page sends
// only the last version of each key. When the page is complete, Records returns its lines as a Page, which another
// goroutine writes while the encoder begins the next one. The memory of pages comes from a Pool, which all streams
// share and which limits it.
//
// A KeySink is the Sink of scans that need only the keys of rows and deletions.
//
// # Values
//
// Values are emitted byte for byte as the service sent them, with these exceptions, each in one file:
//
//   - null, or a missing member, is null (column.go);
//   - a value of another type than the configured schema declares becomes null (column.go), and so does one that is too
//     long, and the largest ones of a record that is too long (limits.go); the record's meta.changes names them;
//   - a wall clock time loses its Z if the configured schema declares it without a time zone (column.go);
//   - U+0085, U+2028 and U+2029 are escaped; invalid text, and U+0000, becomes U+FFFD (text.go);
//   - the type of a lookup is read from an annotation or from other columns (lookuptype.go);
//   - keys are written in lower case if the stream's changes are followed (key.go).
//
// The labels of choice columns, if they are selected, follow the columns of a record (labelstep.go).
//
// # The cursor
//
// All rows of a page have one cursor, _ab_cdc_updated_at: the service's time of the page, or the microsecond after the
// max cursor of the pages before, whichever is greater. So the cursors of a key never fall from one page to the next,
// and the cursor of a deletion is greater than those of all versions sent with earlier pages.
package record
