package history

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"auditor/internal/finding"
	"auditor/internal/sqlite"
	"auditor/internal/store"
)

// Snapshots lists what the history has taken in, the oldest first.
func (h *History) Snapshots(ctx context.Context) ([]Snapshot, error) {
	return h.snapshots(ctx, "")
}

// Find returns the snapshot as the history knows it, [ErrNotImported] if it does
// not. The one before it has the number before.
func (h *History) Find(ctx context.Context, s *store.Snapshot) (Snapshot, error) {
	all, err := h.snapshots(ctx, s.Info().SHA256)
	if err != nil {
		return Snapshot{}, err
	}
	if len(all) == 0 {
		return Snapshot{}, fmt.Errorf("snapshot %s: %w", s.Brief().File, ErrNotImported)
	}
	return all[0], nil
}

// snapshots lists all, or the one of a checksum.
func (h *History) snapshots(ctx context.Context, sum string) ([]Snapshot, error) {
	const query = `SELECT snapshot_id, file, sha256, started_at, finished_at, is_complete, COALESCE(orgs, ''), rules_fingerprint,
		token_count, request_count, repository_count, pair_count, member_count,
		critical_count, high_count, medium_count, low_count, excepted_count, unknown_count
		FROM snapshots WHERE ?1 IN ('', sha256) ORDER BY snapshot_id`
	var all []Snapshot
	err := h.each(ctx, "list the snapshots", query, []any{sum}, func(rows *sql.Rows) error {
		var s Snapshot
		var started, finished, orgs string
		err := rows.Scan(&s.ID, &s.File, &s.SHA256, &started, &finished, &s.IsComplete, &orgs, &s.RulesFingerprint,
			&s.TokenCount, &s.RequestCount, &s.RepositoryCount, &s.PairCount, &s.MemberCount,
			&s.Findings.Critical, &s.Findings.High, &s.Findings.Medium, &s.Findings.Low, &s.ExceptedCount, &s.UnknownCount)
		if err != nil {
			return err
		}
		var errs [2]error
		s.StartedAt, errs[0] = parseTime(started)
		s.FinishedAt, errs[1] = parseTime(finished)
		s.Orgs = strings.Fields(orgs)
		all = append(all, s)
		return errors.Join(errs[:]...)
	})
	return all, err
}

// each runs f on every row of a query.
func (h *History) each(ctx context.Context, what, query string, args []any, f func(*sql.Rows) error) error {
	rows, err := h.db.QueryContext(ctx, query, args...)
	if err := sqlite.EachRow(rows, err, f); err != nil {
		return fmt.Errorf("%s of history %s: %w", what, h.path, err)
	}
	return nil
}

// Findings lists what the rules of a report ("": all rules) found as of a
// snapshot, sorted by key. Where a rule was blind, or the snapshot was not about
// the organization, what it had found before is among them.
func (h *History) Findings(ctx context.Context, id int64, report string) ([]finding.Finding, error) {
	var all []finding.Finding
	err := h.eachFinding(ctx, id, report, func(f finding.Finding) { all = append(all, f) })
	slices.SortFunc(all, func(a, b finding.Finding) int { return cmp.Compare(a.Key, b.Key) })
	return all, err
}

// eachFinding runs use on what [History.Findings] lists, in no order.
func (h *History) eachFinding(ctx context.Context, id int64, report string, use func(finding.Finding)) error {
	const query = `SELECT key, rule, org, severity, status, subject_kind, subject_id, COALESCE(subject_name, ''), COALESCE(subject_url, ''),
		COALESCE(subject_owner, ''), reason, is_excepted
		FROM findings WHERE snapshot_id = ?1 AND (?2 = '' OR substr(rule, 1, length(?2) + 1) = ?2 || '/')`
	var forgotten finding.Exception // the history knows that there was one, not its words
	words := map[string]string{}    // a copy of each for each of a hundred thousand would be much
	return h.each(ctx, "read the findings", query, []any{id, report}, func(rows *sql.Rows) error {
		var f finding.Finding
		var key, severity, status string
		var isExcepted bool
		err := rows.Scan(&key, &f.Rule, &f.Org, &severity, &status, &f.Subject.Kind, &f.Subject.ID, &f.Subject.Name, &f.Subject.URL,
			&f.Subject.Owner, &f.Reason, &isExcepted)
		for _, word := range []*string{&f.Rule, &f.Org, &severity, &status, &f.Subject.Kind, &f.Subject.Owner} {
			if _, ok := words[*word]; !ok {
				words[*word] = *word
			}
			*word = words[*word]
		}
		f.Key, f.Severity, f.Status = finding.Key(key), finding.Severity(severity), finding.Status(status)
		if isExcepted {
			f.Exception = &forgotten
		}
		if err == nil {
			use(f)
		}
		return err
	})
}

// Rules lists the rules that were run on a snapshot, sorted by id.
func (h *History) Rules(ctx context.Context, id int64) ([]finding.Run, error) {
	const query = "SELECT rule, fingerprint, COALESCE(blind_orgs, '') FROM rules WHERE snapshot_id = ? ORDER BY rule"
	var all []finding.Run
	err := h.each(ctx, "read the rules", query, []any{id}, func(rows *sql.Rows) error {
		var r finding.Run
		var blind string
		err := rows.Scan(&r.Rule, &r.Fingerprint, &blind)
		r.BlindOrgs = strings.Fields(blind)
		all = append(all, r)
		return err
	})
	return all, err
}

