package house

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pattern is something that no file may contain.
type pattern struct {
	what string
	// hints are what a file must contain, in lower case, for the expression to
	// be worth its time.
	hints []string
	re    *regexp.Regexp
}

// credentials are what keys and tokens look like. Tests build theirs at run
// time, so that none of them stands in the tree.
var credentials = []pattern{
	{"a GitHub token", []string{"ghp_", "gho_", "ghs_", "ghu_", "ghr_"}, regexp.MustCompile(`gh[oprsu]_[A-Za-z0-9][A-Za-z0-9._-]{19,}`)},
	{"a fine-grained GitHub token", []string{"github_pat_"}, regexp.MustCompile(`github_pat_[A-Za-z0-9_]{20,}`)},
	{"a private key", []string{"private key-----"}, regexp.MustCompile(`-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----(?:\s|\\[nr])*[A-Za-z0-9+/=]{20,}`)},
	{"an AWS key", []string{"akia", "asia"}, regexp.MustCompile(`\b(?:AKIA|ASIA)[0-9A-Z]{16}\b`)},
	{"a JSON web token", []string{".eyj"}, regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}`)},
	{"an npm token", []string{"npm_", "_authtoken"}, regexp.MustCompile(`\bnpm_[A-Za-z0-9]{36}\b|_authToken\s*=\s*[^\s$]{8,}`)},
}

// addresses are where packages or this machine's files are: neither works
// elsewhere, and neither is anybody's business.
var addresses = []pattern{
	{"the address of a package registry", []string{"golang.org", "goproxy", "registry", "pypi", "pythonhosted", "crates", "rubygems", "maven"}, regexp.MustCompile(`(?i)\b(?:proxy|sum|index)\.golang\.org\b|\bgoproxy\.(?:io|cn)\b` +
		`|\bregistry\.(?:npmjs\.org|yarnpkg\.com)\b|\b(?:test\.)?pypi\.org\b|\bfiles\.pythonhosted\.org\b|\b(?:static\.|index\.)?crates\.io\b` +
		`|\brubygems\.org\b|\brepo1?\.maven\.(?:org|apache\.org)\b|\bregistry-1\.docker\.io\b`)},
	{"a setting of a package registry", []string{"://"}, regexp.MustCompile(`(?i)\b(?:GOPROXY|GOSUMDB|PIP_(?:EXTRA_)?INDEX_URL|npm_config_registry|(?:extra-)?index-url|registry)["']?\s*[=:]\s*["']?https?://`)},
	{"the address of a mirror", []string{"artifactory", "nexus", "verdaccio", "athens", "goproxy", "devpi"}, regexp.MustCompile(`(?i)https?://[^\s/"'<>]*(?:artifactory|nexus|verdaccio|athens|goproxy|devpi)[^\s/"'<>]*`)},
	{"a path of a machine", []string{"/root", "/users", "/home", "/work"}, regexp.MustCompile(`(?:^|[\s"'` + "`" + `(=:])/(?:root|Users/[a-z]+|home/[a-z]+|work/(?:main|shared|\.library))/`)},
}

func checkCredentials(files []file) []string { return checkPatterns(files, credentials) }

func checkAddresses(files []file) []string { return checkPatterns(files, addresses) }

// checkPatterns reports where, and never what: the report must not spread it.
func checkPatterns(files []file, patterns []pattern) []string {
	var found []string
	for _, f := range files {
		lower := bytes.ToLower(f.text)
		for _, p := range patterns {
			if !slices.ContainsFunc(p.hints, func(hint string) bool { return bytes.Contains(lower, []byte(hint)) }) {
				continue
			}
			if at := p.re.FindIndex(f.text); at != nil {
				line := 1 + bytes.Count(f.text[:at[0]], []byte("\n"))
				found = append(found, fmt.Sprintf("%s:%d: looks like %s (%d bytes)", f.path, line, p.what, at[1]-at[0]))
			}
		}
	}
	return found
}

func TestCredentialsBite(t *testing.T) {
	t.Parallel()
	encode := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	jwt := encode(`{"alg":"RS256","typ":"JWT"}`) + "." + encode(`{"iss":"Iv23li","exp":1}`) + "." + encode("signature bytes")
	body := strings.Repeat("MIIEpAIBAAKCAQEA", 3)
	begin := func(kind string) string { return "-----BEGIN " + kind + "PRIVATE" + " KEY-----" }
	judge(t, checkCredentials, []sample{
		{"pattern in a document", "README.md", "`ghs_[A-Za-z0-9._-]{36,}` and ghs_<app>_<jwt>, github_pat_…", ""},
		{"prefix built at run time", "a.txt", `"ghs_" + strings.Repeat("x", 36)`, ""},
		{"key without a body", "a.txt", begin("RSA ") + "\n-----END", ""},
		{"key in words", "a.txt", begin("") + " opens a key file", ""},
		{"client id", "a.yaml", "client_id: Iv23liEXAMPLE", ""},
		{"installation token", "a.txt", "token: ghs" + "_" + strings.Repeat("x9", 18), "GitHub token"},
		{"stateless installation token", "b.json", `{"token":"ghs` + "_123_" + strings.ReplaceAll(jwt, "eyJ", "abc") + `"}`, "GitHub token"},
		{"classic token", "a.txt", "ghp" + "_" + strings.Repeat("a", 36), "GitHub token"},
		{"OAuth token", "a.txt", "gho" + "_" + strings.Repeat("a", 36), "GitHub token"},
		{"user token", "a.txt", "ghu" + "_" + strings.Repeat("a", 36), "GitHub token"},
		{"short token", "a.txt", "ghp" + "_" + strings.Repeat("a", 20), "GitHub token"},
		{"fine-grained token", "a.go", "package a\n\nconst t = \"github" + "_pat_" + strings.Repeat("1A", 20) + "\"\n", "a.go:3: looks like a fine-grained"},
		{"RSA key", "key.pem", begin("RSA ") + "\n" + body + "\n-----END", "private key"},
		{"PKCS 8 key", "key.pem", begin("") + "\r\n" + body, "private key"},
		{"encrypted key", "key.pem", begin("ENCRYPTED ") + "\n" + body, "private key"},
		{"SSH key", "key.pem", begin("OPENSSH ") + "\n" + body, "private key"},
		{"key in a string", "a.json", `"` + begin("EC ") + `\n` + body + `"`, "private key"},
		{"AWS key", "a.txt", "key=" + "AKIA" + strings.Repeat("Q7", 8), "AWS key"},
		{"JWT", "a.txt", "Authorization: Bearer " + jwt, "JSON web token"},
		{"npm token", ".npmrc", "npm" + "_" + strings.Repeat("a1", 18), "npm token"},
		{"in a binary", "a.db", "SQLite\x00\x01ghp" + "_" + strings.Repeat("a", 36) + "\x00", "GitHub token"},
	})
	secret := "ghp" + "_" + strings.Repeat("s", 36)
	if got := checkCredentials(one(t, "a.txt", secret)); len(got) != 1 || strings.Contains(got[0], "sss") {
		t.Errorf("the report spreads what it found: %q", got)
	}
}

func TestAddressesBite(t *testing.T) {
	t.Parallel()
	judge(t, checkAddresses, []sample{
		{"GitHub", "README.md", "https://api.github.com and https://docs.github.com/rest", ""},
		{"loopback", "a.txt", "url: http://127.0.0.1:8080/api/v3", ""},
		{"module paths", "go.sum", "golang.org/x/net v0.59.0 h1:abc=\ngoproxy.example v1", ""},
		{"folders of the project", "README.md", "see /" + "work/ or ./ro" + "ot/x and ../shared/spec.md, or /home", ""},
		{"word", "README.md", "the registry: a list of names", ""},
		{"Go's proxy", ".ci/run", "export X=https://proxy" + ".golang.org", "package registry"},
		{"Go's checksums", "a.txt", "sum" + ".golang.org", "package registry"},
		{"npm's registry", "README.md", "https://registry" + ".npmjs.org/@octokit/openapi", "package registry"},
		{"Python's", "a.txt", "files" + ".pythonhosted.org", "package registry"},
		{"Rust's", "a.txt", "https://static.crates" + ".io/x", "package registry"},
		{"own proxy", "Dockerfile", "ENV GOPROXY" + "=http://10.0.0.1:3128/", "setting of a package registry"},
		{"own npm registry", ".npmrc", "registry" + "=https://npm.example.com/", "setting of a package registry"},
		{"own index", "pip.conf", "index-url" + " = https://py.example.com/simple", "setting of a package registry"},
		{"mirror", "a.txt", "https://" + "artifactory.example.com/api/go", "mirror"},
		{"home folder", "a.txt", "open \"/root" + "/go/pkg\"", "path of a machine"},
		{"this folder", "a.txt", "cd /work" + "/main/internal", "path of a machine"},
		{"somebody's folder", "a.txt", "/home" + "/alice/x", "path of a machine"},
	})
}
