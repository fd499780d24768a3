package world

import (
	"testing"
	"time"
)

func TestAdvanceDay(t *testing.T) {
	w := small()
	last, users, grants := w.Grants[len(w.Grants)-1].ID, len(w.Users), len(w.Grants)
	uses, visibilities := map[int64]time.Time{}, map[int64]string{}
	for _, k := range w.Grants {
		uses[k.ID] = k.LastUsedAt
	}
	for _, r := range w.Repositories {
		visibilities[r.ID] = r.Visibility
	}
	revision := w.Revision()
	w.AdvanceDay()
	if !w.Now().Equal(today.AddDate(0, 0, 1)) || w.Revision() == revision {
		t.Errorf("it is %v, revision %d after %d", w.Now(), w.Revision(), revision)
	}
	made, used, published, gone := 0, 0, 0, 0
	for _, k := range w.Grants {
		if k.ID > last {
			made++
		} else if k.LastUsedAt != uses[k.ID] {
			used++
		}
		delete(uses, k.ID)
	}
	gone = len(uses)
	for _, r := range w.Repositories {
		if r.Visibility == Public && visibilities[r.ID] != "" && visibilities[r.ID] != Public {
			published++
		}
	}
	if made == 0 || used < 10 || gone == 0 || published != 1 || len(w.Grants) != grants+made-gone {
		t.Errorf("%d made, %d used, %d gone, %d published", made, used, gone, published)
	}
	for range 60 {
		w.AdvanceDay()
	}
	if n := len(w.Grants); n < 30 || n > 200 || len(w.Users) < users {
		t.Errorf("after two months there are %d tokens, %d people", n, len(w.Users))
	}
	for i := 1; i < len(w.Grants); i++ {
		if w.Grants[i-1].ID >= w.Grants[i].ID || w.Grants[i].CreatedAt.Before(w.Grants[i-1].CreatedAt) {
			t.Fatalf("grant %d is out of order", w.Grants[i].ID)
		}
	}
}
