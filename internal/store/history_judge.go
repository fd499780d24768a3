package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// judgeTables hold what was given by whoever judged. What findings have in
// common has a number there, and soon its reference in the history.
const judgeTables = `
	CREATE TEMP TABLE _rule_given (number INTEGER PRIMARY KEY, rule TEXT NOT NULL, fingerprint TEXT, rule_ref INTEGER) STRICT;
	CREATE TEMP TABLE _blind_given (rule INTEGER NOT NULL, org TEXT NOT NULL, PRIMARY KEY (rule, org)) STRICT;
	CREATE TEMP TABLE _verdict_given (number INTEGER PRIMARY KEY, severity TEXT NOT NULL, status TEXT NOT NULL, is_excepted INTEGER NOT NULL, verdict_ref INTEGER) STRICT;
	CREATE TEMP TABLE _subject_given (
		number INTEGER PRIMARY KEY, org TEXT NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
		name TEXT NOT NULL, url TEXT NOT NULL, owner TEXT NOT NULL, subject_ref INTEGER
	) STRICT;
	CREATE TEMP TABLE _finding_given (number INTEGER PRIMARY KEY, rule INTEGER NOT NULL, subject INTEGER NOT NULL, verdict INTEGER NOT NULL, reason TEXT NOT NULL) STRICT;`

// judgement is what was found in a snapshot, with each rule, subject and verdict
// once: they are told by their places in the lists.
type judgement struct {
	rules    numbers[string]
	verdicts numbers[verdict]
	subjects numbers[subjectKey]
	words    []*HistoryFinding // of each subject, the one whose words stand for it
	findings []judged
	places   map[[2]int]int // of findings, by rule and subject
}

type verdict struct {
	severity, status string
	isExcepted       bool
}

type subjectKey struct{ org, key string }

type judged struct {
	rule, subject int
	found         *HistoryFinding
}

// numbers gives numbers to values in the order in which they are met.
type numbers[T comparable] struct {
	all   []T
	known map[T]int
}

func (n *numbers[T]) of(value T) int {
	number, ok := n.known[value]
	if !ok {
		if n.known == nil {
			n.known = map[T]int{}
		}
		number = len(n.all)
		n.known[value] = number
		n.all = append(n.all, value)
	}
	return number
}

// add takes a finding in. Of two with one key the fail counts, and of two fails
// the one that no exception covers.
func (j *judgement) add(f *HistoryFinding) error {
	key, ok := strings.CutPrefix(f.Key, f.Rule+":"+f.Org+":")
	if !ok || key == "" {
		return fmt.Errorf("finding %s: its key is not made of its rule %s, its organization %s and its subject", f.Key, f.Rule, f.Org)
	}
	subject := j.subjects.of(subjectKey{f.Org, key})
	if subject == len(j.words) {
		j.words = append(j.words, f)
	} else if standsBefore(f, j.words[subject]) {
		j.words[subject] = f
	}
	rule := j.rules.of(f.Rule)
	if j.places == nil {
		j.places = map[[2]int]int{}
	}
	place, ok := j.places[[2]int{rule, subject}]
	if !ok {
		j.places[[2]int{rule, subject}] = len(j.findings)
		j.findings = append(j.findings, judged{rule, subject, f})
	} else if weight(f) > weight(j.findings[place].found) {
		j.findings[place].found = f
	}
	return nil
}

// weight is how much a finding counts among others with its key.
func weight(f *HistoryFinding) int {
	switch {
	case f.Status != "fail":
		return 0
	case f.IsExcepted:
		return 1
	}
	return 2
}

// standsBefore tells whether the words of a for a subject stand rather than
// those of b, whatever their order: of two grants of a token those of the one
// that counts, else of the later one.
func standsBefore(a, b *HistoryFinding) bool {
	if a.Subject == b.Subject {
		return false
	}
	return cmp.Or(
		cmp.Compare(weight(a), weight(b)),
		cmp.Compare(len(a.Subject.ID), len(b.Subject.ID)),
		cmp.Compare(a.Subject.ID, b.Subject.ID),
		cmp.Compare(a.Subject.Name, b.Subject.Name),
		cmp.Compare(a.Subject.URL, b.Subject.URL),
		cmp.Compare(a.Subject.Owner, b.Subject.Owner),
		cmp.Compare(a.Subject.Kind, b.Subject.Kind),
	) > 0
}

