package listing

import (
	"encoding/json"
)

// JSON returns tables as a JSON array, each table on a line of its own.
func JSON(tables []Table) ([]byte, error) {
	text := []byte{'['}
	for i, t := range tables {
		if i > 0 {
			text = append(text, ',')
		}
		line, err := json.Marshal(t)
		if err != nil {
			return nil, err
		}
		text = append(append(text, '\n'), line...)
	}
	return append(text, "\n]\n"...), nil
}
