package history

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"auditor/internal/finding"
	"auditor/internal/sqlite"
)

// findingTables hold the findings that are imported, and what they change. What
// findings have in common has a number there, and then its reference in the
// history.
const findingTables = `
	CREATE TEMP TABLE _rule_given (number INTEGER PRIMARY KEY, rule TEXT NOT NULL, fingerprint TEXT, rule_ref INTEGER) STRICT;
	CREATE TEMP TABLE _blind_given (rule INTEGER NOT NULL, org TEXT NOT NULL, PRIMARY KEY (rule, org)) STRICT;
	CREATE TEMP TABLE _verdict_given (number INTEGER PRIMARY KEY, severity TEXT NOT NULL, status TEXT NOT NULL, is_excepted INTEGER NOT NULL, verdict_ref INTEGER) STRICT;
	CREATE TEMP TABLE _subject_given (
		number INTEGER PRIMARY KEY, org TEXT NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
		name TEXT NOT NULL, url TEXT NOT NULL, owner TEXT NOT NULL, subject_ref INTEGER
	) STRICT;
	CREATE TEMP TABLE _count_given (rule INTEGER NOT NULL, verdict INTEGER NOT NULL, finding_count INTEGER NOT NULL, PRIMARY KEY (rule, verdict)) STRICT;
	CREATE TEMP TABLE _finding_begun (rule_ref INTEGER NOT NULL, subject_ref INTEGER NOT NULL, verdict_ref INTEGER NOT NULL, reason TEXT NOT NULL) STRICT;
	CREATE TEMP TABLE _finding_touched (finding_ref INTEGER PRIMARY KEY, verdict_ref INTEGER) STRICT;
	CREATE TEMP TABLE _finding_reworded (finding_ref INTEGER PRIMARY KEY, reason TEXT NOT NULL) STRICT;`

// replaceFindings replaces what was found in a snapshot.
func (e *edit) replaceFindings(ctx context.Context, id int64, findings iter.Seq[*finding.Finding], rules []finding.Run) error {
	j, err := newEvaluation(findings)
	if err != nil {
		return err
	}
	var newest int64
	if err := e.tx.QueryRowContext(ctx, "SELECT max(s.snapshot_id) FROM main._snapshots AS s").Scan(&newest); err != nil {
		return err
	}
	args := []any{sql.Named("snapshot_id", id), sql.Named("newest_id", newest), sql.Named("fingerprint", finding.Fingerprint(rules))}
	texts, err := readTexts("sql/findings")
	if err != nil {
		return err
	}
	if _, err := e.tx.ExecContext(ctx, findingTables); err != nil {
		return err
	}
	if err := e.giveNames(ctx, j, rules); err != nil {
		return err
	}
	if _, err := e.tx.ExecContext(ctx, texts[0], args...); err != nil {
		return err
	}
	if err := e.giveDifferences(ctx, id, j); err != nil {
		return err
	}
	_, err = e.tx.ExecContext(ctx, texts[1], args...)
	return err
}

// giveNames hands over which rules were run, with which verdicts and on what.
func (e *edit) giveNames(ctx context.Context, j *evaluation, rules []finding.Run) error {
	prints := map[int]string{}
	var blind [][]any
	for _, r := range rules {
		number := j.rules.of(r.Rule)
		if _, ok := prints[number]; ok {
			return fmt.Errorf("rule %s was run twice", r.Rule)
		}
		prints[number] = r.Fingerprint
		for _, org := range slices.Compact(slices.Sorted(slices.Values(r.BlindOrgs))) {
			blind = append(blind, []any{number, org})
		}
	}
	counts := slices.Collect(maps.Keys(j.counts))
	return e.insertAll(ctx, []staged{
		{"_rule_given (number, rule, fingerprint)", len(j.rules.all), func(i int) []any {
			text, isRun := prints[i]
			return []any{i, j.rules.all[i], sql.NullString{String: text, Valid: isRun}}
		}},
		{"_blind_given (rule, org)", len(blind), func(i int) []any { return blind[i] }},
		{"_verdict_given (number, severity, status, is_excepted)", len(j.verdicts.all), func(i int) []any {
			v := j.verdicts.all[i]
			return []any{i, v.severity, v.status, v.isExcepted}
		}},
		{"_subject_given (number, org, key, kind, id, name, url, owner)", len(j.subjects.all), func(i int) []any {
			k, s := j.subjects.all[i], &j.words[i].Subject
			return []any{i, k.org, k.key, s.Kind, s.ID, s.Name, s.URL, s.Owner}
		}},
		{"_count_given (rule, verdict, finding_count)", len(counts), func(i int) []any {
			return []any{counts[i][0], counts[i][1], j.counts[counts[i]]}
		}},
	})
}

