package dataverse

import (
	"context"
	"io"
	"net/http"
	"net/url"
)

// Identity is who the service takes the client for (Web API reference, WhoAmIResponse).
type Identity struct {
	OrganizationID string // of the environment; a copy of an environment has another
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
			return eachMember(d, func(name string) error {
				if name != "OrganizationId" {
					return d.SkipValue()
				}
				return readString(d, &who.OrganizationID)
			})
		},
	})
	return who, err
}

// HasRow says whether a table holds a row with that key.
func (c *Client) HasRow(ctx context.Context, t Table, id string) (bool, error) {
	err := c.get(ctx, request{
		operation: "look for a row of " + t.LogicalName,
		table:     t.LogicalName,
		link:      Link(t.EntitySet + "(" + url.PathEscape(id) + ")?$select=" + t.PrimaryID),
		read: func(_ *http.Response, body io.Reader) error {
			return broken(newDecoder(body).SkipValue())
		},
	})
	switch {
	case err == nil:
		return true, nil
	case HasCode(err, CodeNotFound):
		return false, nil
	default:
		return false, err
	}
}
