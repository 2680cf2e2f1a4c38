package dataverse

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Depth is how far a privilege reaches (Web API reference, PrivilegeDepth).
type Depth string

// The depths of privileges, the least first.
const (
	Basic  Depth = "Basic"  // rows that the user owns or that are shared with the user
	Local  Depth = "Local"  // rows of the user's business unit
	Deep   Depth = "Deep"   // and of the business units below
	Global Depth = "Global" // all rows
)

// NoDepth is the depth of a privilege that the user does not have.
const NoDepth Depth = "None"

// Privileges are the depths of a user's privileges, by their names and by their ids, in lower case: the names may be missing
// on servers of older versions.
type Privileges map[string]Depth

// Read returns the depth at which the user may read a table, "" if it is unknown: some tables share a privilege of
// another name, as all activities share prvReadActivity.
func (p Privileges) Read(table string) Depth { return p["prvread"+table] }

// Privileges reads the privileges of a user from all of its security roles, including those of its teams, in one
// request (Web API reference, RetrieveUserPrivileges).
func (c *Client) Privileges(ctx context.Context, userID string) (Privileges, error) {
	var found Privileges
	err := c.get(ctx, request{
		operation: "read the privileges of the application user",
		link:      Link("systemusers(" + escape(userID) + ")/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()"),
		read: func(_ *http.Response, body io.Reader) error {
			found = Privileges{}
			return eachDefinition(body, "RolePrivileges", found.add)
		},
	})
	return found, err
}

// ReadDepth returns the depth at which the user may read a table, NoDepth if the user may not, and "" if it is unknown:
// the table does not have a privilege of its own, or the user's privileges could not be retrieved.
func (p Privileges) ReadDepth(t TableSummary) Depth {
	if len(p) == 0 || t.ReadPrivilege == "" {
		return ""
	}
	depth := p[strings.ToLower(t.ReadPrivilege)]
	if byID := p[t.ReadPrivilegeID]; byID.rank() > depth.rank() {
		depth = byID
	}
	return cmp.Or(depth, NoDepth)
}

// add records one privilege. If several roles grant it, the widest depth counts.
func (p Privileges) add(d *jsontext.Decoder) error {
	var given struct {
		PrivilegeName string
		PrivilegeId   string //nolint:revive // the service's name
		Depth         Depth
	}
	if err := decode(d, &given); err != nil {
		return err
	}
	for _, name := range []string{strings.ToLower(given.PrivilegeName), strings.ToLower(given.PrivilegeId)} {
		if name != "" && given.Depth.rank() > p[name].rank() {
			p[name] = given.Depth
		}
	}
	return nil
}

// Level returns the name that Microsoft's editor of security roles has for a depth (Microsoft, "Security roles and
// privileges").
func (d Depth) Level() string {
	switch d {
	case Basic:
		return "User"
	case Local:
		return "Business Unit"
	case Deep:
		return "Parent: Child Business Units"
	case Global:
		return "Organization"
	default:
		return string(d)
	}
}

// CompareDepths returns a negative number if a reaches less far than b, a positive one if it reaches farther, and 0 if both
// reach as far. An unknown depth counts as none.
func CompareDepths(a, b Depth) int { return cmp.Compare(a.rank(), b.rank()) }

// rank orders depths; an unknown depth counts as none.
func (d Depth) rank() int {
	switch d {
	case Basic:
		return 1
	case Local:
		return 2
	case Deep:
		return 3
	case Global:
		return 4
	default:
		return 0
	}
}
