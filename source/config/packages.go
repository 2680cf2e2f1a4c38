package config

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// standardPackageTimeout is how long a read waits for an export unless the configuration has another time: projects with hundreds
// of entities take more than half an hour.
const standardPackageTimeout = 6 * time.Hour

// Package is a data management project of finance & operations whose packages are read.
type Package struct {
	// Project is the name of the project.
	Project string
	// Companies are the ids of the legal entities to export, such as USMF: at least one, each once.
	Companies []string
}

// loadPackages loads what concerns finance & operations.
func (l *loader) loadPackages(c *Config) {
	c.Packages = l.packages()
	c.FinanceOperations = l.root("finance_operations_url", financeOperations)
	c.PackageTimeout = cmp.Or(time.Duration(l.whole("package_timeout_minutes"))*time.Minute, standardPackageTimeout)
	c.KeepNoDate = l.choice("no_date") == "keep"
	if len(c.Packages) == 0 && c.FinanceOperations != "" && !l.found.has("packages") {
		l.warn("finance_operations_url has no effect unless packages lists a project.")
	}
}

// packages loads the projects.
func (l *loader) packages() []Package {
	const field = "packages"
	value, present := l.members[field]
	if !present {
		return nil
	}
	var items []json.RawMessage
	if json.Unmarshal(value, &items) != nil {
		l.found.add(field, "has a value of the wrong type: array expected. "+l.found.remedy(field))
		return nil
	}
	var all []Package
	for i, item := range items {
		s := l.sectionOf(field, fmt.Sprintf("%s[%d]", field, i), item)
		if s.members == nil {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(s.members)) {
			if name != "project" && name != "legal_entities" {
				l.warn(fmt.Sprintf("The setting %q in %s is unknown and ignored. Correct its name, or remove it.", name, s.path))
			}
		}
		p := Package{Project: l.text(s, "project"), Companies: l.companies(s)}
		if p.Project == "" && !l.found.hasIn(s.path+".project") {
			l.add(s, "project", "is missing. Enter the name of a data management project of finance & operations.")
		}
		if slices.ContainsFunc(all, func(other Package) bool { return p.Project != "" && strings.EqualFold(other.Project, p.Project) }) {
			l.add(s, "project", "names the same project as an entry before it. List all legal entities in one entry.")
		}
		all = append(all, p)
	}
	return all
}

// companies loads the legal entities of a project.
func (l *loader) companies(s section) []string {
	const name = "legal_entities"
	const remedy = `Enter a list of company ids, such as ["USMF"].`
	var listed, companies []string
	value, present := s.members[name]
	if present && json.Unmarshal(value, &listed) != nil {
		l.add(s, name, "has a value of the wrong type: an array of strings is expected. "+remedy)
		return nil
	}
	for _, company := range listed {
		company = strings.TrimSpace(company)
		repeated := slices.ContainsFunc(companies, func(other string) bool { return strings.EqualFold(other, company) })
		switch {
		case company == "":
			l.add(s, name, "has an empty entry. "+remedy)
			return companies
		case repeated:
			l.warn(fmt.Sprintf("%s.%s lists %s twice. The connector exports it once.", s.path, name, company))
		default:
			companies = append(companies, company)
		}
	}
	if len(companies) == 0 {
		l.add(s, name, "is missing. "+remedy)
	}
	return companies
}

// FinanceOperationsRoot returns the root of the finance & operations environment that an address leads to: https, a host, and a path on
// systems that have one. ok is false if it is not such an address.
func FinanceOperationsRoot(address string) (root string, ok bool) {
	root, problem := financeOperations(address)
	return root, problem == "" && root != ""
}

// financeOperations returns the root of the finance & operations environment to which a pasted address belongs, "" for "". Some
// systems have a path before that of the service, as in https://host/namespaces/AXSF.
func financeOperations(pasted string) (root, problem string) {
	if strings.TrimSpace(pasted) == "" {
		return "", ""
	}
	const example = "Enter the address of the finance & operations environment, such as https://contoso.operations.dynamics.com."
	root, address, problem := httpsRoot(pasted)
	if problem != "" {
		return "", problem + " " + example
	}
	path := strings.Trim(address.Path, "/")
	for _, own := range []string{"data", "metadata"} {
		if path == own || strings.HasSuffix(path, "/"+own) {
			path = strings.Trim(strings.TrimSuffix(path, own), "/")
		}
	}
	if path == "" {
		return root, ""
	}
	return root + "/" + (&url.URL{Path: path}).EscapedPath(), ""
}
