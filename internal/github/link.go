package github

import "strings"

// linkTo finds the target of a relation ("next", "last") in Link headers (RFC
// 8288); "" if there is none. go-github only reads page numbers out of them, which loses the
// address.
func linkTo(headers []string, relation string) string {
	for _, h := range headers {
		for h != "" {
			target, params, rest, ok := cutLink(h)
			if !ok {
				break
			}
			if isRelation(params, relation) {
				return target
			}
			h = rest
		}
	}
	return ""
}

// cutLink splits `<target>; params, rest`. A comma inside the brackets does
// not end a link.
func cutLink(s string) (target, params, rest string, ok bool) {
	_, s, ok = strings.Cut(s, "<")
	if !ok {
		return "", "", "", false
	}
	target, s, ok = strings.Cut(s, ">")
	params, rest = cutUnquoted(s, ',')
	return strings.TrimSpace(target), params, rest, ok
}

// cutUnquoted splits at the first separator that is not inside quotes.
func cutUnquoted(s string, separator byte) (before, after string) {
	isQuoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			isQuoted = !isQuoted
		case s[i] == separator && !isQuoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

func isRelation(params, relation string) bool {
	for params != "" {
		var p string
		p, params = cutUnquoted(params, ';')
		name, value, _ := strings.Cut(p, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "rel") {
			continue
		}
		for rel := range strings.FieldsSeq(strings.Trim(strings.TrimSpace(value), `"`)) {
			if strings.EqualFold(rel, relation) {
				return true
			}
		}
	}
	return false
}
