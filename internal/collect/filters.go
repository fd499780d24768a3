package collect

import (
	"encoding/json"
	"fmt"
	"net/url"
	"time"
)

// Filters are the API's own filters of tokens and token requests, for a
// targeted look. The zero value filters nothing.
// Source: the parameters of orgs/list-pat-grants.
type Filters struct {
	Owners         []string  `json:"owner,omitempty"`      // logins, at most 10
	TokenIDs       []string  `json:"token_id,omitempty"`   // at most 50
	Repository     string    `json:"repository,omitempty"` // a name without its owner
	Permission     string    `json:"permission,omitempty"` // key and level, such as contents_write
	LastUsedBefore time.Time `json:"last_used_before,omitzero"`
	LastUsedAfter  time.Time `json:"last_used_after,omitzero"`
}

// Check reports filters that GitHub would refuse.
func (f Filters) Check() error {
	if len(f.Owners) > 10 {
		return fmt.Errorf("%d owners: GitHub takes at most 10", len(f.Owners))
	}
	if len(f.TokenIDs) > 50 {
		return fmt.Errorf("%d token ids: GitHub takes at most 50", len(f.TokenIDs))
	}
	return nil
}

// String is the filters as a JSON object, "" when there are none.
func (f Filters) String() string {
	if len(f.values()) == 0 {
		return ""
	}
	text, err := json.Marshal(f)
	if err != nil { // strings and times out of year 0 to 9999 only
		return fmt.Sprintf("%q", err)
	}
	return string(text)
}

func (f Filters) values() url.Values {
	v := url.Values{}
	for _, owner := range f.Owners {
		v.Add("owner[]", owner)
	}
	for _, id := range f.TokenIDs {
		v.Add("token_id[]", id)
	}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("repository", f.Repository)
	set("permission", f.Permission)
	if !f.LastUsedBefore.IsZero() {
		set("last_used_before", f.LastUsedBefore.UTC().Format(time.RFC3339))
	}
	if !f.LastUsedAfter.IsZero() {
		set("last_used_after", f.LastUsedAfter.UTC().Format(time.RFC3339))
	}
	return v
}
