package report

import (
	"slices"

	"auditor/internal/finding"
)

// Setting is the kind of a text column of which all words are settings: enabled,
// disabled, paused. Where GitHub did not say, a reader sees UnknownWord.
const Setting finding.ColumnKind = "setting"

// UnknownWord is shown where GitHub did not say.
const UnknownWord = "unknown"

// vocabularies are lists of words: a column all of whose words are in one of them
// has that meaning, whatever it is called.
var vocabularies = []struct {
	kind  finding.ColumnKind
	words []string
}{
	{Setting, []string{"enabled", "disabled", "paused"}},
	{finding.Text, []string{"critical", "high", "medium", "low", "unclassified"}}, // tiers
	{finding.Text, []string{"admin", "write", "read"}},                            // levels
	{finding.Text, []string{"owner", "member", "outside", "gone"}},                // roles
	{finding.Text, []string{"all", "subset", "none"}},                             // reach
}

// vocabularyOf finds the vocabulary of a column by its words, to which unknown is
// added. Only a setting that is NULL is unknown; of the others NULL may as well
// mean that it does not apply.
func vocabularyOf(rows [][]any, column int) (kind finding.ColumnKind, words []string) {
	for _, v := range vocabularies {
		if only(rows, column, v.words) {
			return v.kind, append(slices.Clone(v.words), UnknownWord)
		}
	}
	return finding.Text, nil
}

// only says whether the column has words of the list and no others.
func only(rows [][]any, column int, words []string) bool {
	found := false
	for _, row := range rows {
		if row[column] == nil || row[column] == UnknownWord {
			continue
		}
		word, ok := row[column].(string)
		if !ok || !slices.Contains(words, word) {
			return false
		}
		found = true
	}
	return found
}
