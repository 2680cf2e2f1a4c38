// Package record turns the bytes of Dataverse's rows into the bytes of Airbyte's RECORD messages.
//
// A Plan is compiled once for each stream: it knows what becomes of each member of a row. An Encoder follows the plan. It
// is a dataverse.Sink: the client gives it the rows of a page while they arrive, as text (FastRow) or, where the text has
// anything unusual, from a decoder (Row). Each row becomes a RECORD line at once; no row is ever a map. Of each key a page
// sends the last version only. When the page has arrived whole, Records hands its lines over as a Page, which another
// goroutine writes while the encoder begins the next one. The memory of pages comes from a Pool that all streams share,
// and that bounds it.
//
// A KeySink is the Sink of scans that need the keys of rows and deletions alone.
//
// # Values
//
// Values leave byte for byte as the service sent them, with these exceptions, all in one place each:
//
//   - null, or a missing member, is null (column.go), and so is a value of another type than the configured schema
//     declares; such a value is named in the record's meta.changes;
//   - a wall clock's time loses its Z where the configured schema says that it has no zone (column.go);
//   - U+0085, U+2028 and U+2029 leave escaped, and what is no text, or no text for a database, becomes U+FFFD (text.go);
//   - keys are written in lower case where a stream's changes are followed (key.go).
//
// # The cursor
//
// All rows of a page have one cursor, _ab_cdc_updated_at: the service's time of the page, or the microsecond after the
// greatest cursor sent before, whichever is greater. So the cursors of a key never fall from one page to the next, and a
// deletion, which follows the rows of its page, is greater than all versions sent with pages before.
package record
