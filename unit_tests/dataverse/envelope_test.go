package dataverse_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

func TestErrorBesideTheRowsIsABrokenPage(t *testing.T) {
	for name, member := range map[string]string{
		"an error of Dataverse":    `"error":{"code":"0x80040216","message":"An unexpected error occurred."}`,
		"a text":                   `"error":"An unexpected error occurred."`,
		"an error without a text":  `"error":{}`,
		"an annotation":            `"@odata.error":{"code":"1","message":"An unexpected error occurred."}`,
		"an error of OData 3":      `"odata.error":{"message":{"value":"An unexpected error occurred."}}`,
		"an error of another case": `"Error":{"message":"An unexpected error occurred."}`,
	} {
		for place, body := range map[string]string{
			"behind the rows": "{" + valueMember + "," + member + "}", "before the rows": "{" + member + "," + nextMember + "," + valueMember + "}",
		} {
			t.Run(name+" "+place, func(t *testing.T) {
				s := newService(t, good(body), good("{"+valueMember+"}"))
				_, sink, err := read(t.Context(), s.client(), "accounts")
				require.NoError(t, err, "the next response is whole")
				assert.Len(t, sink.attempts, 2)

				_, _, err = read(t.Context(), newService(t, good(body)).client(many), "accounts")
				var broken *dataverse.BrokenResponseError
				require.ErrorAs(t, err, &broken)
				assert.Contains(t, broken.Reason, "it holds an error next to its content")
				if name != "an error without a text" {
					assert.Contains(t, broken.Reason, "An unexpected error occurred.")
				}
			})
		}
	}
}

func TestAnnouncedRowsWithoutALinkAreABrokenPage(t *testing.T) {
	for _, member := range []string{
		`"@Microsoft.Dynamics.CRM.morerecords":true`, `"@Microsoft.Dynamics.CRM.moreRecords":"true"`, `"morerecords":true`, `"hasMore":true`,
		`"@nextLink":"x"`, `"odata.nextLink":"x"`, `"nextLink":"x"`, `"@odata.nextlink":"x"`, `"@odata.NextLink":"x"`, `"value@odata.nextLink":"x"`,
		`"__next":"x"`, `"@odata.next":{"href":"x"}`, `"$skiptoken":"x"`, `"@odata.nextLink":null,"@nextLink":"x"`,
	} {
		t.Run(member, func(t *testing.T) {
			s := newService(t, good("{"+valueMember+","+member+"}"))
			_, _, err := read(t.Context(), s.client(many), "accounts")
			var broken *dataverse.BrokenResponseError
			require.ErrorAs(t, err, &broken)
			assert.Contains(t, broken.Reason, "it announces more rows with ")
			assert.Len(t, s.requests(), 3)

			page, _, err := read(t.Context(), newService(t, good("{"+member+","+valueMember+","+nextMember+"}")).client(), "accounts")
			require.NoError(t, err, "the link can be followed")
			assert.Equal(t, dataverse.Link("accounts?$skiptoken=x"), page.Next)
		})
	}
}

func TestHarmlessMembersOfAPageAreSkipped(t *testing.T) {
	for _, member := range []string{
		`"@Microsoft.Dynamics.CRM.morerecords":false`, `"@Microsoft.Dynamics.CRM.morerecords":null`, `"@Microsoft.Dynamics.CRM.totalrecordcount":-1`,
		`"@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded":true`, `"@Microsoft.Dynamics.CRM.globalmetadataversion":"6012567"`,
		`"@Microsoft.Dynamics.CRM.fetchxmlpagingcookie":"<cookie/>"`, `"@odata.count":5000`, `"@odata.etag":"x"`, `"error":null`, `"nextLink":null`, `"nextLink":""`, `"@nextLink":" "`,
		`"@x":{"error":{"message":"no"},"nextLink":"x"}`,
	} {
		t.Run(member, func(t *testing.T) {
			page, sink, err := read(t.Context(), newService(t, good("{"+valueMember+","+member+"}")).client(), "accounts")
			require.NoError(t, err)
			assert.Len(t, sink.values, 2)
			assert.Empty(t, page.Next)
		})
	}
}

// facts are the requests for something else than a page, with a good response for each.
func facts() map[string]struct {
	body string
	ask  func(context.Context, *dataverse.Client) error
} {
	type fact = struct {
		body string
		ask  func(context.Context, *dataverse.Client) error
	}
	return map[string]fact{
		"WhoAmI": {`{"UserId":"u","OrganizationId":"o"%s}`, func(ctx context.Context, c *dataverse.Client) error {
			_, err := c.WhoAmI(ctx)
			return err
		}},
		"the list of tables": {`{"value":[]%s}`, func(ctx context.Context, c *dataverse.Client) error {
			_, err := c.TableNames(ctx)
			return err
		}},
		"privileges": {`{"RolePrivileges":[]%s}`, func(ctx context.Context, c *dataverse.Client) error {
			_, err := c.Privileges(ctx, "u")
			return err
		}},
		"counts": {`{"EntityRecordCountCollection":{"Keys":[],"Values":[]}%s}`, func(ctx context.Context, c *dataverse.Client) error {
			_, err := c.RowCounts(ctx, []string{"account"})
			return err
		}},
		"the days of a token": {`{"value":[]%s}`, func(ctx context.Context, c *dataverse.Client) error {
			_, err := c.DeltaTokenDays(ctx)
			return err
		}},
		"a definition": {`{"EntityMetadata":[],"value":[]%s}`, func(ctx context.Context, c *dataverse.Client) error {
			_, err := c.Table(ctx, "account")
			return err
		}},
	}
}

func TestErrorInAnyOtherResponseIsABrokenResponse(t *testing.T) {
	for name, fact := range facts() {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, fact.ask(t.Context(), newService(t, good(fmt.Sprintf(fact.body, ""))).client()))
			for _, member := range []string{`,"error":{"code":"0x80040216","message":"no"}`, `,"@odata.nextLink":"x"`} {
				err := fact.ask(t.Context(), newService(t, good(fmt.Sprintf(fact.body, member))).client())
				if name == "the days of a token" && member[2] == '@' {
					continue // the row has been read
				}
				var broken *dataverse.BrokenResponseError
				require.ErrorAs(t, err, &broken, member)
			}
		})
	}
}

func TestErrorInAResponseShowsNoToken(t *testing.T) {
	s := newService(t, func(w http.ResponseWriter, r *http.Request) {
		good(`{"value":[],"error":"failed at `+r.URL.Query().Get("$deltatoken")+`"}`)(w, r)
	})
	_, _, err := read(t.Context(), s.client(), "accounts?$deltatoken=hidden")
	require.ErrorContains(t, err, "failed at ...")
	assert.NotContains(t, err.Error(), "hidden")
}
