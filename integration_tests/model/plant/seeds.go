package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
)

// seedsFile holds a line for each defect: the seed of a trial that found it, a space, and its name.
const seedsFile = "integration_tests/model/planted/seeds.txt"

// readSeeds returns the seeds by the names of the defects. A file that does not exist has none.
func readSeeds(path string) (map[string]int64, error) {
	seeds := map[string]int64{}
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return seeds, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the seeds: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(content))
	for lines.Scan() {
		number, name, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		if seeds[name], err = strconv.ParseInt(number, 10, 64); err != nil {
			return nil, fmt.Errorf("read the seeds in %s: %w", path, err)
		}
	}
	return seeds, lines.Err()
}

// writeSeeds writes the seeds in the order of the names.
func writeSeeds(path string, seeds map[string]int64) error {
	var content bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(seeds)) {
		fmt.Fprintf(&content, "%4d %s\n", seeds[name], name)
	}
	if err := os.WriteFile(path, content.Bytes(), 0o600); err != nil {
		return fmt.Errorf("write the seeds: %w", err)
	}
	return nil
}
