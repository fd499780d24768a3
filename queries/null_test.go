package queries_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"auditor/internal/finding"
	"auditor/internal/raced"
	"auditor/internal/rules"
	"auditor/internal/store"
)

// TestUnknownIsNeverFine is the metamorphic test: GitHub leaves out what one
// may not see, so for every leaf of a fixture about a reported subject the rule
// judges the data without that leaf. The subject must still be reported, as
// failing or as unknown, or the data must be refused as drift. All variants are
// organizations of one snapshot, each with the objects about one subject only.
func TestUnknownIsNeverFine(t *testing.T) {
	raced.Skip(t)
	if *update {
		t.Skip("the goldens, which say what is reported, are being written")
	}
	t.Parallel()
	for _, f := range readFixtures(t) {
		t.Run(f.org(), func(t *testing.T) {
			t.Parallel()
			w := create(t, usualAPI)
			variants := f.insertVariants(t, w)
			if len(variants) == 0 && len(f.reported()) > 0 {
				t.Fatal("no leaf could be deleted: nothing was tested")
			}
			result, err := rules.Run(t.Context(), publish(t, w), time.Minute, f.configured(t))
			if err != nil {
				t.Fatal(err)
			}
			f.compare(t, result, variants)
		})
	}
}

var reportedLine = regexp.MustCompile(`(?m)^\w+ (?:fail|unknown) (\S+) of \S+: `)

// reported lists the subjects that the golden has, as kind/id.
func (f *fixture) reported() []string {
	want, _ := f.file("want")
	var subjects []string
	for _, match := range reportedLine.FindAllStringSubmatch(want, -1) {
		subjects = append(subjects, match[1])
	}
	return subjects
}

// subjectKind is token, request, repository or org: what the rule is about.
func (f *fixture) subjectKind() string {
	for _, subject := range f.reported() {
		return path.Dir(subject)
	}
	return ""
}

// inVariant is the subject as a variant names it: a subject that is the
// fixture's organization is the variant's there.
func inVariant(subject, org string) string {
	if path.Dir(subject) == "org" {
		return "org/" + org
	}
	return subject
}

// A variant is an organization without one leaf.
type variant struct {
	leaf string
	id   string // of the only subject in it; empty: all are
}

// identity is the leaf without which an object is none: it is left out and named
// in oddities.
var identity = regexp.MustCompile(`^\w+\.json(/\w+)?/\d+/(id|databaseId|repository_id)$`)

// insertVariants adds an organization for each leaf and returns the variants by
// organization, less those whose object has no identity.
func (f *fixture) insertVariants(t *testing.T, w *store.Writer) map[string]variant {
	t.Helper()
	reported := f.reported()
	variants := map[string]variant{}
	// Coverage of other resources would only cost time: a row is a transaction.
	covered := slices.Sorted(maps.Keys(f.data))
	for i, leaf := range f.leaves() {
		data, id := f.without(leaf)
		if id != "" && !slices.ContainsFunc(reported, func(subject string) bool { return path.Base(subject) == id }) {
			continue
		}
		org := fmt.Sprintf("without-%04d", i)
		if err := f.insert(t.Context(), w, org, data, covered); err != nil {
			t.Fatalf("without %s: %v", leaf, err)
		}
		if !identity.MatchString(leaf) {
			variants[org] = variant{leaf, id}
		}
	}
	return variants
}

// compare looks for reported subjects that a variant has, but does not report.
func (f *fixture) compare(t *testing.T, result rules.Result, variants map[string]variant) {
	t.Helper()
	found := map[[2]string]bool{}
	for _, finding := range result.Findings {
		found[[2]string{finding.Org, subjectText(finding)}] = true
	}
	needed := map[string]bool{}
	for _, org := range slices.Sorted(maps.Keys(variants)) {
		v := variants[org]
		for _, subject := range f.reported() {
			if found[[2]string{org, inVariant(subject, org)}] || v.id != "" && path.Base(subject) != v.id {
				continue
			}
			if pattern := f.meaning(v.leaf); pattern != "" {
				needed[pattern] = true
				continue
			}
			t.Errorf("%s vanishes without %s", subject, v.leaf)
		}
	}
	for pattern := range f.absent {
		if !needed[pattern] {
			t.Errorf("absent: nothing vanishes without %s", pattern)
		}
	}
}

func subjectText(f finding.Finding) string { return f.Subject.Kind + "/" + f.Subject.ID }

// meaning returns the pattern that says why a leaf may be absent; * is one step.
func (f *fixture) meaning(leaf string) string {
	for pattern := range f.absent {
		if ok, err := path.Match(pattern, leaf); ok && err == nil {
			return pattern
		}
	}
	return ""
}

// leaves lists the scalars and empty lists and objects of the data, as
// RESOURCE.json/step/step. An item itself is never one: it would be another
// organization, not a field left out.
func (f *fixture) leaves() []string {
	var all []string
	for resource, data := range f.data {
		collect(data, resource+".json", &all)
	}
	slices.Sort(all)
	return all
}

func collect(value any, at string, all *[]string) {
	switch v := value.(type) {
	case map[string]any:
		for key, child := range v {
			collect(child, at+"/"+key, all)
		}
		if len(v) > 0 {
			return
		}
	case []any:
		for i, child := range v {
			collect(child, at+"/"+strconv.Itoa(i), all)
		}
		if len(v) > 0 {
			return
		}
	}
	if strings.Count(at, "/") > 1 {
		*all = append(*all, at)
	}
}

