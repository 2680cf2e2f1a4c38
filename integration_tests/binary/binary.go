// Package binary builds the connector and runs it as Airbyte does: as a process with arguments and environment variables
// that writes messages to stdout and ends with an exit code.
package binary

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
)

// module is the import path of the connector's main package.
const module = "source-microsoft-dataverse"

// Binary is the built connector.
type Binary struct {
	// Path is the executable file.
	Path string
}

// Build compiles the connector into an existing directory. The working directory must be in the module. The error has the
// compiler's output.
func Build(ctx context.Context, directory string) (*Binary, error) {
	path := filepath.Join(directory, module)
	command := exec.CommandContext(ctx, "go", "build", "-o", path, module)
	if output, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the connector: %w\n%s", err, output)
	}
	return &Binary{Path: path}, nil
}
