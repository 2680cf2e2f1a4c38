// Package binary builds the connector and runs it as Airbyte does: as a process that is given arguments and environment
// variables, writes messages to stdout, and ends with an exit code.
package binary

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
)

// module is the import path of the connector's main package.
const module = "source-microsoft-dataverse"

// Binary is the connector, built.
type Binary struct {
	// Path is the executable file.
	Path string
}

// Build compiles the connector into a directory that exists. It has to be called from within the module. The error holds
// what the compiler said.
func Build(ctx context.Context, directory string) (*Binary, error) {
	path := filepath.Join(directory, module)
	command := exec.CommandContext(ctx, "go", "build", "-o", path, module)
	if said, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the connector: %w\n%s", err, said)
	}
	return &Binary{Path: path}, nil
}
