package integration_tests_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/replicate"
)

func TestTheArchitectureShowsWhatFollowsAnError(t *testing.T) {
	want := actions()
	assert.True(t, strings.Contains(text(t, "docs/architecture.md"), want), "docs/architecture.md should hold:\n%s", want)
}

// actions returns the table of docs/architecture.md.
func actions() string {
	causes := []string{
		replicate.Other:            "any other",
		replicate.ColumnMissing:    "a selected column no longer exists",
		replicate.TableUnknown:     "the entity set is unknown",
		replicate.TokenRefused:     "the delta token is no longer valid",
		replicate.LinkRefused:      "the link or its paging cookie is not understood",
		replicate.SelectionIgnored: "the response ignores the selected columns",
		replicate.PageTooExpensive: "a numbered page is too expensive",
		replicate.DeltaLinkLost:    "changes with the types of lookups end without a delta link",
	}
	places := []string{
		replicate.AtFirstPage:       "first page of rows or keys",
		replicate.AtLaterPage:       "later page",
		replicate.AtDeltaLink:       "delta link",
		replicate.AtEditedDeltaLink: "delta link with other columns",
		replicate.AtPageOfChanges:   "later page of changes",
	}
	names := []string{
		replicate.End:             "end",
		replicate.DropColumn:      "drop the column",
		replicate.FindTable:       "find the table",
		replicate.Restart:         "restart",
		replicate.RestartSmaller:  "restart smaller",
		replicate.ReadByKeys:      "read by keys",
		replicate.Resync:          "resync",
		replicate.ReadTypesByKeys: "read types by keys",
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| cause | %s |\n|%s\n", strings.Join(places, " | "), strings.Repeat(" --- |", 1+len(places)))
	for cause, name := range causes {
		fmt.Fprintf(&b, "| %s |", name)
		for place := range places {
			fmt.Fprintf(&b, " %s |", names[replicate.ActionFor(replicate.Place(place), replicate.Cause(cause))])
		}
		b.WriteString("\n")
	}
	return b.String()
}
