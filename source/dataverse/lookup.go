package dataverse

import (
	"context"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Table reads the definition of one table, nil if the environment has none that the Web API can address.
func (c *Client) Table(ctx context.Context, name string) (*Table, error) {
	var found *Table
	err := c.Tables(ctx, []string{name}, func(t Table) error {
		found = &t
		return nil
	})
	return found, err
}

// Without is the table without a property.
func (t Table) Without(property string) Table {
	t.Columns = slices.DeleteFunc(slices.Clone(t.Columns), func(c Column) bool { return c.Property == property })
	return t
}

// TokenDays is for how many days the environment keeps deletions and takes delta tokens: its setting
// organization.expirechangetrackingindays. It needs Read on the organisation; 0 means that it could not be read.
func (c *Client) TokenDays(ctx context.Context) (int, error) {
	days := expiry{}
	_, err := c.Page(ctx, PageRequest{
		Table: "organization", Link: NewLink("organizations", []string{"expirechangetrackingindays"}), Size: 1,
	}, &days)
	return days.days, err
}

// expiry is the sink of the one row that tells for how long changes are kept.
type expiry struct{ days int }

// Begin starts an attempt.
func (e *expiry) Begin(context.Context, time.Time) error {
	e.days = 0
	return nil
}

// Void ends an attempt that failed.
func (e *expiry) Void() {}

// Skim leaves everything to Row.
func (e *expiry) Skim([]byte) int { return 0 }

// Row reads the organisation's row.
func (e *expiry) Row(d *jsontext.Decoder) error {
	var row struct {
		Days int `json:"expirechangetrackingindays"`
	}
	err := decode(d, &row)
	e.days = row.Days
	return err
}
