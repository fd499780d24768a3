package finding

import "slices"

// Severity is how much a finding matters: one of [Severities].
type Severity string

// The severities.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
)

// Severities returns all severities, worst first.
func Severities() []Severity { return []Severity{Critical, High, Medium, Low} }

// SeverityNames returns the words for all severities, worst first.
func SeverityNames() []string {
	var names []string
	for _, s := range Severities() {
		names = append(names, string(s))
	}
	return names
}

// Rank is 0 for critical, 3 for low, and 4 for a word that is no severity: the
// order in which findings are printed.
func (s Severity) Rank() int {
	all := Severities()
	if i := slices.Index(all, s); i >= 0 {
		return i
	}
	return len(all)
}

// IsKnown says whether the word is one of the severities.
func (s Severity) IsKnown() bool { return slices.Contains(Severities(), s) }

// Counts has one count for each severity.
type Counts struct {
	Critical int `json:"critical"`
	High     int `json:"high"`
	Medium   int `json:"medium"`
	Low      int `json:"low"`
}

// Of returns the count of one severity; 0 for a word that is none.
func (c Counts) Of(s Severity) int {
	if p := c.at(s); p != nil {
		return *p
	}
	return 0
}

// Total adds all severities up.
func (c Counts) Total() int { return c.Critical + c.High + c.Medium + c.Low }

// Add counts one more finding; a word that is no severity is not counted.
func (c *Counts) Add(s Severity) {
	if p := c.at(s); p != nil {
		*p++
	}
}

func (c *Counts) at(s Severity) *int {
	switch s {
	case Critical:
		return &c.Critical
	case High:
		return &c.High
	case Medium:
		return &c.Medium
	case Low:
		return &c.Low
	}
	return nil
}
