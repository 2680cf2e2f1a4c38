package source

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"source-microsoft-dataverse/source/protocol"
)

// checkOutputs makes sure that neither the report nor standard output overwrites a file that the read needs. The error is a
// *protocol.InputError.
func (i *invocation) checkOutputs() error {
	c := i.command
	for _, input := range []struct{ flag, path string }{
		{"--config", c.Config}, {"--catalog", c.Catalog}, {"--state", c.State},
	} {
		if isSameFile(c.Report, input.path) {
			return &protocol.InputError{Message: fmt.Sprintf("The report would overwrite the file %s, which is also given with %s. "+
				"With --report, name another file.", input.path, input.flag)}
		}
	}
	if i.printsTo(c.Report) {
		return &protocol.InputError{Message: fmt.Sprintf("The report would overwrite the file %s, to which standard output goes. "+
			"With --report, name another file.", c.Report)}
	}
	if i.printsTo(c.State) {
		return &protocol.InputError{Message: fmt.Sprintf("Standard output goes to the state file %s, so the shell may have emptied it before "+
			"this read began. Write the output to another file, and keep the state file until the read has ended. "+
			"If the file was the only copy of the state, run the read without --state to read every stream in full.", c.State)}
	}
	return nil
}

// isSameFile reports whether two paths name the same file, whether or not it exists. The path "" names none.
func isSameFile(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	if errA == nil && errB == nil {
		return os.SameFile(infoA, infoB)
	}
	a, errA = filepath.Abs(a)
	b, errB = filepath.Abs(b)
	return errA == nil && errB == nil && a == b
}

// printsTo reports whether standard output is the regular file with a path.
func (i *invocation) printsTo(path string) bool {
	stdout, is := i.process.Stdout.(interface{ Stat() (fs.FileInfo, error) })
	if !is || path == "" {
		return false
	}
	output, err := stdout.Stat()
	if err != nil || !output.Mode().IsRegular() {
		return false
	}
	state, err := os.Stat(path)
	return err == nil && os.SameFile(output, state)
}

// warnEmptyState warns that a state file given by a person is empty: it may have been emptied by mistake.
func (i *invocation) warnEmptyState(ctx context.Context) {
	info, err := os.Stat(i.command.State)
	if err != nil || !info.Mode().IsRegular() || info.Size() > 0 || i.process.Getenv("WORKER_JOB_ID") != "" {
		return
	}
	i.log.WarnContext(ctx, fmt.Sprintf("The state file %s is empty, so every stream is read in full. "+
		"If this is not the first sync, check the path given with --state.", i.command.State))
}
