package github

import (
	"errors"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	redacted   = "[redacted]"
	maxMessage = 1000 // bytes of a server's message that are kept
)

// secrets are the shapes of what must never be shown. They match too much
// rather than too little: a token may be cut short or be of a format that is
// not known yet (installation tokens became `ghs_<app>_<jwt>`, some 520
// characters with dots, in 2026).
var secrets = []struct {
	pattern *regexp.Regexp
	with    string
}{
	// a key, also with \n spelled out, also without its end
	{regexp.MustCompile(`(?s)-----BEGIN [^-]*-----.*?(-----END [^-]*-----|$)`), redacted},
	{regexp.MustCompile(`(?i)\b(authorization["']?\s*[:=]\s*["']?)(\w+\s+)?[^\s"',;]+`), "$1" + redacted},
	{regexp.MustCompile(`(?i)\b(bearer)[\s:=]+[^\s"'<>]+`), "$1 " + redacted},
	{regexp.MustCompile(`(?i)gh[a-z]_[A-Za-z0-9._~+/=-]{10,}`), redacted},
	{regexp.MustCompile(`(?i)github_pat_[A-Za-z0-9._-]+`), redacted},
	{regexp.MustCompile(`ey[JA][A-Za-z0-9_-]{8,}\.[A-Za-z0-9._-]+`), redacted}, // a JWT: base64 of `{"`
	{regexp.MustCompile(`(v1\.)?[0-9a-f]{40,}`), redacted},                     // tokens as they were until 2021
	{regexp.MustCompile(`://[^/\s@]+@`), "://" + redacted + "@"},               // a proxy's password
}

// redact makes text from outside safe to show: what looks like a secret is
// replaced, control characters are removed, and its length is bounded.
func redact(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || r == utf8.RuneError:
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return -1 // a blank in its place would cut a token in two
		}
		return r
	}, s)
	for _, secret := range secrets {
		s = secret.pattern.ReplaceAllString(s, secret.with)
	}
	if len(s) > maxMessage {
		s = strings.ToValidUTF8(s[:maxMessage], "") + "…"
	}
	return strings.TrimSpace(s)
}

// clean returns an error whose text is safe to show. An error with nothing to
// hide is returned as it is, so that errors.Is and errors.As work; another is
// replaced, because its parts could be unwrapped and printed.
func clean(err error) error {
	if text := redact(err.Error()); text != err.Error() {
		return errors.New(text)
	}
	return err
}
