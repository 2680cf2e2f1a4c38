// Package entityfile reads data packages of finance & operations and the entity files in them.
//
// [Open] opens a package, which is a zip file, and reads its [Manifest]. [Package.Verify] compares the checksum of the file of one
// entity, and [Package.Rows] reads it row by row, whatever its form: XML with elements or with attributes, delimited text, or an
// Excel workbook. Each row is a list of cells as text, in the order of the requested columns. [Conversion.Append] turns a cell into
// JSON by the type of its property.
//
// # What is known of the form
//
// The manifest names the source data format of an entity, but an administrator chooses that name. So the form of a file is
// found in its bytes: byte order marks, "<", or the signature of a zip file. The formats are those of Microsoft, "Data import
// and export jobs overview" and "Data management error descriptions and known limitations".
//
// # What is refused
//
// A package comes from a service that is trusted no more than its network. Names in it are never used as paths, sizes and
// depths have bounds ([Limits]), and an XML file that declares entities is refused. What is read is never kept: memory
// depends on the longest row, not on the file, except for the shared strings of a workbook, which have a bound of their own.
//
// # What errors mean
//
//   - [*DamagedError]: the bytes are not those that the service wrote. Another download may help.
//   - [*RefusedError]: the package is beyond a bound or names a path. Another download does not help.
//   - [*FormError]: the file cannot be read in the form that it has. Its project needs another format.
//   - [*finops.StorageError]: a workbook could not be unpacked into a temporary file.
//   - [ErrNoFile]: the package has no file of the entity, as it may if the entity has no rows.
package entityfile
