package history

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseLedgers(t *testing.T) {
	t.Parallel()
	const text = `-- Things.
-- @among v.a = 1
-- @ends where iif(
--   v.b,
--   v.c
-- )
CREATE TABLE _thing_ver (
  org_ref INTEGER NOT NULL REFERENCES _orgs (org_ref),
  valid_from INTEGER NOT NULL,
  valid_to INTEGER NOT NULL,
  plan TEXT, -- billing plan; NULL unknown @known org members @watch setting changed empty
  note TEXT, -- words @apart
  PRIMARY KEY (org_ref, valid_from)
) STRICT, WITHOUT ROWID;

-- By statements of its own.
CREATE TABLE _other_ver (
  whatever it is
) STRICT;
`
	want := []ledger{{
		name: "thing", keys: []string{"org_ref"}, among: "v.a = 1", ends: "iif(   v.b,   v.c )",
		columns: []column{
			{name: "org_ref", kind: "INTEGER NOT NULL"},
			{name: "plan", kind: "TEXT", doc: "billing plan; NULL unknown", known: []string{"org", "members"}, watch: []string{"setting", "changed", "empty"}},
			{name: "note", kind: "TEXT", doc: "words", isApart: true},
		},
	}}
	got, err := parseLedgers(text)
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(ledger{}, column{})); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

// A slip in a declaration is an error that names the place, never a column less.
func TestParseLedgersRefuses(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"  plan text,":                          `ledger thing: "  plan text," is no column`,
		"  plan TEXT, -- words @know org":       "ledger thing: column plan: @know org says nothing",
		"  plan TEXT, -- words @watch setting":  "ledger thing: column plan: @watch setting says nothing",
		"  plan TEXT, -- words @known":          "ledger thing: column plan: @known says nothing",
		"  plan TEXT, -- words @apart together": "ledger thing: column plan: @apart together says nothing",
	} {
		text := "-- @ends where true\nCREATE TABLE _thing_ver (\n" + line + "\n) STRICT;\n"
		if _, err := parseLedgers(text); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
	if _, err := parseLedgers("-- @end where true\nCREATE TABLE _thing_ver (\n  a TEXT\n) STRICT;\n"); err == nil || !strings.Contains(err.Error(), "is no condition") {
		t.Errorf("a condition that is none: %v", err)
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"SELECT\n  @view org plan..is_two_factor_required\nFROM x": "SELECT\n  v.plan AS plan, -- billing plan; NULL without the permission for it\n" +
			"  v.is_two_factor_required AS is_two_factor_required -- 1: members must use two factors; NULL unknown\nFROM x",
		"(\n  @names org name..plan\n  a\n)": "(\n  name,\n  plan,\n  a\n)",
		"(\n  @define org plan..plan\n)":     "(\n  plan TEXT\n)",
		"SELECT\n  @select o org plan\nFROM": "SELECT\n  o.plan\nFROM",
		"  plan TEXT, -- words @known org\n": "  plan TEXT,\n",
		// is_reach_effective and reach_tier are apart
		"(\n  @state token repository_selection..access_granted_at\n)": "(\n  'repository_selection', v.repository_selection,\n" +
			"  'highest_tier', v.highest_tier,\n  'access_granted_at', v.access_granted_at\n)",
	} {
		got, err := expand(text)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", text, err, diff)
		}
	}
	for _, text := range []string{"@view org plan..name\n", "@view nothing plan..\n", "@view org\n", "@views org plan..\n", "@file nothing\n", "@select org plan\n"} {
		if _, err := expand(text); err == nil || !strings.Contains(err.Error(), "marker "+strings.Fields(text)[0]) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
