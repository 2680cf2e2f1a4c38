package replicate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
)

func TestTheStateOfAWideTableStaysSmall(t *testing.T) {
	stream := incremental("")
	for i := range 300 {
		name := fmt.Sprintf("contoso_somecolumn%06d", i)
		stream.Table.Columns = append(stream.Table.Columns, dataverse.Column{Property: name, Type: dataverse.String})
		stream.Configured.Columns[name] = protocol.Property{Type: []string{"null", "string"}}
	}
	wide := dataverse.NewLink("accounts", selectedOf(stream))
	begin := dataverse.NewDeltaLink("accounts", selectedOf(stream), token(100))
	s := script(map[dataverse.Link]response{
		wide:  {rows: []string{row("a1", "2026-03-01T00:00:00Z")}, delta: begin},
		begin: {rows: []string{row("a1", "2026-03-01T00:00:00Z")}, next: wide + "&$skiptoken=2"},
	})
	s.responses[wide+"&$skiptoken=2"] = []response{{context: "x/$delta", delta: begin}}
	states := run(t, s, nil, stream).states()
	stream.State = []byte(states[len(states)-1])
	for _, state := range append(states, run(t, s, nil, stream).states()...) {
		assert.Less(t, len(state), 16<<10)
	}
}

func selectedOf(s replicate.Stream) []string {
	var columns []string
	for name := range s.Configured.Columns {
		if !strings.HasPrefix(name, "_ab_") {
			columns = append(columns, name)
		}
	}
	slices.Sort(columns)
	return columns
}
