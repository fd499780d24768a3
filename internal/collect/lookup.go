package collect

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"auditor/internal/github"
	"auditor/internal/store"
)

// maxTokenIDs is how many tokens GitHub takes in one filter.
const maxTokenIDs = 50

// removeTokens removes, of walks over the lists of tokens or requests that
// answered 404, those whose token is not listed any more, and returns them. A 404
// alone proves nothing: a proxy may answer it, and GitHub does where it hides.
func (o *organization) removeTokens(ctx context.Context, r Resource, missing []store.Walk) (gone []store.Walk, err error) {
	for batch := range slices.Chunk(missing, maxTokenIDs) {
		var f Filters
		for _, walk := range batch {
			id, err := o.writer.TokenID(ctx, walk)
			if err != nil {
				return nil, fatalError{err}
			}
			if id != "" {
				f.TokenIDs = append(f.TokenIDs, id)
			}
		}
		if len(f.TokenIDs) == 0 {
			continue
		}
		listed, err := o.listed(ctx, resourceNamed(r.Parent), f)
		if err != nil {
			return nil, err
		}
		for _, walk := range batch {
			if listed == nil || listed[walk.Parent] {
				continue
			}
			if err := o.writer.Gone(ctx, walk, store.Cost{}); err != nil {
				return nil, fatalError{err}
			}
			gone = append(gone, walk)
		}
	}
	return gone, nil
}

// removeRepositories removes, of repositories that were listed and did not
// answer, those that do not exist any more or have another owner, and returns
// their ids. At most maxLookups of an organization are looked up.
func (o *organization) removeRepositories(ctx context.Context, missing []store.Repository) (gone []int64, err error) {
	var silent []int64
	for _, r := range missing {
		if o.lookups.Add(1) > maxLookups {
			break
		}
		switch owner, err := o.ownerOf(ctx, r.FullName); {
		case isFatal(ctx, err):
			return nil, err
		case github.IsNotFound(err):
			silent = append(silent, r.ID)
		case err == nil && owner != "" && !strings.EqualFold(owner, o.login):
			gone = append(gone, r.ID)
		}
	}
	if len(silent) > 0 {
		listed, err := o.listed(ctx, resourceNamed("repositories"), Filters{})
		if err != nil {
			return nil, err
		}
		silent = slices.DeleteFunc(silent, func(id int64) bool { return listed == nil || listed[parentOf(id)] })
		gone = append(gone, silent...)
	}
	for _, id := range gone {
		if err := o.writer.Gone(ctx, store.Walk{Org: o.login, Resource: "repositories", Parent: parentOf(id)}, store.Cost{}); err != nil {
			return nil, fatalError{err}
		}
	}
	return gone, nil
}

// ownerOf requests the owner of a repository; "" where the answer has none.
func (o *organization) ownerOf(ctx context.Context, fullName string) (login string, err error) {
	item, _, err := o.session.Get(ctx, "repos/"+escapeRepository(fullName))
	if err != nil {
		return "", err
	}
	var repository struct {
		Owner struct {
			Login string `json:"login"`
		} `json:"owner"`
	}
	if json.Unmarshal(item, &repository) != nil {
		return "", nil
	}
	return repository.Owner.Login, nil
}

// listed reads a list once more and returns the ids of its objects; nil if it
// could not be read as a whole. An error ends the run.
func (o *organization) listed(ctx context.Context, r Resource, f Filters) (map[string]bool, error) {
	ids := map[string]bool{}
	for page, err := range o.session.Pages(ctx, r.path(store.Walk{Org: o.login}, f)) {
		switch {
		case isFatal(ctx, err):
			return nil, err
		case err != nil:
			return nil, nil
		}
		for _, item := range page.Items {
			ids[identity(item)] = true
		}
	}
	return ids, nil
}
