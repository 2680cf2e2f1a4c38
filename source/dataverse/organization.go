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
	days := expiry{}
	_, err := c.Page(ctx, PageRequest{
		Table: "organization", Link: NewLink("organizations", []string{"expirechangetrackingindays"}), Size: 1,
	}, &days)
	return days.days, err
}

// expiry is the sink of the one row that holds the setting.
type expiry struct{ days int }

// Begin starts an attempt.
func (e *expiry) Begin(context.Context, time.Time) error {
	e.days = 0
	return nil
}

// Discard ends an attempt that failed.
func (e *expiry) Discard() {}

// FastRow returns 0: it leaves every row to Row.
func (e *expiry) FastRow([]byte) int { return 0 }

// Row reads the organization's row.
func (e *expiry) Row(d *jsontext.Decoder) error {
	var row struct {
		Days int `json:"expirechangetrackingindays"`
	}
	err := decode(d, &row)
	e.days = row.Days
	return err
}
