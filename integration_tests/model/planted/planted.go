// Package planted holds defects that the model test has to find, as edits of the connector's source: each is a mistake
// that is easily made in a source of this kind.
package planted

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Defect is a mistake with a name.
type Defect struct {
	Name  string
	Edits []Edit
}

// Edit replaces a text, which a file below the module's root holds exactly once.
type Edit struct{ File, Old, New string }

// Apply plants the defect in the module at root. It returns a function that undoes it. A text that the file no longer holds
// exactly once is an error: the defect has to be rewritten.
func (d Defect) Apply(root string) (undo func() error, err error) {
	before := map[string][]byte{}
	undo = func() error {
		for path, content := range before {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				return fmt.Errorf("undo %q: %w", d.Name, err)
			}
		}
		return nil
	}
	for _, e := range d.Edits {
		path := filepath.Join(root, e.File)
		content, err := os.ReadFile(path)
		if err != nil {
			return undo, fmt.Errorf("plant %q: %w", d.Name, err)
		}
		if n := strings.Count(string(content), e.Old); n != 1 {
			return undo, fmt.Errorf("plant %q: %s holds the text to replace %d times and not once:\n%s", d.Name, e.File, n, e.Old)
		}
		if _, known := before[path]; !known {
			before[path] = content
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(content), e.Old, e.New, 1)), 0o600); err != nil {
			return undo, fmt.Errorf("plant %q: %w", d.Name, err)
		}
	}
	return undo, nil
}
