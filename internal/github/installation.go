package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Installation is the App as installed in one account.
type Installation struct {
	ID                  int64  // 0 in token mode
	Login               string // of the account
	TargetType          string // "Organization" or "User"; "" in token mode
	RepositorySelection string // "all" or "selected"; "" in token mode
	// Permissions are the granted ones, key to level ("read", "write",
	// "admin"); nil: not known, as in token mode.
	Permissions map[string]string
	SuspendedAt *time.Time // UTC; nil: not suspended
	AppSlug     string     // name of the App in URLs; "" if not given
	HTMLURL     string     // the installation's settings page; "" if not given
}

// UnmarshalJSON reads GitHub's "installation" object.
func (i *Installation) UnmarshalJSON(data []byte) error {
	var raw struct {
		ID      int64 `json:"id"`
		Account struct {
			Login string `json:"login"`
		} `json:"account"`
		TargetType          string            `json:"target_type"`
		RepositorySelection string            `json:"repository_selection"`
		Permissions         map[string]string `json:"permissions"`
		SuspendedAt         *time.Time        `json:"suspended_at"`
		AppSlug             string            `json:"app_slug"`
		HTMLURL             string            `json:"html_url"`
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	if raw.SuspendedAt != nil {
		utc := raw.SuspendedAt.UTC()
		raw.SuspendedAt = &utc
	}
	*i = Installation{
		ID: raw.ID, Login: raw.Account.Login, TargetType: raw.TargetType,
		RepositorySelection: raw.RepositorySelection, Permissions: raw.Permissions,
		SuspendedAt: raw.SuspendedAt, AppSlug: raw.AppSlug, HTMLURL: raw.HTMLURL,
	}
	return nil
}

// Installations lists every account where the App is installed, suspended
// ones and those of users included. It needs App credentials.
func (c *Client) Installations(ctx context.Context) ([]Installation, error) {
	if c.app == nil {
		return nil, errors.New("list installations: only an App can list them, not an installation token")
	}
	var all []Installation
	for page, err := range c.app.pages(ctx, "app/installations") {
		if err != nil {
			return nil, fmt.Errorf("list installations: %w", err)
		}
		for _, item := range page.Items {
			var i Installation
			if err := json.Unmarshal(item, &i); err != nil {
				return nil, fmt.Errorf("list installations: %w", err)
			}
			all = append(all, i)
		}
	}
	return all, nil
}

// Installation opens a session with an organization. An App requests where it
// is installed (the token itself is minted when first needed); with a ready
// token nothing is sent. An organization without the App gives an error for
// which [IsNotFound] is true.
func (c *Client) Installation(ctx context.Context, org string) (*Session, error) {
	if org == "" {
		return nil, errors.New("open an installation: the organization has no name")
	}
	if c.app == nil {
		return c.Open(Installation{Login: org}), nil
	}
	a, err := c.app.rest(ctx, http.MethodGet, "orgs/"+url.PathEscape(org)+"/installation", nil)
	if err != nil {
		return nil, explainNotInstalled(err, org)
	}
	var i Installation
	if err := json.Unmarshal(a.body, &i); err != nil {
		return nil, fmt.Errorf("%s: %w", a.name(), clean(err))
	}
	s := c.Open(i)
	s.chain.sent.Add(int64(a.cost.Requests))
	return s, nil
}

// explainNotInstalled replaces GitHub's bare "Not Found".
func explainNotInstalled(err error, org string) error {
	var refusal *Error
	if errors.As(err, &refusal) && refusal.StatusCode == http.StatusNotFound {
		refusal.Message = fmt.Sprintf("the App is not installed in organization %q, or there is no such organization", redact(org))
	}
	return err
}
