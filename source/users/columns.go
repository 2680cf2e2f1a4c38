package users

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"source-microsoft-dataverse/source/dataverse"
)

// ColumnRights are which secured columns a user may read.
type ColumnRights struct {
	Known      bool
	Everything bool            // all of them
	Readable   map[string]bool // by MetadataId, if not all
}

// Unreadable returns the properties of the secured columns that may not be read. It returns nil if the rights are unknown.
func (r ColumnRights) Unreadable(secured []dataverse.SecuredColumn) []string {
	var names []string
	for _, c := range secured {
		if r.Known && !r.Reads(c) {
			names = append(names, c.Property)
		}
	}
	return names
}

// Reads reports whether a secured column may be read.
func (r ColumnRights) Reads(c dataverse.SecuredColumn) bool { return r.Everything || r.Readable[c.ID] }

// columnReader is the part of a client that ColumnRights need.
type columnReader interface {
	ReadableColumns(ctx context.Context, userID string) (map[string]bool, error)
	IsAdministrator(ctx context.Context, userID string) (bool, error)
}

// RetrieveColumnRights returns which secured columns a user may read.
func RetrieveColumnRights(ctx context.Context, client columnReader, userID string) (ColumnRights, error) {
	readable, err := client.ReadableColumns(ctx, userID)
	if err != nil {
		return ColumnRights{}, err
	}
	administrator, err := client.IsAdministrator(ctx, userID)
	if err != nil && !MayNotReadRoles(err) {
		return ColumnRights{}, err
	}
	return ColumnRights{Known: true, Everything: administrator, Readable: readable}, nil
}

// MayNotReadRoles reports whether the error of a request for the security roles of a user shows that the user may not read them. Then
// it is no administrator.
func MayNotReadRoles(err error) bool { return dataverse.HasCode(err, dataverse.CodePrivilegeMissing) }

// Difference returns, as a part of a sentence, what a user may not read of a table that the users with the widest right may.
// It compares their depths and the secured columns that they may not read. It returns "" if there is no difference.
func Difference(depth, widest dataverse.Depth, unreadable, unreadableToWidest []string) string {
	switch {
	case dataverse.CompareDepths(depth, widest) == 0:
	case depth == "" || depth == dataverse.NoDepth:
		return "no Read privilege"
	default:
		return fmt.Sprintf("Read at %s level instead of %s level", depth.Level(), widest.Level())
	}
	missing := slices.DeleteFunc(slices.Clone(unreadable), func(column string) bool { return slices.Contains(unreadableToWidest, column) })
	if len(missing) == 0 {
		return ""
	}
	return "without column " + strings.Join(missing, ", ")
}
