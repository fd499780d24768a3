package queries_test

import (
	"maps"
	"time"

	"auditor/internal/rules"
)

// asked returns the values that a rule or saved query is asked with here: its
// defaults, and one for each parameter that has none.
func asked(rule rules.Rule, now time.Time, given map[string]any) map[string]any {
	values := rule.Bindings(now)
	for _, p := range rule.Params {
		if p.IsRequired {
			values[p.Name] = "*"
			maps.Copy(values, given)
		}
	}
	return values
}
