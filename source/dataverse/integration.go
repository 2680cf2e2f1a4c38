package dataverse

import (
	"context"
	"io"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"
)

// FinanceOperationsURL returns the address of the finance & operations environment that the environment is linked with, "" if it
// is not linked with one (Web API reference, RetrieveFinanceAndOperationsIntegrationDetails).
func (c *Client) FinanceOperationsURL(ctx context.Context) (string, error) {
	var address string
	err := c.get(ctx, request{
		operation: "find the finance & operations environment",
		link:      "RetrieveFinanceAndOperationsIntegrationDetails",
		read: func(_ *http.Response, body io.Reader) error {
			address = ""
			var others envelope
			d := newDecoder(body)
			err := eachMember(d, func(name []byte) error {
				if string(name) != "Url" {
					return others.read(d, name)
				}
				if d.PeekKind() == jsontext.Kind('n') {
					return d.SkipValue()
				}
				return readString(d, &address)
			})
			if err == nil {
				err = others.check(false)
			}
			if err == nil {
				err = drain(d)
			}
			return err
		},
	})
	if HasCode(err, CodeNotLinked) {
		return "", nil
	}
	return address, err
}
