package rules

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"auditor/internal/finding"
)

var (
	paramName  = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	paramKinds = []string{"integer", "number", "text", "boolean"}
)

// form is how a parameter is declared, for messages.
const form = "write NAME KIND DEFAULT -- MEANING, as in: days integer 90 -- days without use"

// parseParam reads "days integer 90 -- meaning". The returned text says what
// is wrong, and what was meant; both are empty when nothing is. Without a
// default the parameter is required.
func parseParam(value string) (p Param, what, meant string) {
	declaration, meaning, _ := strings.Cut(value, " -- ")
	fields := strings.Fields(declaration)
	if len(fields) < 2 {
		return p, fmt.Sprintf("param %q has no kind", value), form
	}
	p = Param{Name: fields[0], Kind: fields[1], Meaning: strings.TrimSpace(meaning)}
	rest := strings.TrimSpace(strings.TrimSpace(declaration)[len(fields[0]):])
	p.Default = strings.TrimSpace(rest[len(fields[1]):])
	if len(p.Default) >= 2 && p.Default[0] == '\'' && p.Default[len(p.Default)-1] == '\'' {
		p.Default = p.Default[1 : len(p.Default)-1]
	} else {
		p.IsRequired = p.Default == ""
	}
	switch {
	case !paramName.MatchString(p.Name):
		return p, fmt.Sprintf("%q is not a name for a parameter", p.Name), "small letters, digits and _"
	case p.Name == "now":
		return p, "param now needs no declaration", "it is always the time of the snapshot"
	case !slices.Contains(paramKinds, p.Kind):
		return p, fmt.Sprintf("param %s: unknown kind %q", p.Name, p.Kind), didYouMean(p.Kind, paramKinds)
	case p.Meaning == "":
		return p, fmt.Sprintf("param %s has no meaning", p.Name), form
	}
	if _, err := p.Parse(p.Default); err != nil && !p.IsRequired {
		return p, fmt.Sprintf("param %s: default %v", p.Name, err), ""
	}
	return p, "", ""
}

// Parse reads a value as written in a header or on a command line: an int64,
// float64, bool or string by the kind. The error names the value and what it
// should be.
func (p Param) Parse(text string) (any, error) {
	switch p.Kind {
	case "integer":
		if v, err := strconv.ParseInt(text, 10, 64); err == nil {
			return v, nil
		}
	case "number":
		if v, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(v) && !math.IsInf(v, 0) {
			return v, nil
		}
	case "boolean":
		if text == "true" || text == "false" {
			return text == "true", nil
		}
		return nil, fmt.Errorf("%q is not a boolean: true or false", text)
	default:
		return text, nil
	}
	return nil, fmt.Errorf("%q is not %s", text, article(p.Kind))
}

// convert reads a value as a configuration decoder leaves it.
func (p Param) convert(value any) (any, error) {
	wrong := fmt.Errorf("%v is not %s", finding.Shown(value), article(p.Kind))
	switch v := value.(type) {
	case string:
		if p.Kind == "text" {
			return v, nil
		}
		return nil, wrong
	case bool:
		if p.Kind == "boolean" {
			return v, nil
		}
		return nil, wrong
	}
	switch p.Kind {
	case "integer":
		if v, ok := integer(value); ok {
			return v, nil
		}
	case "number":
		if v, ok := value.(float64); ok && !math.IsNaN(v) && !math.IsInf(v, 0) {
			return v, nil
		}
		if v, ok := integer(value); ok {
			return float64(v), nil
		}
	}
	return nil, wrong
}

// integer accepts whole numbers of the types that YAML and JSON decoders give.
func integer(value any) (int64, bool) {
	switch v := value.(type) {
	case int:
		return int64(v), true
	case int64:
		return v, true
	case uint64:
		return int64(v), v <= math.MaxInt64
	case float64:
		return int64(v), v == math.Trunc(v) && math.Abs(v) < 1<<53
	}
	return 0, false
}

// bound is what SQLite gets: it has no booleans.
func bound(value any) any {
	if v, ok := value.(bool); ok {
		if v {
			return int64(1)
		}
		return int64(0)
	}
	return value
}

func article(kind string) string {
	switch kind {
	case "integer":
		return "a whole number"
	case "number", "boolean":
		return "a " + kind
	}
	return kind
}
