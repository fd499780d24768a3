package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"auditor/internal/finding"
	"auditor/internal/sqlite"
)

// LeastSilence is how long a token was not used, or not yet, when the history
// takes note of its use: sql/stage/30_tokens.sql has it in seconds.
const LeastSilence = 30 * 24 * time.Hour

// stateKinds are the kinds of things whose states make changes.
var stateKinds = [...]string{"token", "request", "repository", "member", "org"}

const selectChanges = `SELECT kind, change, org, subject_kind, subject_id, COALESCE(subject_name, ''), COALESCE(subject_url, ''), COALESCE(subject_owner, ''),
	COALESCE(before, ''), COALESCE(after, ''), detail FROM `

// Diff lists what changed from one snapshot of the history to a later one,
// sorted. What a resource that was not complete could not tell is no change,
// see [History.NotCompared].
func (h *History) Diff(ctx context.Context, old, new int64) ([]finding.Change, error) {
	changes, err := h.diff(ctx, old, new)
	if err != nil {
		return nil, fmt.Errorf("compare snapshots %d and %d of history %s: %w", old, new, h.path, err)
	}
	slices.SortFunc(changes, finding.Change.Compare)
	return changes, nil
}

func (h *History) diff(ctx context.Context, old, new int64) ([]finding.Change, error) {
	if err := h.checkPair(ctx, old, new); err != nil {
		return nil, err
	}
	if new > old+1 {
		return h.distant(ctx, old, new)
	}
	return readChanges(h.db.QueryContext(ctx, selectChanges+"changes WHERE snapshot_id = ?", new))
}

// distant compares two snapshots with others between them.
func (h *History) distant(ctx context.Context, old, new int64) ([]finding.Change, error) {
	conn, err := h.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer dropDistant(conn)
	query, err := stageDistant(ctx, conn, old, new)
	if err != nil {
		return nil, err
	}
	return readChanges(conn.QueryContext(ctx, query))
}

func readChanges(rows *sql.Rows, err error) (changes []finding.Change, _ error) {
	err = sqlite.EachRow(rows, err, func(rows *sql.Rows) error {
		var c finding.Change
		err := rows.Scan(&c.Kind, &c.Change, &c.Org, &c.Subject.Kind, &c.Subject.ID, &c.Subject.Name, &c.Subject.URL, &c.Subject.Owner, &c.Before, &c.After, &c.Detail)
		changes = append(changes, c)
		return err
	})
	return changes, err
}

// checkPair refuses numbers that are none of this history, or in the wrong
// order.
func (h *History) checkPair(ctx context.Context, old, new int64) error {
	if old >= new {
		return errors.New("the first is not older than the second")
	}
	var known int
	err := h.db.QueryRowContext(ctx, "SELECT count(*) FROM _snapshots AS s WHERE s.snapshot_id IN (?, ?)", old, new).Scan(&known)
	if err == nil && known != 2 {
		err = ErrNotImported
	}
	return err
}

// stageDistant makes the temporary tables that stand for the views below
// changes, and returns the statement that reads them: the text of that view.
func stageDistant(ctx context.Context, conn *sql.Conn, old, new int64) (query string, err error) {
	var texts [3]string
	for i, name := range []string{"sql/diff/distant.sql", "sql/diff/pairs.sql", "sql/changes.sql"} {
		text, err := files.ReadFile(name)
		if err != nil {
			return "", err
		}
		texts[i] = string(text)
	}
	script := texts[0]
	for _, kind := range stateKinds {
		script += strings.ReplaceAll(texts[1], "KIND", kind)
	}
	if _, err := conn.ExecContext(ctx, script, sql.Named("old_id", old), sql.Named("new_id", new)); err != nil {
		return "", err
	}
	return selectChanges + "(" + texts[2] + ")", nil
}

// dropDistant gives the connection back as it was, whatever became of the
// context.
func dropDistant(conn *sql.Conn) {
	// An error would be one of a connection that is broken anyway.
	_, _ = conn.ExecContext(context.Background(), "DROP TABLE IF EXISTS temp._pairs; DROP TABLE IF EXISTS temp._list_changes; DROP TABLE IF EXISTS temp._awake")
}

// NotCompared lists the resources of which the difference between two snapshots
// of the history says nothing, or not all, sorted by organization and resource.
func (h *History) NotCompared(ctx context.Context, old, new int64) ([]finding.NotCompared, error) {
	const query = `
		SELECT o.org, r.value,
			CASE
				WHEN NOT m.is_present THEN 'the later snapshot is not about this organization'
				WHEN c.status IS NULL THEN 'it was not asked for'
				WHEN c.status <> 'complete' THEN 'it is ' || c.status || ' in the later snapshot' || COALESCE(': ' || c.message, '')
				WHEN k.snapshot_id = ?2 THEN 'it was not complete before, so nothing is known to be new'
				ELSE 'it was not complete in the earlier snapshot'
			END
		FROM _orgs AS o
		JOIN _snapshot_orgs AS m ON m.snapshot_id = ?2 AND m.org_ref = o.org_ref
		CROSS JOIN json_each('["tokens","token_repositories","token_requests","token_request_repositories","repositories","repository_settings","branch_protection",
			"codeowners","deploy_keys","rulesets","private_vulnerability_reporting","members","outside_collaborators","org"]') AS r
		LEFT JOIN _known_since AS k ON k.org_ref = o.org_ref AND k.resource = r.value
		LEFT JOIN coverage AS c ON c.snapshot_id = ?2 AND c.org = o.org AND c.resource = r.value
		WHERE m.is_present AND (c.status IS NOT 'complete' OR k.snapshot_id > ?1)
			OR NOT m.is_present AND r.key = 0 AND EXISTS (SELECT 1 FROM _snapshot_orgs AS b WHERE b.snapshot_id = ?1 AND b.org_ref = o.org_ref AND b.is_present)
		ORDER BY o.org, r.value`
	var all []finding.NotCompared
	err := h.each(ctx, "read what was not compared", query, []any{old, new}, func(rows *sql.Rows) error {
		var n finding.NotCompared
		err := rows.Scan(&n.Org, &n.Resource, &n.Why)
		all = append(all, n)
		return err
	})
	return all, err
}
