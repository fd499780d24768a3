package report

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Title is the column's name in words, for a header: last_used_at is "Last used",
// is_expired "Expired", unused_days "Days unused". "" if the name has no letter of
// its own.
func (c Column) Title() string {
	if title := titles[c.Name]; title != "" {
		return title
	}
	words := strings.Fields(strings.ReplaceAll(c.Name, "_", " "))
	if last := len(words) - 1; last > 0 {
		switch {
		case words[0] == "is":
			words = words[1:]
		case words[last] == "at":
			words = words[:last]
		case words[last] == "days":
			words = append([]string{"days"}, words[:last]...)
		}
	}
	if len(words) == 0 {
		return ""
	}
	for i, w := range words {
		if spelt := spelling[w]; spelt != "" {
			words[i] = spelt
		}
	}
	return capital(strings.Join(words, " "))
}

// spelling is how words of names are written.
var spelling = map[string]string{
	"ai": "AI", "api": "API", "codeowners": "CODEOWNERS", "dependabot": "Dependabot", "github": "GitHub", "html": "HTML", "id": "ID",
	"org": "organization", "sha": "SHA", "sso": "SSO", "url": "URL",
}

// titles are the headers of columns whose names read badly word by word.
var titles = map[string]string{
	"all_token_count":                       "Tokens that reach it",
	"oldest_writable_at":                    "Oldest writable key created",
	"writable_title":                        "Title of a writable key",
	"expired_days":                          "Days since expiry",
	"expires_in_days":                       "Days until expiry",
	"granted_days":                          "Days since grant",
	"has_upper_bound_reach":                 "Reach is an upper bound",
	"html_url":                              "GitHub page",
	"is_admin_bound":                        "Binds administrators",
	"is_reach_effective":                    "Reach is effective",
	"is_up_to_date_required":                "Up-to-date branch required",
	"held_expires_at":                       "Token already held expires",
	"held_grant_id":                         "Grant ID of token already held",
	"held_last_used_at":                     "Token already held last used",
	"held_token_name":                       "Token already held",
	"same_token_count":                      "Tokens with the same rights",
	"secret_scanning_non_provider_patterns": "Secret scanning non-provider patterns",
	"unread_token_count":                    "Tokens of unknown reach",
	"used_last_grant_id":                    "Grant ID of token used last",
	"used_last_token_name":                  "Token used last",
	"writable_key_count":                    "Writable deploy key count",
}

// prefixes are no words: they keep their hyphen in a title.
var prefixes = []string{"over", "non", "multi", "pre", "self"}

// titleOf makes "stale-tokens" a heading: "Stale tokens".
func titleOf(name string) string {
	var b strings.Builder
	for i, word := range strings.Split(name, "-") {
		if i > 0 && slices.Contains(prefixes, b.String()) {
			b.WriteByte('-')
		} else if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
	}
	return capital(b.String())
}

// capital puts the first letter in upper case.
func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + s[size:]
}
