package dataverse

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// SecuredColumn is a column whose values only some users may read. For the others they are null, without an error
// (Microsoft, "Column-level security to control access").
type SecuredColumn struct {
	Property string // its name in rows
	ID       string // its MetadataId, in lower case
}

// SecuredColumns returns the secured columns of the named tables, by logical name of the table.
func (c *Client) SecuredColumns(ctx context.Context, tables []string) (map[string][]SecuredColumn, error) {
	found := map[string][]SecuredColumn{}
	for part := range slices.Chunk(tables, tablesPerRequest) {
		if err := c.securedColumns(ctx, part, found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// securedColumns adds the secured columns of some tables: by RetrieveMetadataChanges, or from the plain definitions
// where the service refuses that function.
func (c *Client) securedColumns(ctx context.Context, tables []string, found map[string][]SecuredColumn) error {
	if !c.plain.Load() {
		err := c.securedDefinitions(ctx, securedQuery(tables).link(), "EntityMetadata", found)
		if err == nil || !refusesFunction(err) {
			return err
		}
	}
	return c.securedDefinitions(ctx, Link("EntityDefinitions?$select=LogicalName&$filter="+escape(nameFilter(tables))+
		"&$expand=Attributes($select="+strings.Join(securedProperties(), ",")+")"), "value", found)
}

// AllSecuredColumns returns the secured columns of all tables of the environment, by logical name of the table, in one
// request. Tables without secured columns may be missing. It has no substitute where the service refuses
// RetrieveMetadataChanges: the plain definitions of all tables with their columns are too large.
func (c *Client) AllSecuredColumns(ctx context.Context) (map[string][]SecuredColumn, error) {
	found := map[string][]SecuredColumn{}
	query := securedQuery(nil)
	query.Criteria = nil
	err := c.securedDefinitions(ctx, query.link(), "EntityMetadata", found)
	return found, err
}

// securedProperties returns the properties of AttributeMetadata that a SecuredColumn needs.
func securedProperties() []string { return []string{"LogicalName", "AttributeTypeName", "IsSecured"} }

// securedQuery returns the query for the secured columns of tables.
func securedQuery(tables []string) entityQuery {
	secured := metadataCondition{
		PropertyName: "IsSecured", ConditionOperator: "Equals", Value: metadataValue{Type: "System.Boolean", Value: "true"},
	}
	return entityQuery{
		Criteria:   tablesNamed(tables),
		Properties: metadataProperties{PropertyNames: []string{"LogicalName", "Attributes"}},
		AttributeQuery: &attributeQuery{
			Criteria:   &metadataCriteria{FilterOperator: "And", Conditions: []metadataCondition{secured}},
			Properties: metadataProperties{PropertyNames: securedProperties()},
		},
	}
}

// securedDefinitions reads definitions with their secured columns.
func (c *Client) securedDefinitions(ctx context.Context, link Link, array string, found map[string][]SecuredColumn) error {
	return c.get(ctx, request{
		operation: "read the secured columns of the tables",
		link:      link,
		maxBytes:  maxMetadataBytes,
		read: func(_ *http.Response, body io.Reader) error {
			return eachDefinition(body, array, func(d *jsontext.Decoder) error {
				var t securedTable
				if err := decode(d, &t); err != nil {
					return err
				}
				found[t.LogicalName] = t.columns()
				return nil
			})
		},
	})
}

// securedTable has the members of EntityMetadata with the secured columns (Web API reference, AttributeMetadata).
type securedTable struct {
	LogicalName string
	Attributes  []struct {
		LogicalName       string
		MetadataId        string //nolint:revive // the service's name
		IsSecured         bool
		AttributeTypeName struct{ Value string }
	}
}

func (t securedTable) columns() []SecuredColumn {
	var columns []SecuredColumn
	for _, a := range t.Attributes {
		if a.IsSecured {
			column := definedColumn{name: a.LogicalName, typ: a.AttributeTypeName.Value}
			columns = append(columns, SecuredColumn{Property: column.column().Property, ID: strings.ToLower(a.MetadataId)})
		}
	}
	return columns
}

// readAllowed is the value of AttributePrivilege.CanRead of a user who may read the column (Web API reference,
// AttributePrivilege; the option set of field_security_permission_type has 4 for allowed).
const readAllowed = 4

// ReadableColumns returns the MetadataIds, in lower case, of the secured columns that a user may read by its column
// security profiles and those of its teams (Web API reference, RetrievePrincipalAttributePrivileges).
func (c *Client) ReadableColumns(ctx context.Context, userID string) (map[string]bool, error) {
	var readable map[string]bool
	err := c.get(ctx, request{
		operation: "read the column permissions of the application user",
		link:      Link("systemusers(" + escape(userID) + ")/Microsoft.Dynamics.CRM.RetrievePrincipalAttributePrivileges()"),
		read: func(_ *http.Response, body io.Reader) error {
			readable = map[string]bool{}
			return eachDefinition(body, "AttributePrivileges", func(d *jsontext.Decoder) error {
				var given struct {
					AttributeId string //nolint:revive // the service's name
					CanRead     int
				}
				err := decode(d, &given)
				if err == nil && given.CanRead == readAllowed {
					readable[strings.ToLower(given.AttributeId)] = true
				}
				return err
			})
		},
	})
	return readable, err
}

// administratorRole is the role template from which each System Administrator role is made (Microsoft, "Security roles
// and privileges": its id is the same in all environments).
const administratorRole = "627090ff-40a3-4053-8790-584edc5be201"

// IsAdministrator reports whether a user has the System Administrator role itself. Such a user reads every secured column
// (Microsoft, "Column-level security to control access").
func (c *Client) IsAdministrator(ctx context.Context, userID string) (bool, error) {
	found := false
	err := c.get(ctx, request{
		operation: "read the security roles of the application user",
		link:      Link("systemusers(" + escape(userID) + ")/systemuserroles_association?$select=_roletemplateid_value"),
		read: func(_ *http.Response, body io.Reader) error {
			found = false
			return eachDefinition(body, "value", func(d *jsontext.Decoder) error {
				var r definedRole
				err := decode(d, &r)
				found = found || r.role().Administrator
				return err
			})
		},
	})
	return found, err
}
