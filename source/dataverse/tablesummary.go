package dataverse

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// TableSummary is what a list of tables shows of one. It takes no request of its own, unlike the columns.
type TableSummary struct {
	// Table has no Columns. Its EntitySet is empty if the Web API cannot address its rows.
	Table Table
	// DisplayName is the table's name in the language of the application user, empty if it does not have one.
	DisplayName string
	// Trackable reports whether change tracking can be turned on. A few system tables are tracked although it cannot.
	Trackable bool
	// ReadPrivilege is the name of the privilege to read the table, such as prvReadActivity for all activity tables. It is
	// empty for a table without privileges of its own, such as an N:N table.
	ReadPrivilege string
	// ReadPrivilegeID is the id of that privilege, in lower case.
	ReadPrivilegeID string
}

// TableSummaries lists all tables of the environment, sorted by logical name, in one request: the service does not page
// definitions.
func (c *Client) TableSummaries(ctx context.Context) ([]TableSummary, error) {
	var summaries []TableSummary
	err := c.get(ctx, request{
		operation: "list the tables of the environment",
		link:      Link("EntityDefinitions?$select=" + strings.Join(summaryProperties(), ",")),
		maxBytes:  maxMetadataBytes,
		read: func(_ *http.Response, body io.Reader) error {
			summaries = summaries[:0]
			return eachDefinition(body, "value", func(d *jsontext.Decoder) error {
				var t definedTable
				err := decode(d, &t)
				if err == nil && t.LogicalName != "" {
					summaries = append(summaries, t.summary())
				}
				return err
			})
		},
	})
	slices.SortStableFunc(summaries, func(a, b TableSummary) int { return strings.Compare(a.Table.LogicalName, b.Table.LogicalName) })
	return slices.CompactFunc(summaries, func(a, b TableSummary) bool { return a.Table.LogicalName == b.Table.LogicalName }), err
}

// summaryProperties returns the properties of EntityMetadata that a TableSummary needs.
func summaryProperties() []string {
	return append(tableProperties(), "DisplayName", "CanChangeTrackingBeEnabled", "Privileges")
}

// definedTable has the members of EntityMetadata that a TableSummary needs (Web API reference, EntityMetadata). Null is
// the zero value.
type definedTable struct {
	LogicalName                string
	EntitySetName              string
	PrimaryIdAttribute         string //nolint:revive // the service's name
	ChangeTrackingEnabled      bool
	CanChangeTrackingBeEnabled struct{ Value bool }
	TableType                  string
	DataProviderId             string //nolint:revive // the service's name
	DisplayName                struct {
		UserLocalizedLabel struct{ Label string }
		LocalizedLabels    []struct{ Label string }
	}
	Privileges []struct{ Name, PrivilegeType, PrivilegeId string } //nolint:revive // the service's name
}

func (t definedTable) summary() TableSummary {
	s := TableSummary{
		Table: Table{
			LogicalName: t.LogicalName, EntitySet: t.EntitySetName, PrimaryID: t.PrimaryIdAttribute, Tracked: t.ChangeTrackingEnabled,
		},
		DisplayName: t.DisplayName.UserLocalizedLabel.Label,
		Trackable:   t.CanChangeTrackingBeEnabled.Value,
	}
	s.Table.Elastic, s.Table.Virtual = storage(t.TableType, t.DataProviderId)
	for _, label := range t.DisplayName.LocalizedLabels {
		s.DisplayName = cmp.Or(s.DisplayName, label.Label)
	}
	for _, privilege := range t.Privileges {
		if privilege.PrivilegeType == "Read" {
			s.ReadPrivilege, s.ReadPrivilegeID = privilege.Name, strings.ToLower(privilege.PrivilegeId)
		}
	}
	return s
}
