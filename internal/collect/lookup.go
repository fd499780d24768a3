package collect

import (
	"context"
	"encoding/json"
	"strings"

	"auditor/internal/github"
	"auditor/internal/store"
)

// lookUpRepository finds out whether a listed repository still exists, and
// removes it from the list if not.
func (o *organization) lookUpRepository(ctx context.Context, id, fullName string) (isGone bool, err error) {
	if o.lookups.Add(1) > maxLookups {
		return false, nil
	}
	isGone, cost, err := o.isGone(ctx, fullName)
	if err != nil || !isGone {
		return false, err
	}
	err = o.writer.Gone(ctx, store.Walk{Org: o.login, Resource: "repositories", Parent: id}, o.spend(cost))
	if err != nil {
		return false, fatalError{err}
	}
	return true, nil
}

// isGone finds out whether a repository was deleted or given to another owner.
func (o *organization) isGone(ctx context.Context, fullName string) (bool, github.Cost, error) {
	item, cost, err := o.session.Get(ctx, "repos/"+escapeRepository(fullName))
	switch {
	case github.IsNotFound(err):
		return true, cost, nil
	case isFatal(ctx, err):
		return false, cost, err
	case err != nil:
		return false, cost, nil
	}
	var repository struct {
		Owner struct {
			Login string `json:"login"`
		} `json:"owner"`
	}
	if err := json.Unmarshal(item, &repository); err != nil || repository.Owner.Login == "" {
		return false, cost, nil
	}
	return !strings.EqualFold(repository.Owner.Login, o.login), cost, nil
}
