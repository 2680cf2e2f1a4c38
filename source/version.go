package source

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// name is the connector's name, for people and in the User-Agent header.
const name = "source-microsoft-dataverse"

// printVersion prints one line for people: name, version, platform, Go version, and revision.
func (p Process) printVersion() error {
	line := fmt.Sprintf("%s %s %s/%s %s", name, p.version(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	if revision := buildSetting("vcs.revision"); revision != "" {
		line += " " + revision
	}
	if _, err := fmt.Fprintln(p.Stdout, line); err != nil {
		return fmt.Errorf("print the version: %w", err)
	}
	return nil
}

// version returns the build stamp, else the module's version as Go recorded it, else "dev".
func (p Process) version() string {
	var module string
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "(devel)" {
		module = info.Main.Version
	}
	return cmp.Or(p.Version, module, "dev")
}

func buildSetting(key string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == key {
				return setting.Value
			}
		}
	}
	return ""
}
