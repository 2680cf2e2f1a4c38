package dataverse

import (
	"context"
	"io"
	"net/http"
)

// Identity is who the service takes the client for (Web API reference, WhoAmIResponse).
type Identity struct {
	OrganizationID string // of the environment; a copy of an environment has another
	UserID         string // of the application user
}

// WhoAmI asks the service who the client is. It is the cheapest proof that sign-in and environment fit together.
func (c *Client) WhoAmI(ctx context.Context) (Identity, error) {
	var who Identity
	err := c.get(ctx, request{
		operation: "ask the environment who is signed in",
		link:      "WhoAmI",
		read: func(_ *http.Response, body io.Reader) error {
			who = Identity{}
			d := newDecoder(body)
			return eachMember(d, func(name []byte) error {
				switch string(name) {
				case "OrganizationId":
					return readString(d, &who.OrganizationID)
				case "UserId":
					return readString(d, &who.UserID)
				default:
					return d.SkipValue()
				}
			})
		},
	})
	return who, err
}
