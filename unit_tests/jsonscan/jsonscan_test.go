package jsonscan_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/jsonscan"
)

func TestAValueEndsWhereItEnds(t *testing.T) {
	for value, kind := range map[string]jsonscan.Kind{
		`null`: jsonscan.Null, `true`: jsonscan.Boolean, `false`: jsonscan.Boolean,
		`0`: jsonscan.Integer, `-0`: jsonscan.Integer, `638751518483842799`: jsonscan.Integer,
		`0.0`: jsonscan.Fraction, `-12.50e+3`: jsonscan.Fraction, `1E5`: jsonscan.Fraction, `1e-10`: jsonscan.Fraction,
		`""`: jsonscan.PlainString, `"a, b {c} [d]: 'e' / ~"`: jsonscan.PlainString, "\"\x7f\"": jsonscan.PlainString,
		`"\""`: jsonscan.EscapedString, `"\\\/\b\f\n\r\t\u00e9\uD83d"`: jsonscan.EscapedString, `"é"`: jsonscan.EscapedString, "\"\xff\"": jsonscan.EscapedString,
		`{}`: jsonscan.Object, `{"a":1,"b":{"c":[null,"]}"]}}`: jsonscan.Object, `{"":""}`: jsonscan.Object,
		`[]`: jsonscan.Array, `[[],{},"[",1.5]`: jsonscan.Array,
	} {
		t.Run(value, func(t *testing.T) {
			for _, before := range []string{"", `{"name":`} {
				for _, behind := range []string{",", "}", "]", ":", " ", "x"} {
					end, found := jsonscan.EndOfValue([]byte(before+value+behind), len(before))
					if strings.Contains("0123456789", value[len(value)-1:]) && behind == "x" {
						continue // whether a number may be followed by that is the caller's to see
					}
					assert.Equal(t, len(before+value), end, "before %q", behind)
					assert.Equal(t, kind, found)
				}
			}
		})
	}
}

func TestWhatIsNotSureIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                    ``,
		"a space before":             ` 1,`,
		"a space within an object":   `{"a": 1},`,
		"a space within an array":    `[1, 2],`,
		"a line feed in an array":    "[1,\n2],",
		"a number at the end":        `12`,
		"a zero at the end":          `0`,
		"a plus in front":            `+1,`,
		"a minus alone":              `-,`,
		"a point and nothing":        `1.,`,
		"a point and nothing before": `.1,`,
		"an exponent of nothing":     `1e,`,
		"an exponent of a sign":      `1e-,`,
		"a literal that is cut":      `nul`,
		"a literal of another case":  `True,`,
		"not a number":               `NaN,`,
		"infinity":                   `Infinity,`,
		"a string that is cut":       `"abc`,
		"a string with a line feed":  "\"a\nb\",",
		"a string with a NUL":        "\"a\x00b\",",
		"an escape that is cut":      `"\`,
		"an unknown escape":          `"\x41",`,
		"an escape of other letters": `"\u12g4",`,
		"a short escape":             `"\u123",`,
		"an object that is cut":      `{"a":1`,
		"an object without a name":   `{1},`,
		"an object without a value":  `{"a"},`,
		"an object with a comma":     `{"a":1,},`,
		"an object closed otherwise": `{"a":1],`,
		"an array that is cut":       `[1,`,
		"an array with a comma":      `[1,],`,
		"an array closed otherwise":  `[1},`,
		"an array without a comma":   `[1"a"],`,
		"nested too deeply":          strings.Repeat("[", 17) + strings.Repeat("]", 17) + ",",
		"nested without end":         strings.Repeat(`{"a":`, 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			end, _ := jsonscan.EndOfValue([]byte(text), 0)
			assert.Zero(t, end)
		})
	}
}

func TestAValueEndsBeforeWhatCannotFollowIt(t *testing.T) {
	for text, length := range map[string]int{`01,`: 1, `nulls,`: 4, `1.5.5,`: 3, `""x`: 2, `{}}`: 2, `-0x`: 2} {
		end, _ := jsonscan.EndOfValue([]byte(text), 0)
		assert.Equal(t, length, end, text)
	}
}

func TestNestingIsFollowedToSixteenLevels(t *testing.T) {
	text := strings.Repeat("[", 16) + strings.Repeat("]", 16)
	end, kind := jsonscan.EndOfValue([]byte(text), 0)
	assert.Equal(t, len(text), end)
	assert.Equal(t, jsonscan.Array, kind)
}

func TestUnescapedASCIIEndsAtEverySpecialByte(t *testing.T) {
	for special := range 256 {
		c := byte(special)
		plain := c >= ' ' && c < 0x80 && c != '"' && c != '\\'
		for before := range 20 {
			for after := range 20 {
				text := []byte(strings.Repeat("~", before) + string([]byte{c}) + strings.Repeat(" ", after))
				want := before
				if plain {
					want = len(text)
				}
				require.Equal(t, want, jsonscan.UnescapedASCII(text), "%q", text)
			}
		}
	}
}

func TestScanningAllocatesNothing(t *testing.T) {
	text := []byte(`{"a":[1,2.5,"x\n",null,true],"b":{"c":"` + strings.Repeat("d", 1000) + `"}}`)
	assert.Zero(t, testing.AllocsPerRun(10, func() { _, _ = jsonscan.EndOfValue(text, 0) }))
}
