package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	. "auditor/internal/store"
	"auditor/internal/store/storetest"
)

func TestDiscard(t *testing.T) {
	t.Parallel()
	w, dir := storetest.Create(t)
	partial := filepath.Join(dir, "20261121T020000Z.db.partial")
	if stat, err := os.Stat(partial); err != nil || stat.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", stat, err)
	}
	if stat, err := os.Stat(dir); err != nil || stat.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", stat, err)
	}
	for range 2 {
		if err := w.Discard(); err != nil {
			t.Error(err)
		}
	}
	if left := storetest.Files(t, dir); len(left) != 0 {
		t.Errorf("an empty partial stays: %v", left)
	}
	if err := w.Add(t.Context(), Walk{Org: "acme", Resource: "tokens"}, nil, "", Cost{Requests: 1}); err == nil {
		t.Error("stored after Discard")
	}

	w, dir = storetest.Create(t)
	storetest.Add(t, w, "tokens", "", storetest.TokenJSON)
	if err := w.Discard(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "20261121T020000Z.db.partial")); err != nil {
		t.Error("a partial with pages is gone")
	}
}

func TestPublishNeverOverwrites(t *testing.T) {
	t.Parallel()
	w, dir := storetest.Create(t)
	final := filepath.Join(dir, "20261121T020000Z.db")
	if err := os.WriteFile(final, []byte("evidence"), 0o600); err != nil {
		t.Fatal(err)
	}
	storetest.Add(t, w, "tokens", "", storetest.TokenJSON)
	if _, err := w.Publish(t.Context(), storetest.Start()); !errors.Is(err, ErrExists) {
		t.Errorf("got %v", err)
	}
	if content, _ := os.ReadFile(final); string(content) != "evidence" {
		t.Error("overwritten")
	}
	if err := os.Remove(final); err != nil {
		t.Fatal(err)
	}
	if path, err := w.Publish(t.Context(), storetest.Start()); path != final || err != nil {
		t.Errorf("%s, %v", path, err)
	}
	if _, err := w.Publish(t.Context(), storetest.Start()); err == nil {
		t.Error("published twice")
	}
	if err := w.Discard(); err != nil {
		t.Errorf("Discard after Publish: %v", err)
	}
	if _, err := os.Stat(final); err != nil {
		t.Error("Discard removed what was published")
	}
}
