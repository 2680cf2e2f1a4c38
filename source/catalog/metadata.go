package catalog

import (
	"fmt"
	"strings"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// metadataPrefix begins the names of the streams of metadata. No logical name begins with an underscore.
const metadataPrefix = "_metadata_"

// MetadataStreams returns the streams that describe tables instead of having their rows.
func MetadataStreams() []protocol.Stream {
	var all []protocol.Stream
	for _, kind := range dataverse.MetadataKinds() {
		all = append(all, Stream(metadataTable(kind)))
	}
	return all
}

// Metadata returns the kind of metadata that a stream delivers, and the table that its rows form. found is false if the
// stream has the rows of a table of the environment.
func Metadata(stream string) (kind dataverse.MetadataKind, rows dataverse.Table, found bool) {
	for _, kind := range dataverse.MetadataKinds() {
		if table := metadataTable(kind); table.LogicalName == stream {
			return kind, table, true
		}
	}
	return "", dataverse.Table{}, false
}

// IsMetadata reports whether a stream delivers metadata.
func IsMetadata(stream string) bool {
	_, _, found := Metadata(stream)
	return found
}

func metadataTable(kind dataverse.MetadataKind) dataverse.Table {
	t := kind.Rows()
	t.LogicalName = metadataPrefix + string(kind)
	t.EntitySet = t.LogicalName
	return t
}

// SelectMetadata returns the streams of metadata that match at least one of the patterns, and the patterns for tables. Only a
// pattern that begins with an underscore is one for metadata, so that * means all tables. The error is a *PatternError if such a
// pattern matches no stream.
func SelectMetadata(patterns []string) (streams []protocol.Stream, others []string, err error) {
	var own, names []string
	for _, pattern := range patterns {
		if strings.HasPrefix(pattern, "_") {
			own = append(own, pattern)
		} else {
			others = append(others, pattern)
		}
	}
	all := MetadataStreams()
	for _, s := range all {
		names = append(names, s.Name)
	}
	streams, err = selectStreams(all, own, func(pattern string) string {
		return fmt.Sprintf("The pattern %q matches no stream of metadata. These are %s.", pattern, strings.Join(names, ", "))
	})
	return streams, others, err
}