// without returns a copy of the data that lacks one leaf. When the leaf belongs
// to a subject of the rule, the copy holds no other subject, and the id is
// returned. What belongs to something else (the organization, its members, the
// repositories of a rule about tokens) is about all subjects, and so is
// everything where the rule compares subjects with each other: then the
// fixture has a file "whole".
func (f *fixture) without(leaf string) (data map[string]any, id string) {
	resource, rest, _ := strings.Cut(leaf, ".json/")
	steps := strings.Split(rest, "/")
	data = maps.Clone(f.data)
	data[resource] = drop(data[resource], steps)
	kind := kindOf(resource)
	if _, whole := f.file("whole"); whole || kind == "" || kind != f.subjectKind() {
		return data, ""
	}
	id = subjectOf(steps[0], f.data[resource])
	for resource := range data {
		if kindOf(resource) == kind {
			data[resource] = only(data[resource], f.data[resource], id)
		}
	}
	return data, id
}

// only keeps the entries about one subject; whole is the same data with all its
// leaves, which tells whose they are.
func only(data, whole any, id string) any {
	switch list := data.(type) {
	case []any:
		kept := []any{}
		for i, item := range list {
			if subjectOf(strconv.Itoa(i), whole) == id {
				kept = append(kept, item)
			}
		}
		return kept
	case map[string]any:
		kept := map[string]any{}
		for parent, items := range list {
			if parent == id {
				kept[parent] = items
			}
		}
		return kept
	}
	return data
}

// kindOf is the kind of subject that the entries of a resource are about; empty
// for what an organization and its people say.
func kindOf(resource string) string {
	switch resource {
	case "tokens", "token_repositories":
		return "token"
	case "token_requests", "token_request_repositories":
		return "request"
	case "repositories", "repository_settings", "private_vulnerability_reporting", "automated_security_fixes", "properties", "teams":
		return "repository"
	}
	return ""
}

// subjectOf returns the id of the subject that an entry of a resource is about:
// its own, or its parent's.
func subjectOf(step string, data any) string {
	list, isList := data.([]any)
	if !isList {
		return step
	}
	i, err := strconv.Atoi(step)
	if err != nil {
		panic(err) // collect made the steps
	}
	item := list[i].(map[string]any)
	if id, ok := item["databaseId"]; ok {
		return fmt.Sprint(id)
	}
	return fmt.Sprint(item["id"])
}

func drop(value any, steps []string) any {
	switch v := value.(type) {
	case map[string]any:
		copied := maps.Clone(v)
		if len(steps) == 1 {
			delete(copied, steps[0])
		} else {
			copied[steps[0]] = drop(v[steps[0]], steps[1:])
		}
		return copied
	case []any:
		i, err := strconv.Atoi(steps[0])
		if err != nil {
			panic(err) // collect made the steps
		}
		copied := slices.Clone(v)
		if len(steps) == 1 {
			return slices.Delete(copied, i, i+1)
		}
		copied[i] = drop(v[i], steps[1:])
		return copied
	}
	panic(fmt.Sprintf("no step %v in %T", steps, value))
}

func TestWithout(t *testing.T) {
	var tokens, repositories, members any
	for text, into := range map[string]*any{
		`[{"id":7,"a":{"b":1,"c":[2,3]}},{"id":8}]`: &tokens,
		`{"7":[{"id":1}],"8":[{"id":2}]}`:           &repositories,
		`{"admin":[{"id":9}]}`:                      &members,
	} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	golden := &txtar.Archive{Files: []txtar.File{{Name: "want", Data: []byte("high fail token/7 of acme: reason\n")}}}
	f := &fixture{archive: golden, data: map[string]any{"tokens": tokens, "token_repositories": repositories, "members": members}}
	want := map[string][2]string{
		"members.json/admin/0/id":        {"", `{"members":{"admin":[{}]},"token_repositories":{"7":[{"id":1}],"8":[{"id":2}]},"tokens":[{"a":{"b":1,"c":[2,3]},"id":7},{"id":8}]}`},
		"token_repositories.json/7/0/id": {"7", `{"members":{"admin":[{"id":9}]},"token_repositories":{"7":[{}]},"tokens":[{"a":{"b":1,"c":[2,3]},"id":7}]}`},
		"token_repositories.json/8/0/id": {"8", `{"members":{"admin":[{"id":9}]},"token_repositories":{"8":[{}]},"tokens":[{"id":8}]}`},
		"tokens.json/0/a/b":              {"7", `{"members":{"admin":[{"id":9}]},"token_repositories":{"7":[{"id":1}]},"tokens":[{"a":{"c":[2,3]},"id":7}]}`},
		"tokens.json/0/a/c/0":            {"7", `{"members":{"admin":[{"id":9}]},"token_repositories":{"7":[{"id":1}]},"tokens":[{"a":{"b":1,"c":[3]},"id":7}]}`},
		"tokens.json/0/a/c/1":            {"7", `{"members":{"admin":[{"id":9}]},"token_repositories":{"7":[{"id":1}]},"tokens":[{"a":{"b":1,"c":[2]},"id":7}]}`},
		"tokens.json/0/id":               {"7", `{"members":{"admin":[{"id":9}]},"token_repositories":{"7":[{"id":1}]},"tokens":[{"a":{"b":1,"c":[2,3]}}]}`},
		"tokens.json/1/id":               {"8", `{"members":{"admin":[{"id":9}]},"token_repositories":{"8":[{"id":2}]},"tokens":[{}]}`},
	}
	got := map[string][2]string{}
	for _, leaf := range f.leaves() {
		data, id := f.without(leaf)
		text, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		got[leaf] = [2]string{id, string(text)}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
