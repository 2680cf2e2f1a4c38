package source

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// name is what the connector calls itself, to people and to the service.
const name = "source-microsoft-dataverse"

// tellVersion prints one line for people: name, version, platform, and what it was built with and from.
func (p Process) tellVersion() error {
	line := fmt.Sprintf("%s %s %s/%s %s", name, p.version(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	if revision := buildSetting("vcs.revision"); revision != "" {
		line += " " + revision
	}
	if _, err := fmt.Fprintln(p.Stdout, line); err != nil {
		return fmt.Errorf("tell the version: %w", err)
	}
	return nil
}

// version is the stamp, or where there is none what Go knows of the module, or "dev".
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