// giveDifferences hands over where the findings differ from those of the history: of tens of thousands of findings a few hundred, and the sentences
// that count days. The others never pass through a temporary table.
func (e *edit) giveDifferences(ctx context.Context, id int64, j *evaluation) error {
	rules, err := e.refs(ctx, "_rule_given", "rule_ref")
	if err != nil {
		return err
	}
	verdicts, err := e.refs(ctx, "_verdict_given", "verdict_ref")
	if err != nil {
		return err
	}
	subjects, err := e.refs(ctx, "_subject_given", "subject_ref")
	if err != nil {
		return err
	}
	places := make(map[[2]int64]int, len(j.findings)) // by the references of rule and subject
	for i, f := range j.findings {
		places[[2]int64{rules[f.rule], subjects[f.subject]}] = i
	}
	var touched, reworded [][]any
	isKnown := make([]bool, len(j.findings))
	err = e.eachFinding(ctx, id, func(f *keptFinding) {
		holds := f.stays
		if place, ok := places[[2]int64{f.rule, f.subject}]; ok {
			isKnown[place] = true
			given := j.findings[place]
			holds = sql.NullInt64{Int64: verdicts[given.verdict], Valid: true}
			if given.found.Reason != f.reason {
				reworded = append(reworded, []any{f.ref, given.found.Reason})
			}
		}
		if holds != f.held {
			touched = append(touched, []any{f.ref, holds})
		}
	})
	if err != nil {
		return err
	}
	var begun []given
	for i, f := range j.findings {
		if !isKnown[i] {
			begun = append(begun, f)
		}
	}
	return e.insertAll(ctx, []staged{
		{"_finding_begun (rule_ref, subject_ref, verdict_ref, reason)", len(begun), func(i int) []any {
			f := begun[i]
			return []any{rules[f.rule], subjects[f.subject], verdicts[f.verdict], f.found.Reason}
		}},
		{"_finding_touched (finding_ref, verdict_ref)", len(touched), func(i int) []any { return touched[i] }},
		{"_finding_reworded (finding_ref, reason)", len(reworded), func(i int) []any { return reworded[i] }},
	})
}

// refs lists the references that numbers were given.
func (e *edit) refs(ctx context.Context, table, column string) (refs []int64, err error) {
	rows, err := e.tx.QueryContext(ctx, "SELECT g."+column+" FROM temp."+table+" AS g ORDER BY g.number")
	err = sqlite.EachRow(rows, err, func(rows *sql.Rows) error {
		var ref int64
		err := rows.Scan(&ref)
		refs = append(refs, ref)
		return err
	})
	return refs, err
}

// keptFinding is a finding as the history has it.
type keptFinding struct {
	ref, rule, subject int64
	reason             string
	held               sql.NullInt64 // verdict that holds at the snapshot
	stays              sql.NullInt64 // verdict to hold at it unless it is found: of what no rule could see again, the one before
}

// eachFinding runs f on all findings that the history ever had.
func (e *edit) eachFinding(ctx context.Context, id int64, f func(*keptFinding)) error {
	// Nothing unseen, as nearly always: nothing looked up.
	const query = `
		SELECT f.finding_ref, f.rule_ref, f.subject_ref, f.reason, v.verdict_ref, iif(EXISTS (SELECT 1 FROM temp._unseen), (
			SELECT b.verdict_ref
			FROM main._subjects AS t
			CROSS JOIN temp._unseen AS u
			CROSS JOIN main._finding_ver AS b
			WHERE t.subject_ref = f.subject_ref AND u.rule_ref = f.rule_ref AND u.org_ref = t.org_ref
			  AND b.finding_ref = f.finding_ref AND b.valid_from < :snapshot_id AND b.valid_to >= :snapshot_id
		), NULL)
		FROM main._findings AS f
		LEFT JOIN main._finding_ver AS v ON v.finding_ref = f.finding_ref AND v.valid_from <= :snapshot_id AND v.valid_to > :snapshot_id
		ORDER BY f.finding_ref`
	rows, err := e.tx.QueryContext(ctx, query, sql.Named("snapshot_id", id))
	return sqlite.EachRow(rows, err, func(rows *sql.Rows) error {
		var k keptFinding
		if err := rows.Scan(&k.ref, &k.rule, &k.subject, &k.reason, &k.held, &k.stays); err != nil {
			return err
		}
		f(&k)
		return nil
	})
}

// staged is what is to go into a temporary table, "_t (a, b)".
type staged struct {
	table string
	n     int
	row   func(i int) []any
}

func (e *edit) insertAll(ctx context.Context, all []staged) error {
	for _, s := range all {
		if err := e.insert(ctx, s); err != nil {
			return fmt.Errorf("fill %s: %w", s.table, err)
		}
	}
	return nil
}

// insertBatch is how many rows go into a table at once: more gain nothing.
const insertBatch = 50

func (e *edit) insert(ctx context.Context, s staged) (err error) {
	width := strings.Count(s.table, ",") + 1
	one := "(?" + strings.Repeat(", ?", width-1) + ")"
	text := "INSERT INTO temp." + s.table + " VALUES "
	full, err := e.tx.PrepareContext(ctx, text+one+strings.Repeat(", "+one, insertBatch-1))
	if err != nil {
		return err
	}
	defer full.Close()
	values := make([]any, 0, insertBatch*width)
	for i := range s.n {
		values = append(values, s.row(i)...)
		if len(values) == cap(values) {
			if _, err := full.ExecContext(ctx, values...); err != nil {
				return err
			}
			values = values[:0]
		}
	}
	if len(values) > 0 {
		_, err = e.tx.ExecContext(ctx, text+one+strings.Repeat(", "+one, len(values)/width-1), values...)
	}
	return err
}
