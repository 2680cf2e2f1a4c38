package progress_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/progress"
)

func TestNothingIsWrittenToWhatIsNoTerminal(t *testing.T) {
	var out bytes.Buffer
	_, now := busy()
	terminal := progress.NewTerminal(&out, true, func() progress.Snapshot { return now })
	terminal.Close([]progress.Failure{{Stream: "account", Advice: "It failed."}})
	assert.Empty(t, out.String())
}
