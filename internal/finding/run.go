package finding

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// Run is a rule that was run on a snapshot, also one that found nothing.
type Run struct {
	Rule        string   // id
	Fingerprint string   // of all that decides what it finds: query, parameters, severity
	BlindOrgs   []string // organizations of which it could not see all that it reads, sorted
}

// Fingerprint identifies a set of rules: equal where the same ones were run, with
// the same parameters and severities.
func Fingerprint(runs []Run) string {
	lines := make([]string, len(runs))
	for i, r := range runs {
		lines[i] = r.Rule + " " + r.Fingerprint + "\n"
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	return hex.EncodeToString(sum[:])
}
