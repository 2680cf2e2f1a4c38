// Command notices prints the third-party notices of built Go programs: every module that Go's linker recorded in them, where
// its source code is, and its license files. The Mozilla Public License 2.0, section 3.2, asks for the place of the source
// code, and all the licenses ask for their text.
//
//	notices PROGRAM...
//
// It needs the go command and the modules, which it downloads if the module cache lacks them.
package main

import (
	"bufio"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "notices:", err)
		os.Exit(1)
	}
}

// run prints the notices of the modules in all programs, each module once.
func run(ctx context.Context, programs []string, out io.Writer) error {
	if len(programs) == 0 {
		return errors.New("usage: notices PROGRAM [PROGRAM ...]")
	}
	found, err := modules(programs)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(out)
	fmt.Fprint(w, introduction)
	root, err := goCommand(ctx, "env", "GOROOT")
	if err != nil {
		return err
	}
	if err := printNotice(w, "The Go standard library", "https://go.dev/dl/", strings.TrimSpace(string(root))); err != nil {
		return err
	}
	for _, module := range found {
		directory, err := download(ctx, module)
		if err != nil {
			return err
		}
		if err := printNotice(w, module.Path+" "+module.Version, sourceOf(module), directory); err != nil {
			return err
		}
	}
	return w.Flush()
}

const introduction = `Third-party notices of source-microsoft-dataverse

The program contains the libraries below, unchanged, under the licenses that follow each of them.
Their source code is at the address given, or comes with "go mod download MODULE@VERSION".
`

// modules returns the modules that the programs are built from, sorted, each version once.
func modules(programs []string) ([]debug.Module, error) {
	var all []debug.Module
	for _, program := range programs {
		info, err := buildinfo.ReadFile(program)
		if err != nil {
			return nil, fmt.Errorf("read the build information of %s: %w", program, err)
		}
		for _, module := range info.Deps {
			if module.Replace != nil {
				module = module.Replace
			}
			all = append(all, debug.Module{Path: module.Path, Version: module.Version})
		}
	}
	slices.SortFunc(all, func(a, b debug.Module) int { return strings.Compare(a.Path+"@"+a.Version, b.Path+"@"+b.Version) })
	return slices.Compact(all), nil
}

// download returns the directory of a module in the module cache.
func download(ctx context.Context, module debug.Module) (string, error) {
	printed, err := goCommand(ctx, "mod", "download", "-json", module.Path+"@"+module.Version)
	if err != nil {
		return "", err
	}
	var downloaded struct{ Dir string }
	if err := json.Unmarshal(printed, &downloaded); err != nil {
		return "", fmt.Errorf("read where go mod download put %s: %w", module.Path, err)
	}
	return downloaded.Dir, nil
}

// goCommand runs the go command and returns what it prints.
func goCommand(ctx context.Context, args ...string) ([]byte, error) {
	printed, err := exec.CommandContext(ctx, "go", args...).Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	return printed, nil
}

// sourceOf returns the address of a module's source code. A module path begins with the repository's address.
func sourceOf(module debug.Module) string {
	parts := strings.Split(module.Path, "/")
	if parts[0] == "github.com" && len(parts) >= 3 {
		return "https://" + strings.Join(parts[:3], "/")
	}
	return "https://" + module.Path
}

// printNotice prints the license files in a module's root directory. A module without any is an error.
func printNotice(w io.Writer, name, source, directory string) error {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return fmt.Errorf("read the license of %s: %w", name, err)
	}
	license := regexp.MustCompile(`(?i)^((un)?licen[cs]e|copying|copyright|notice|patents)`)
	printed := 0
	for _, entry := range entries {
		if entry.IsDir() || !license.MatchString(entry.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(directory, entry.Name()))
		if err != nil {
			return fmt.Errorf("read the license of %s: %w", name, err)
		}
		if printed == 0 {
			fmt.Fprintf(w, "\n%s\n%s\n%s\n", strings.Repeat("=", 80), name, source)
		}
		printed++
		fmt.Fprintf(w, "\n--- %s\n\n%s\n", entry.Name(), strings.TrimSpace(string(text)))
	}
	if printed == 0 {
		return fmt.Errorf("%s has no license file in %s", name, directory)
	}
	return nil
}
