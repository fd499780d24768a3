package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"net"
	"slices"
	"strings"
	"syscall"

	"auditor/internal/collect"
	"auditor/internal/github"
	"auditor/internal/history"
	"auditor/internal/store"
)

// hint is the advice for an error, "" if there is none. All advice lives here.
func hint(err error) string {
	for _, h := range []struct {
		holds  bool
		advice string
	}{
		{errors.Is(err, context.Canceled), "interrupted; what was collected is kept, and the next run within six hours resumes it"},
		{errors.Is(err, context.DeadlineExceeded), "it takes too long: join by org with grant_id or repository_id, for which there are indexes, ask for less, or give it more time with --timeout"},
		{is[*configError](err), "config.example.yaml shows every key with its default"},
		{errors.Is(err, store.ErrNoSnapshot), "make one with: auditor collect; or name one with --snapshot FILE"},
		{is[*store.SchemaError](err), "this snapshot was made by another version of auditor: use that version, or a newer one"},
		{is[*history.VersionError](err), "this history was made by a newer auditor: use that one; or move history.db away, and auditor snapshots rebuild-history rebuilds it from the snapshots that exist"},
		{is[*history.OutOfOrderError](err), "a clock went back, or the file came late; the snapshot is kept, and auditor snapshots rebuild-history puts all in order (what only pruned snapshots knew is lost then)"},
		{is[*history.AlteredError](err), "a published snapshot never changes, so something wrote to it: auditor snapshots verify checks all of them"},
		{is[*verifyError](err), "what the history has of them is not affected; take the files from a backup, or find out who changed them"},
		{errors.Is(err, history.ErrNotHistory), "move that file away; auditor snapshots rebuild-history rebuilds the history from the snapshots that exist"},
		{errors.Is(err, history.ErrNone), "auditor run and auditor collect make it; auditor snapshots rebuild-history makes it from the snapshots that exist"},
		{errors.Is(err, history.ErrFiltered), "compare snapshots of full runs: auditor snapshots list shows them"},
		{errors.Is(err, store.ErrPartial), "auditor collect resumes a partial snapshot that is under six hours old"},
		{errors.Is(err, store.ErrInUse), "wait for the other run to end, or give this one a folder of its own: snapshots.dir"},
		{errors.Is(err, store.ErrNotSnapshot), "snapshots are the .db files in the folder that snapshots.dir names"},
		{errors.Is(err, collect.ErrNoInstallation), "install the GitHub App in the organization: its settings page, Install App"},
		{is[*github.LimitError](err), "GitHub's rate limit is spent: run again later, or raise collect.max_wait; what was collected is kept"},
		{github.IsNotFound(err), "check orgs for typing mistakes, and that the GitHub App is installed in the organization"},
		{hasStatus(err, 401), "GitHub does not accept the credentials: check that client_id or app_id and the private key belong together, that the key was not deleted, and this machine's clock"},
		{github.IsForbidden(err), "the GitHub App lacks a permission, or its new permissions wait for an owner's approval"},
		{errors.Is(err, syscall.ENOSPC), "the disk is full; nothing that was published is lost"},
		{is[*tls.CertificateVerificationError](err), "the server's certificate is not trusted: SSL_CERT_FILE names a file with your own certificate authorities"},
		{is[*net.DNSError](err), "check github.api_url, and that this machine may reach it (HTTPS_PROXY is honoured)"},
		{is[*net.OpError](err), "is the server up, github.api_url right, and may this machine reach it (HTTPS_PROXY is honoured)?"},
		{errors.Is(err, fs.ErrPermission), "the folder or file cannot be written by this user: check its owner and mode"},
		{errors.Is(err, syscall.ENOTDIR), "a folder is wanted where there is a file"},
		{isMissingConfig(err), "start from config.example.yaml, or name your file with -c FILE; without credentials, try: auditor demo"},
		{isUnknownName(err), "auditor query --schema lists the public views, auditor query --schema VIEW its columns; with --history those of the history"},
	} {
		if h.holds {
			return h.advice
		}
	}
	return ""
}

func is[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// isUnknownName recognises the mistakes in SQL that a list of names helps with.
func isUnknownName(err error) bool {
	var q *store.QueryError
	if !errors.As(err, &q) {
		return false
	}
	kind, _, _ := strings.Cut(q.Message, ": ")
	return slices.Contains([]string{"no such table", "no such column", "ambiguous column name"}, kind)
}

func hasStatus(err error, status int) bool {
	var e *github.Error
	return errors.As(err, &e) && e.StatusCode == status
}

func isMissingConfig(err error) bool {
	return errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(err.Error(), "read configuration")
}
