package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"auditor/internal/sqlite"
)

// oddity is something GitHub sent that was not understood.
type oddity struct {
	part  string // the resource whose coverage it concerns
	field string // its path in the object; "": the object itself
	value string // as JSON; "": absent
	// decides says that nothing is known of the part without it.
	decides bool
}

// maxOddValue is how many characters of an odd value are kept.
const maxOddValue = 200

func newOddity(f *field, value jsontext.Value) oddity {
	text := string(value)
	if runes := []rune(text); len(runes) > maxOddValue {
		text = string(runes[:maxOddValue-1]) + "…"
	}
	return oddity{part: f.part, field: f.path, value: text, decides: f.decides}
}

// maxOddObjects is how many objects are named for one odd field of a resource;
// more are counted.
const maxOddObjects = 1000

// addOddities stores what was odd about the objects of a page.
func (w *Writer) addOddities(ctx context.Context, tx *sql.Tx, p *page) error {
	const insert = `INSERT INTO _oddities (org, resource, walk, parent, object, field, value, object_count)
		SELECT ?1, ?2, ?3, ?4, iif(named.n < ?8, ?5, ''), ?6, NULLIF(iif(named.n < ?8, ?7, ''), ''), 1
		FROM (SELECT count(*) AS n FROM _oddities AS o WHERE o.org = ?1 AND o.resource = ?2 AND o.field = ?6) AS named
		WHERE true
		ON CONFLICT (org, resource, walk, parent, object, field) DO UPDATE SET
			value = excluded.value, object_count = iif(object = '', object_count + 1, object_count)`
	for _, o := range p.odd {
		_, err := tx.ExecContext(ctx, insert, p.walk.Org, o.part, p.walk.Resource, p.walk.Parent, o.object, o.field, o.value, maxOddObjects)
		if err != nil {
			return fmt.Errorf("store what was not understood of %s of %s: %w", o.part, p.walk.Org, err)
		}
	}
	return nil
}

// objectOddity is an oddity of a named object.
type objectOddity struct {
	oddity
	object string
}

// refused makes an object that the file cannot hold an oddity.
func refused(w Walk, item json.RawMessage, problem string) objectOddity {
	return objectOddity{oddity{part: w.Resource, value: jsonText(problem)}, objectName(w, item)}
}

func jsonText(text string) string {
	quoted, err := jsontext.AppendQuote(nil, text)
	if err != nil { // not UTF-8
		return `"?"`
	}
	return string(quoted)
}

// objectName finds what to call an object: a name that people know, or its id.
func objectName(w Walk, item json.RawMessage) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(item, &members) == nil {
		for _, name := range []string{"full_name", "nameWithOwner", "login", "slug", "token_name", "id", "databaseId", "repository_id"} {
			id := string(members[name])
			if len(id) > 0 && len(id) <= 300 && strings.IndexByte(`"0123456789`, id[0]) >= 0 {
				return strings.Trim(id, `"`)
			}
		}
	}
	return w.Parent
}

// Oddities says what was not understood of a resource of an organization.
type Oddities struct {
	Objects int64  // how many have something odd
	First   string // one of them: `acme/r03: visibility "restricted"`
}

// Oddities counts what was not understood of a resource.
func (w *Writer) Oddities(ctx context.Context, org, resource string) (o Oddities, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.db == nil {
		return o, errClosed
	}
	const count = `SELECT COALESCE(count(DISTINCT NULLIF(o.parent || ' ' || o.object, ' ')), 0) + COALESCE(max(o.object_count) FILTER (WHERE o.object = '' AND o.parent = ''), 0)
		FROM _oddities AS o WHERE o.org = ? AND o.resource = ?`
	if err := w.db.QueryRowContext(ctx, count, org, resource).Scan(&o.Objects); err != nil {
		return o, fmt.Errorf("count what was not understood of %s of %s: %w", resource, org, err)
	}
	const first = `SELECT o.object, o.field, COALESCE(o.value, 'is missing') FROM _oddities AS o
		WHERE o.org = ? AND o.resource = ? ORDER BY o.object = '', o.parent, o.object, o.field LIMIT 1`
	rows, err := w.db.QueryContext(ctx, first, org, resource)
	err = sqlite.EachRow(rows, err, func(rows *sql.Rows) error {
		var object, field, value string
		err := rows.Scan(&object, &field, &value)
		o.First = strings.TrimSpace(strings.TrimPrefix(object+": "+field, ": ") + " " + value)
		return err
	})
	if err != nil {
		return o, fmt.Errorf("what was not understood of %s of %s: %w", resource, org, err)
	}
	return o, nil
}
