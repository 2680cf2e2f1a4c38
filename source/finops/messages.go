package finops

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxMessages is the number of messages that an error quotes.
const maxMessages = 3

// GroupMessages returns the messages in the text of GetExecutionErrors: each once, the most frequent ones first, at most a few.
//
// The text is an array of objects with RecordId, Field and ErrorMessage. Quotation marks and line breaks in messages are not
// escaped, as measured by the public repository dynamicweb/skills, so that it is often no JSON. Then it is split where an object
// begins.
func GroupMessages(text string) []string {
	counts := map[string]int{}
	for _, message := range errorMessages(text) {
		if message = oneLine(message); message != "" {
			counts[message]++
		}
	}
	grouped := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	others := len(grouped) - maxMessages
	grouped = grouped[:min(len(grouped), maxMessages)]
	for i, message := range grouped {
		if n := counts[message]; n > 1 {
			grouped[i] = fmt.Sprintf("%s (%d times)", message, n)
		}
	}
	if others > 0 {
		grouped = append(grouped, fmt.Sprintf("and %d other messages", others))
	}
	return grouped
}

// errorMessages returns every ErrorMessage of a text.
func errorMessages(text string) []string {
	var rows []struct{ ErrorMessage string }
	var messages []string
	if json.Unmarshal([]byte(text), &rows) == nil {
		for _, r := range rows {
			messages = append(messages, r.ErrorMessage)
		}
		return messages
	}
	const member = `"ErrorMessage":"`
	for object := range strings.SplitSeq(text, `},{"RecordId"`) {
		_, message, found := strings.Cut(object, member)
		if !found {
			continue
		}
		message = strings.TrimRight(strings.TrimSpace(message), "]}")
		messages = append(messages, strings.TrimSuffix(message, `"`))
	}
	return messages
}