// ofReport holds for the rules r of the report ?2, "" for all.
const ofReport = "(?2 = '' OR substr(r.rule, 1, length(?2) + 1) = ?2 || '/')"

// FirstSeen says of each finding of a report ("": of all) that a snapshot has when
// it was first a fail: in the first of the unbroken row of snapshots that
// had it. One that has never been more than unknown is not among them.
func (h *History) FirstSeen(ctx context.Context, id int64, report string) (map[finding.Key]time.Time, error) {
	const what = "read when findings were first seen"
	finished := map[int64]time.Time{}
	err := h.each(ctx, what, "SELECT s.snapshot_id, s.finished_at FROM _snapshots AS s WHERE s.snapshot_id <= ?1", []any{id}, func(rows *sql.Rows) error {
		var snapshot int64
		var at string
		err := rows.Scan(&snapshot, &at)
		if err == nil {
			finished[snapshot], err = parseTime(at)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	failed, err := h.firstFailed(ctx, what, id, report)
	if err != nil {
		return nil, err
	}
	const query = `SELECT f.finding_ref, r.rule || ':' || o.org || ':' || t.key
		FROM _rules AS r CROSS JOIN _findings AS f CROSS JOIN _subjects AS t CROSS JOIN _orgs AS o
		WHERE ` + ofReport + ` AND f.rule_ref = r.rule_ref AND t.subject_ref = f.subject_ref AND o.org_ref = t.org_ref`
	seen := make(map[finding.Key]time.Time, len(failed))
	err = h.each(ctx, what, query, []any{id, report}, func(rows *sql.Rows) error {
		var ref int64
		var key finding.Key
		err := rows.Scan(&ref, &key)
		if snapshot, ok := failed[ref]; ok {
			seen[key] = finished[snapshot]
		}
		return err
	})
	return seen, err
}

// firstFailed is the snapshot of FirstSeen, by the finding's reference.
func (h *History) firstFailed(ctx context.Context, what string, id int64, report string) (map[int64]int64, error) {
	const query = `SELECT v.finding_ref, v.valid_from, v.valid_to, w.status = 'fail'
		FROM _rules AS r CROSS JOIN _findings AS f CROSS JOIN _finding_ver AS v CROSS JOIN _verdicts AS w
		WHERE ` + ofReport + ` AND f.rule_ref = r.rule_ref AND v.finding_ref = f.finding_ref AND v.valid_from <= ?1 AND w.verdict_ref = v.verdict_ref
		ORDER BY r.rule_ref, f.subject_ref, v.valid_from`
	failed := map[int64]int64{}
	var last, until int64 // what the version before was of, and until when it held
	var first int64       // snapshot of the first fail in the unbroken row of versions
	err := h.each(ctx, what, query, []any{id, report}, func(rows *sql.Rows) error {
		var ref, from, to int64
		var isFail bool
		if err := rows.Scan(&ref, &from, &to, &isFail); err != nil {
			return err
		}
		if ref != last || from != until {
			first = 0
		}
		if isFail && first == 0 {
			first = from
		}
		if to > id && first != 0 {
			failed[ref] = first
		}
		last, until = ref, to
		return nil
	})
	return failed, err
}

// Trend counts what the rules of a report found, in every snapshot up to one,
// the oldest first; report "" stands for all rules. Snapshots on which no
// rule of the report was run are left out.
func (h *History) Trend(ctx context.Context, report string, until int64) ([]Trend, error) {
	const query = `
		SELECT s.snapshot_id, s.finished_at,
			COALESCE(sum(c.finding_count) FILTER (WHERE c.severity = 'critical'), 0),
			COALESCE(sum(c.finding_count) FILTER (WHERE c.severity = 'high'), 0),
			COALESCE(sum(c.finding_count) FILTER (WHERE c.severity = 'medium'), 0),
			COALESCE(sum(c.finding_count) FILTER (WHERE c.severity = 'low'), 0),
			COALESCE(sum(c.excepted_count), 0), COALESCE(sum(c.unknown_count), 0)
		FROM _snapshots AS s
		JOIN _rule_runs AS n ON n.snapshot_id = s.snapshot_id
		JOIN _rules AS r ON r.rule_ref = n.rule_ref
		LEFT JOIN _finding_counts AS c ON c.snapshot_id = n.snapshot_id AND c.rule_ref = n.rule_ref
		WHERE s.snapshot_id <= ?1 AND (?2 = '' OR substr(r.rule, 1, length(?2) + 1) = ?2 || '/')
		GROUP BY s.snapshot_id
		ORDER BY s.snapshot_id`
	var all []Trend
	err := h.each(ctx, "read the trend", query, []any{until, report}, func(rows *sql.Rows) error {
		var t Trend
		var finished string
		err := rows.Scan(&t.SnapshotID, &finished, &t.Findings.Critical, &t.Findings.High, &t.Findings.Medium, &t.Findings.Low, &t.Excepted, &t.Unknown)
		if err != nil {
			return err
		}
		t.FinishedAt, err = parseTime(finished)
		all = append(all, t)
		return err
	})
	return all, err
}
