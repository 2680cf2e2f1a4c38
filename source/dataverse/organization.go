package dataverse

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Identity is the user that the service recognizes in the client's token (Web API reference, WhoAmIResponse).
type Identity struct {
	OrganizationID string // of the environment; a copy of an environment has another
	UserID         string // of the application user
}

// WhoAmI returns the user as which the service recognizes the client. It is the cheapest check that the sign-in and the
// environment match.
func (c *Client) WhoAmI(ctx context.Context) (Identity, error) {
	var who Identity
	err := c.get(ctx, request{
		operation: "identify the application user",
		link:      "WhoAmI",
		read: func(_ *http.Response, body io.Reader) error {
			who = Identity{}
			var others envelope
			d := newDecoder(body)
			err := eachMember(d, func(name []byte) error {
				switch string(name) {
				case "OrganizationId":
					return readString(d, &who.OrganizationID)
				case "UserId":
					return readString(d, &who.UserID)
				default:
					return others.read(d, name)
				}
			})
			if err != nil {
				return err
			}
			if err := others.check(false); err != nil {
				return err
			}
			if who.OrganizationID == "" { // taken for another organization it would lead to a resync
				return &BrokenResponseError{Reason: "it has no OrganizationId"}
			}
			return drain(d)
		},
	})
	return who, err
}

// DeltaTokenDays returns for how many days the environment keeps deletions and accepts delta tokens: its setting
// organization.expirechangetrackingindays. It needs Read on the organization table; 0 means that it could not be read.
func (c *Client) DeltaTokenDays(ctx context.Context) (int, error) {
	return c.organizationSetting(ctx, "expirechangetrackingindays")
}

// organizationSetting reads a number in a column of the organization's only row, 0 if the row is not visible.
func (c *Client) organizationSetting(ctx context.Context, column string) (int, error) {
	s := setting{column: column}
	_, err := c.Page(ctx, PageRequest{Table: "organization", Link: NewLink("organizations", []string{column}), Size: 1}, &s)
	return s.value, err
}

// setting is the sink of the one row that holds a setting.
type setting struct {
	column string
	value  int
}

// Begin starts an attempt.
func (s *setting) Begin(context.Context, time.Time) error {
	s.value = 0
	return nil
}

// Discard ends an attempt that failed.
func (s *setting) Discard() {}

// FastRow returns 0: it leaves every row to Row.
func (s *setting) FastRow([]byte) int { return 0 }

// Row reads the organization's row.
func (s *setting) Row(d *jsontext.Decoder) error {
	if d.PeekKind() == 'n' {
		return d.SkipValue()
	}
	return eachMember(d, func(name []byte) error {
		if string(name) != s.column {
			return d.SkipValue()
		}
		var value *int
		err := readInt(d, &value)
		if value != nil {
			s.value = *value
		}
		return err
	})
}
