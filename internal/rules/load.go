package rules

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// largest is the size in bytes beyond which a file is a mistake and not a rule.
const largest = 1 << 20

var namePattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// A Source is a folder of rules: the built-in one, or a user's own.
type Source struct {
	Name string // what its files are called in messages; empty: nothing before their path
	FS   fs.FS  // REPORT/NAME.sql; testdata and names with a leading . or _ are left out
	// IsCompiled says that its rules are known to compile: Set.Check skips
	// them. The built-in ones are compiled by the tests of every release.
	IsCompiled bool
}

// Load reads the rules of all sources. Files with a defect are left out of the
// set and reported as problems, in the order of sources and paths; the others
// are in the set. Load does not compile the queries: Set.Check does.
func Load(sources ...Source) (*Set, []Problem) {
	set := &Set{}
	var problems []Problem
	for _, source := range sources {
		problems = append(problems, set.loadRemediations(source)...)
	}
	for _, source := range sources {
		problems = append(problems, set.load(source)...)
	}
	slices.SortFunc(set.rules, func(a, b Rule) int { return strings.Compare(a.ID, b.ID) })
	return set, problems
}

func (s *Set) load(source Source) []Problem {
	var problems []Problem
	files := 0
	err := fs.WalkDir(source.FS, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			if name == "." {
				return err
			}
			problems = append(problems, Problem{File: path.Join(source.Name, name), What: err.Error()})
			return fs.SkipDir
		case isPassedOver(name):
			if d.IsDir() {
				return fs.SkipDir
			}
		case !d.IsDir() && path.Ext(name) == ".sql":
			files++
			problems = append(problems, s.file(source, name)...)
		}
		return nil
	})
	switch {
	case err != nil:
		problems = append(problems, Problem{File: source.Name, What: fmt.Sprintf("read the folder of rules: %v", err)})
	case files == 0:
		problems = append(problems, Problem{File: source.Name, What: "there is no rule in this folder", Meant: "rules are files REPORT/NAME.sql"})
	}
	return problems
}

func isPassedOver(name string) bool {
	base := path.Base(name)
	return name != "." && (base == "testdata" || base[0] == '.' || base[0] == '_')
}

// file adds one file to the set, or says why not.
func (s *Set) file(source Source, name string) []Problem {
	r := Rule{isCompiled: source.IsCompiled, File: path.Join(source.Name, name), Name: strings.TrimSuffix(path.Base(name), ".sql")}
	r.ID = strings.TrimSuffix(name, ".sql")
	if folder := path.Dir(name); folder != "." {
		r.Report = folder
	}
	one := func(what, meant string) []Problem {
		return []Problem{{File: r.File, Rule: r.ID, What: what, Meant: meant}}
	}
	for _, part := range strings.Split(r.ID, "/") {
		if !namePattern.MatchString(part) {
			return one(fmt.Sprintf("%q is not a name for a rule or its folder", part), "small letters and digits, joined by -")
		}
	}
	if strings.Count(name, "/") > 1 {
		return one("the file is too deep in folders", "rules are files REPORT/NAME.sql")
	}
	text, err := fs.ReadFile(source.FS, name)
	switch {
	case err != nil:
		return one(err.Error(), "")
	case len(text) > largest:
		return one(fmt.Sprintf("the file has %d bytes", len(text)), "a rule has at most 1 MiB")
	case !utf8.Valid(text) || slices.Contains(text, 0):
		return one("the file is not UTF-8 text", "")
	}
	r.SQL = strings.TrimPrefix(string(text), "\ufeff")
	return s.add(r)
}

func (s *Set) add(r Rule) []Problem {
	problems := parseHeader(&r, s.remediations)
	if r.Severity != "" && r.Report == "" {
		problems = append(problems, Problem{File: r.File, Line: r.lines["severity"], Rule: r.ID,
			What: "a rule is in no report", Meant: "move the file to REPORT/" + r.Name + ".sql"})
	}
	for _, other := range s.rules {
		if other.ID == r.ID {
			problems = append(problems, Problem{File: r.File, Rule: r.ID,
				What: fmt.Sprintf("there is another %s", r.ID), Meant: "it is in " + other.File})
		}
	}
	if len(problems) == 0 {
		s.rules = append(s.rules, r)
	}
	return problems
}
