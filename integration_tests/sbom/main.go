// Command sbom prints the software bill of materials of a built Go program in the CycloneDX format
// (https://cyclonedx.org/docs/1.6/json/): the build information that Go's linker embeds.
package main

import (
	"cmp"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("sbom", flag.ContinueOnError)
	version := flags.String("version", "", "the program's `version`, which the build information lacks")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("usage: sbom [-version VERSION] PROGRAM")
	}
	b, err := read(flags.Arg(0), *version)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(b)
}

// bill is a CycloneDX document. It has no time and no random number, so the same program has the same bill.
type bill struct {
	Format       string       `json:"bomFormat"`
	SpecVersion  string       `json:"specVersion"`
	Version      int          `json:"version"`
	Metadata     metadata     `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref"`
	Name       string     `json:"name"`
	Version    string     `json:"version,omitempty"`
	PURL       string     `json:"purl,omitempty"`
	Hashes     []hash     `json:"hashes,omitempty"`
	Properties []property `json:"properties,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn"`
}

// read returns the bill of a program.
func read(path, version string) (bill, error) {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return bill{}, fmt.Errorf("read the build information of %s: %w", path, err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return bill{}, fmt.Errorf("read %s: %w", path, err)
	}
	sum := sha256.Sum256(content)
	program := component{
		Type: "application", Ref: info.Path, Name: info.Path, Version: cmp.Or(version, info.Main.Version),
		Hashes: []hash{{"SHA-256", hex.EncodeToString(sum[:])}},
	}
	for _, s := range info.Settings {
		program.Properties = append(program.Properties, property{"go:build:" + s.Key, s.Value})
	}
	libraries := []component{library(debug.Module{Path: "std", Version: strings.TrimPrefix(info.GoVersion, "go")})}
	for _, module := range info.Deps {
		libraries = append(libraries, library(*module))
	}
	needs := dependency{Ref: program.Ref}
	for _, l := range libraries {
		needs.DependsOn = append(needs.DependsOn, l.Ref)
	}
	return bill{"CycloneDX", "1.6", 1, metadata{program}, libraries, []dependency{needs}}, nil
}

// library returns a module as a component. Its checksum in go.sum is not the hash of a file and therefore a property.
func library(module debug.Module) component {
	if module.Replace != nil {
		return library(*module.Replace)
	}
	purl := "pkg:golang/" + module.Path + "@" + module.Version
	c := component{Type: "library", Ref: purl, Name: module.Path, Version: module.Version, PURL: purl}
	if module.Sum != "" {
		c.Properties = []property{{"go:sum", module.Sum}}
	}
	return c
}