// judge replaces what was found in a snapshot.
func (m *merge) judge(ctx context.Context, id int64, findings []HistoryFinding, rules []HistoryRule) error {
	var j judgement
	for i := range findings {
		if err := j.add(&findings[i]); err != nil {
			return err
		}
	}
	if _, err := m.tx.ExecContext(ctx, judgeTables); err != nil {
		return err
	}
	if err := m.give(ctx, &j, rules); err != nil {
		return err
	}
	var newest int64
	if err := m.tx.QueryRowContext(ctx, "SELECT max(s.snapshot_id) FROM main._snapshots AS s").Scan(&newest); err != nil {
		return err
	}
	text, err := historyFiles.ReadFile("history/merge/40_findings.sql")
	if err != nil {
		return err
	}
	_, err = m.tx.ExecContext(ctx, string(text), sql.Named("snapshot_id", id), sql.Named("newest_id", newest), sql.Named("fingerprint", RulesFingerprint(rules)))
	return err
}

// give hands a judgement over.
func (m *merge) give(ctx context.Context, j *judgement, rules []HistoryRule) error {
	prints := map[int]string{}
	for _, r := range rules {
		number := j.rules.of(r.ID)
		if _, ok := prints[number]; ok {
			return fmt.Errorf("rule %s was run twice", r.ID)
		}
		prints[number] = r.Fingerprint
		for _, org := range r.Blind {
			if _, err := m.tx.ExecContext(ctx, "INSERT OR IGNORE INTO temp._blind_given (rule, org) VALUES (?, ?)", number, org); err != nil {
				return err
			}
		}
	}
	verdicts := make([]int, len(j.findings))
	for i, f := range j.findings {
		verdicts[i] = j.verdicts.of(verdict{f.found.Severity, f.found.Status, f.found.IsExcepted})
	}
	for _, t := range []struct {
		name string
		n    int
		row  func(i int) []any
	}{
		{"_rule_given (number, rule, fingerprint)", len(j.rules.all), func(i int) []any {
			text, isRun := prints[i]
			return []any{i, j.rules.all[i], sql.NullString{String: text, Valid: isRun}}
		}},
		{"_verdict_given (number, severity, status, is_excepted)", len(j.verdicts.all), func(i int) []any {
			v := j.verdicts.all[i]
			return []any{i, v.severity, v.status, v.isExcepted}
		}},
		{"_subject_given (number, org, key, kind, id, name, url, owner)", len(j.subjects.all), func(i int) []any {
			k, s := j.subjects.all[i], &j.words[i].Subject
			return []any{i, k.org, k.key, s.Kind, s.ID, s.Name, s.URL, s.Owner}
		}},
		{"_finding_given (number, rule, subject, verdict, reason)", len(j.findings), func(i int) []any {
			f := &j.findings[i]
			return []any{i, f.rule, f.subject, verdicts[i], f.found.Reason}
		}},
	} {
		if err := m.insert(ctx, t.name, t.n, t.row); err != nil {
			return err
		}
	}
	return nil
}

// insertBatch is how many rows go into a table at once: more gain nothing.
const insertBatch = 50

// insert fills a temporary table, "_t (a, b)", with n rows.
func (m *merge) insert(ctx context.Context, table string, n int, row func(int) []any) (err error) {
	width := strings.Count(table, ",") + 1
	one := "(?" + strings.Repeat(", ?", width-1) + ")"
	text := "INSERT INTO temp." + table + " VALUES "
	full, err := m.tx.PrepareContext(ctx, text+one+strings.Repeat(", "+one, insertBatch-1))
	if err != nil {
		return err
	}
	defer full.Close()
	values := make([]any, 0, insertBatch*width)
	for i := range n {
		values = append(values, row(i)...)
		if len(values) == cap(values) {
			if _, err := full.ExecContext(ctx, values...); err != nil {
				return err
			}
			values = values[:0]
		}
	}
	if len(values) > 0 {
		_, err = m.tx.ExecContext(ctx, text+one+strings.Repeat(", "+one, len(values)/width-1), values...)
	}
	return err
}

// RulesFingerprint identifies a set of rules: equal where the same ones judged,
// with the same parameters and severities.
func RulesFingerprint(rules []HistoryRule) string {
	lines := make([]string, len(rules))
	for i, r := range rules {
		lines[i] = r.ID + " " + r.Fingerprint + "\n"
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	return hex.EncodeToString(sum[:])
}
