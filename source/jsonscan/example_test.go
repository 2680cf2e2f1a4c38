package jsonscan_test

import (
	"fmt"

	"source-microsoft-dataverse/source/jsonscan"
)

// The members of an object, found without decoding them.
func Example() {
	text := []byte(`{"name":"Contoso","revenue":1000.50,"tags":["a","b"]}`)
	for at := 1; ; at++ { // after the brace, or after a comma
		colon, _ := jsonscan.EndOfString(text, at)
		end, kind := jsonscan.EndOfValue(text, colon+1)
		fmt.Printf("%s = %s, a number: %t\n", text[at:colon], text[colon+1:end], kind&jsonscan.Number != 0)
		if at = end; text[end] == '}' {
			break
		}
	}
	// Output:
	// "name" = "Contoso", a number: false
	// "revenue" = 1000.50, a number: true
	// "tags" = ["a","b"], a number: false
}
