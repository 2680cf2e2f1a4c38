package replicate_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate"
)

func saying(status int, code, message string) error {
	return fmt.Errorf("read a page of account: %w", &dataverse.APIError{Status: status, Code: code, Message: message})
}

func TestAnErrorHasTheCauseThatItGivesEvidenceOf(t *testing.T) {
	const unparsed = dataverse.CodeURINotParsed
	for name, c := range map[string]struct {
		err  error
		want replicate.Cause
	}{
		"an expired token":                       {expired(), replicate.TokenRefused},
		"an expired token, with another status":  {refusal(http.StatusForbidden, dataverse.CodeTokenExpired), replicate.TokenRefused},
		"a malformed token":                      {refusal(http.StatusBadRequest, dataverse.CodeTokenMalformed), replicate.TokenRefused},
		"an expired token, in words":             {saying(http.StatusBadRequest, "0x80040203", "Version stamp associated with the client has expired."), replicate.TokenRefused},
		"the same words without a code":          {saying(http.StatusBadRequest, "", "Version stamp associated with the client has expired."), replicate.Other},
		"all rows in place of changes":           {replicate.ErrNoChanges, replicate.TokenRefused},
		"a version that went backward":           {replicate.ErrRestored, replicate.TokenRefused},
		"another history":                        {replicate.ErrOtherHistory, replicate.TokenRefused},
		"a paging cookie":                        {cookieRefused(), replicate.LinkRefused},
		"a paging cookie of another order":       {refusal(http.StatusBadRequest, dataverse.CodePageOrder), replicate.LinkRefused},
		"a url that cannot be parsed":            {refusal(http.StatusBadRequest, unparsed), replicate.LinkRefused},
		"a column that is gone":                  {removed(), replicate.ColumnMissing},
		"a table that is gone":                   {noSegment(), replicate.TableUnknown},
		"a table that is gone, with status 400":  {saying(http.StatusBadRequest, unparsed, "URL was not parsed. Resource not found for the segment provided in the URL."), replicate.TableUnknown},
		"columns that do not come":               {fmt.Errorf("x: %w", replicate.ErrSelectIgnored), replicate.SelectionIgnored},
		"a page that is too expensive":           {tooExpensive(), replicate.Other},
		"a network error":                        {errors.New("connection reset"), replicate.Other},
		"a missing privilege":                    {refusal(http.StatusForbidden, dataverse.CodePrivilegeMissing), replicate.Other},
		"tracking that is off":                   {refusal(http.StatusBadRequest, dataverse.CodeNotTracked), replicate.Other},
		"throttling":                             {refusal(http.StatusTooManyRequests, dataverse.CodeThrottledRequests), replicate.Other},
		"a page without the link to its changes": {replicate.ErrNoDeltaLink, replicate.Other},
		"nothing":                                {nil, replicate.Other},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, replicate.Classify(c.err)) })
	}
	for name, err := range inconclusive() {
		t.Run(name, func(t *testing.T) { assert.Equal(t, replicate.Other, replicate.Classify(err)) })
	}
}

func TestAnActionFollowsFromTheCauseAndItsPlace(t *testing.T) {
	type row = map[replicate.Cause]replicate.Action
	everywhere := row{
		replicate.Other: replicate.End, replicate.ColumnMissing: replicate.DropColumn, replicate.TableUnknown: replicate.FindTable,
		replicate.PageTooExpensive: replicate.RestartSmaller,
	}
	for place, more := range map[replicate.Place]row{
		replicate.AtFirstPage:       {replicate.TokenRefused: replicate.End, replicate.LinkRefused: replicate.End, replicate.SelectionIgnored: replicate.End, replicate.DeltaLinkLost: replicate.End},
		replicate.AtLaterPage:       {replicate.TokenRefused: replicate.Restart, replicate.LinkRefused: replicate.Restart, replicate.SelectionIgnored: replicate.End, replicate.DeltaLinkLost: replicate.End},
		replicate.AtDeltaLink:       {replicate.TokenRefused: replicate.Resync, replicate.LinkRefused: replicate.Resync, replicate.SelectionIgnored: replicate.End, replicate.DeltaLinkLost: replicate.ReadTypesByKeys},
		replicate.AtEditedDeltaLink: {replicate.TokenRefused: replicate.Resync, replicate.LinkRefused: replicate.ReadByKeys, replicate.SelectionIgnored: replicate.ReadByKeys, replicate.DeltaLinkLost: replicate.ReadTypesByKeys},
		replicate.AtPageOfChanges:   {replicate.TokenRefused: replicate.Resync, replicate.LinkRefused: replicate.Restart, replicate.SelectionIgnored: replicate.ReadByKeys, replicate.DeltaLinkLost: replicate.ReadTypesByKeys},
	} {
		for _, wanted := range []row{everywhere, more} {
			for cause, want := range wanted {
				assert.Equal(t, want, replicate.ActionFor(place, cause), "place %d, cause %d", place, cause)
			}
		}
	}
}
