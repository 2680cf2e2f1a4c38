package dataverse

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// UserName returns the full name of a user, which Power Apps shows. It needs Read on the systemuser table. Like
// UserRoles and TeamRoles, it is not retried: an inspection can do without it.
func (c *Client) UserName(ctx context.Context, userID string) (string, error) {
	var name string
	err := c.get(ctx, request{
		operation: "read the name of the application user",
		link:      Link("systemusers(" + escape(userID) + ")?$select=fullname"),
		policy:    RetryPolicy{Attempts: 1},
		read: func(_ *http.Response, body io.Reader) error {
			return readOne(body, "fullname", func(d *jsontext.Decoder) error { return readString(d, &name) })
		},
	})
	return name, err
}

// Role is a security role.
type Role struct {
	Name string
	// Administrator reports that it is the role System Administrator.
	Administrator bool
}

// definedRole has the members of the table role that a Role needs.
type definedRole struct {
	Name     string `json:"name"`
	Template string `json:"_roletemplateid_value"`
}

func (r definedRole) role() Role {
	return Role{Name: r.Name, Administrator: strings.EqualFold(r.Template, administratorRole)}
}

// roleColumns are the columns of the table role that a Role needs.
const roleColumns = "name,_roletemplateid_value"

// UserRoles returns the security roles that a user has itself. It needs Read on the role table.
func (c *Client) UserRoles(ctx context.Context, userID string) ([]Role, error) {
	var roles []Role
	err := c.get(ctx, request{
		operation: "read the security roles of the application user",
		link:      Link("systemusers(" + escape(userID) + ")/systemuserroles_association?$select=" + roleColumns),
		policy:    RetryPolicy{Attempts: 1},
		read: func(_ *http.Response, body io.Reader) error {
			roles = []Role{}
			return eachDefinition(body, "value", func(d *jsontext.Decoder) error {
				var r definedRole
				err := decode(d, &r)
				roles = append(roles, r.role())
				return err
			})
		},
	})
	return roles, err
}

// TeamRoles returns the security roles that a user has through its teams, each once. It needs Read on the tables team and
// role.
func (c *Client) TeamRoles(ctx context.Context, userID string) ([]Role, error) {
	var roles []Role
	err := c.get(ctx, request{
		operation: "read the security roles of the application user's teams",
		link: Link("systemusers(" + escape(userID) + ")/teammembership_association?$select=name&$expand=teamroles_association($select=" +
			roleColumns + ")"),
		policy: RetryPolicy{Attempts: 1},
		read: func(_ *http.Response, body io.Reader) error {
			roles = []Role{}
			return eachDefinition(body, "value", func(d *jsontext.Decoder) error {
				var team struct {
					Roles []definedRole `json:"teamroles_association"`
				}
				err := decode(d, &team)
				for _, r := range team.Roles {
					if role := r.role(); !slices.Contains(roles, role) {
						roles = append(roles, role)
					}
				}
				return err
			})
		},
	})
	return roles, err
}
