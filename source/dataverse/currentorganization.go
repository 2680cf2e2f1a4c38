package dataverse

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Organization is what the service reports about the environment itself.
type Organization struct {
	Name    string // the friendly name, which the admin center shows as the name of the environment
	Version string // of the service, such as 9.2.24104.00173
	Geo     string // the region, such as EMEA; empty if it is unknown
	// ClockAhead is the least by which the service's clock is ahead of the clock of this machine. It is negative if the service's
	// clock is behind, and 0 if the clocks may agree.
	ClockAhead time.Duration
}

// CurrentOrganization returns what the service reports about the environment (Microsoft, "RetrieveCurrentOrganization
// Function" and "OrganizationDetail ComplexType").
func (c *Client) CurrentOrganization(ctx context.Context) (Organization, error) {
	var found Organization
	sent := time.Now()
	err := c.get(ctx, request{
		operation: "describe the environment",
		link:      "RetrieveCurrentOrganization(AccessType=Microsoft.Dynamics.CRM.EndpointAccessType'Default')",
		policy:    RetryPolicy{Attempts: 1}, // an inspection can do without it
		read: func(response *http.Response, body io.Reader) error {
			found = Organization{ClockAhead: ahead(responseTime(response), sent, time.Now())}
			return readOne(body, "Detail", func(d *jsontext.Decoder) error {
				var detail struct{ FriendlyName, OrganizationVersion, Geo string }
				err := decode(d, &detail)
				found.Name, found.Version, found.Geo = detail.FriendlyName, detail.OrganizationVersion, detail.Geo
				return err
			})
		},
	})
	return found, err
}

// readOne reads one member of a response. It skips all others except those that change what the response means.
func readOne(body io.Reader, member string, read func(*jsontext.Decoder) error) error {
	d := newDecoder(body)
	found := false
	var others envelope
	err := eachMember(d, func(name []byte) error {
		if string(name) != member {
			return others.read(d, name)
		}
		found = true
		return read(d)
	})
	if err != nil {
		return err
	}
	if err := others.check(false); err != nil {
		return err
	}
	if !found {
		return &BrokenResponseError{Reason: `it has no "` + member + `"`}
	}
	return drain(d)
}

// ahead returns the least by which the clock of a response is ahead of the clock of this machine: the service read its clock
// between the request and the arrival of the response.
func ahead(at, sent, arrived time.Time) time.Duration {
	switch {
	case at.After(arrived):
		return at.Sub(arrived)
	case at.Before(sent.Truncate(time.Second)): // the response states whole seconds
		return at.Sub(sent)
	default:
		return 0
	}
}
