package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"auditor/internal/rules"
)

// configSource is the file of a configuration, with the position of every key.
type configSource struct {
	name     string
	paths    []placedPath
	problems []configProblem
}

type placedPath struct {
	path         string // dotted, list items as [0]
	line, column int
	keyColumn    int // of the key, for values that start elsewhere
	keyLine      int
}

// configProblem is one thing wrong with the configuration.
type configProblem struct {
	line, column  int
	path, message string
}

// configError is everything wrong with a configuration, at once.
type configError struct {
	file     string
	problems []configProblem
}

func (e *configError) Error() string {
	lines := make([]string, len(e.problems))
	for i, p := range e.problems {
		place := e.file
		if p.line > 0 {
			place += fmt.Sprintf(":%d:%d", p.line, p.column)
		}
		if p.path != "" {
			place += ": " + p.path
		}
		lines[i] = place + ": " + p.message
	}
	return strings.Join(lines, "\n")
}

// loadConfig reads a configuration over the defaults. Problems with its form
// are kept in source.problems, for [config.check] to report with the others.
func loadConfig(name string) (*config, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, &usageError{fmt.Errorf("read configuration: %w", err)}
	}
	c := defaults()
	c.source = &configSource{name: name}
	var document yaml.Node
	if err := yaml.Load(text, &document); err != nil {
		c.source.problems = []configProblem{syntaxProblem(err)}
		return c, nil
	}
	c.source.place(&document, "", document.Line, document.Column)
	err = yaml.Load(text, c, yaml.WithKnownFields())
	var several *yaml.LoadErrors
	var one *yaml.LoadError
	switch {
	case err == nil:
	case errors.As(err, &several): // before LoadError, as which it would unwrap to its first
		for _, e := range several.Errors {
			c.source.problems = append(c.source.problems, c.source.formProblem(e))
		}
	case errors.As(err, &one):
		c.source.problems = append(c.source.problems, c.source.formProblem(one))
	default:
		c.source.problems = append(c.source.problems, configProblem{message: err.Error()})
	}
	return c, nil
}

func syntaxProblem(err error) configProblem {
	var e *yaml.LoadError
	var several *yaml.LoadErrors
	if errors.As(err, &several) && len(several.Errors) > 0 {
		e = several.Errors[0]
	} else if !errors.As(err, &e) {
		return configProblem{message: err.Error()}
	}
	message := e.Message
	if strings.Contains(message, "no documents") {
		return configProblem{message: "the file is empty"}
	}
	if e.ContextMsg != "" {
		message = e.ContextMsg + ": " + message
	}
	return configProblem{line: e.Mark.Line, column: e.Mark.Column, message: "not YAML: " + message}
}

// place records the position of every key and value below n.
func (s *configSource) place(n *yaml.Node, path string, keyLine, keyColumn int) {
	s.paths = append(s.paths, placedPath{path, n.Line, n.Column, keyColumn, keyLine})
	switch n.Kind {
	case yaml.DocumentNode:
		for _, child := range n.Content {
			s.place(child, path, child.Line, child.Column)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			s.place(n.Content[i+1], strings.TrimPrefix(path+"."+key.Value, "."), key.Line, key.Column)
		}
	case yaml.SequenceNode:
		for i, child := range n.Content {
			s.place(child, fmt.Sprintf("%s[%d]", path, i), child.Line, child.Column)
		}
	}
}

// at is the position of a dotted path, or of the nearest one above it in the file.
func (s *configSource) at(path string) (line, column int) {
	for path != "" {
		for _, p := range s.paths {
			if p.path == path {
				return p.keyLine, p.keyColumn
			}
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return 0, 0
}

// pathAt is the dotted path of what is at a position.
func (s *configSource) pathAt(line, column int) string {
	for _, p := range slices.Backward(s.paths) {
		if p.line == line && p.column == column || p.keyLine == line && p.keyColumn == column {
			return p.path
		}
	}
	return ""
}

var (
	unknownField = regexp.MustCompile(`^field (.+?) not found in type`)
	wrongType    = regexp.MustCompile("(?s)^cannot construct !!(\\w+)(?: `(.*?)`)? into (.+)$")
)

// formProblem translates what the YAML library says in terms of Go into the
// terms of the file.
func (s *configSource) formProblem(e *yaml.LoadError) configProblem {
	p := configProblem{line: e.Mark.Line, column: e.Mark.Column, message: e.Message}
	p.path = s.pathAt(p.line, p.column)
	if m := unknownField.FindStringSubmatch(e.Message); m != nil {
		p.message = "unknown key " + strconv.Quote(m[1]) + didYouMean(m[1], siblings(p.path))
	} else if m := wrongType.FindStringSubmatch(e.Message); m != nil {
		p.message = "want " + kindOf(m[3]) + ", got " + got(m[1], m[2])
	}
	return p
}

func kindOf(goType string) string {
	switch {
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	case strings.HasPrefix(goType, "int"):
		return "a whole number"
	case goType == "bool":
		return "true or false"
	case goType == "string":
		return "a string"
	}
	return "keys and values"
}

func got(tag, value string) string {
	switch tag {
	case "map":
		return "keys and values"
	case "seq":
		return "a list"
	}
	return strconv.Quote(value)
}

// siblings are the keys that are allowed at a path.
func siblings(path string) []string {
	t := reflect.TypeFor[config]()
	steps := strings.Split(path, ".")
	for _, step := range steps[:len(steps)-1] {
		name, _, isItem := strings.Cut(step, "[")
		for f := range t.Fields() {
			if name != "" && f.Tag.Get("yaml") == name {
				t = f.Type
				break
			}
		}
		if isItem && t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return nil
		}
	}
	var keys []string
	if t.Kind() == reflect.Struct {
		for f := range t.Fields() {
			if key := f.Tag.Get("yaml"); key != "" {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// didYouMean names the nearest of the known words, if one is near.
func didYouMean(word string, known []string) string {
	if near := rules.Nearest(word, known); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	return ""
}
