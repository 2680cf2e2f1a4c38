package dataverse

import (
	"context"
	"io"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"
)

// ProvisionedLanguages returns the languages that the environment provides, as LCIDs (Web API reference,
// RetrieveProvisionedLanguages).
func (c *Client) ProvisionedLanguages(ctx context.Context) ([]int, error) {
	var languages []int
	err := c.get(ctx, request{
		operation: "list the languages of the environment",
		link:      "RetrieveProvisionedLanguages()",
		read: func(_ *http.Response, body io.Reader) error {
			languages = languages[:0]
			return eachDefinition(body, "RetrieveProvisionedLanguages", func(d *jsontext.Decoder) error {
				var language *int
				err := readInt(d, &language)
				if language != nil {
					languages = append(languages, *language)
				}
				return err
			})
		},
	})
	return languages, err
}

// BaseLanguage returns the base language of the organization as an LCID: its column languagecode. It needs Read on the
// organization table; 0 means that it could not be read.
func (c *Client) BaseLanguage(ctx context.Context) (int, error) {
	return c.organizationSetting(ctx, "languagecode")
}
