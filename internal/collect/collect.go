package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"auditor/internal/github"
	"auditor/internal/store"
)

// Plan says what a run collects, and how.
type Plan struct {
	Dir      string   // folder of the snapshots
	Orgs     []string // logins; ["*"]: every organization where the App is installed
	Optional []string // of [Options]; the others are skipped in coverage
	Filters  Filters
	// Concurrency is how many requests the client has in flight at most.
	Concurrency int
	// RepositoriesAQuery is how many repositories a GraphQL query requests at
	// most; 0: 50.
	RepositoriesAQuery int
	// PointsPerMinute is the client's pace, for the estimate; 0: none.
	PointsPerMinute int
	Run             store.Run // about the snapshot itself; Filters is filled in here
	Now             func() time.Time
	OnEvent         func(Event) // called from several goroutines; nil: no events
	// OnResume is called, unless nil, if this run resumes an interrupted one, with
	// the time when that one began.
	OnResume func(startedAt time.Time)
}

// walks is how many walks of one resource are made at once: while some wait for
// the disk, others keep the client busy.
func (p Plan) walks() int { return 2 * max(1, p.Concurrency) }

func (p Plan) repositoriesAQuery() int {
	return cmp.Or(p.RepositoriesAQuery, defaultRepositoriesAQuery)
}

// Event is the progress of one resource of one organization.
type Event struct {
	Org, Resource    string
	Walks, WalksDone int   // walks to make, and made: one for a list, one a parent for its children
	Rows             int64 // objects received so far
	// REST and GraphQL are what is left of the organization's rate limits.
	REST, GraphQL github.Budget
	// Estimate is set once an organization, when it can be made.
	Estimate *Estimate
	// Coverage is set on the last event of a resource.
	Coverage *store.Coverage
}

// Result is a published snapshot.
type Result struct {
	Path       string
	IsResumed  bool
	IsComplete bool          // every required resource of every organization
	Requests   int64         // HTTP requests of this run, all tries
	Retries    int64         // of them: tries after the first, those of an interrupted run included
	Waited     time.Duration // by requests, concurrent waits added up; those of an interrupted run included
	Coverage   []store.Coverage
}

// Run collects every organization of the plan and publishes the snapshot. It
// returns an error, and publishes nothing, when no organization could be
// opened, when ctx ends, or when the snapshot cannot be written; what was
// collected until then is kept, for the next run to resume.
func Run(ctx context.Context, client *github.Client, plan Plan) (_ *Result, err error) {
	if err := store.Busy(plan.Dir); err != nil {
		return nil, err
	}
	sessions, refused, err := open(ctx, client, plan.Orgs)
	if err != nil {
		return nil, err
	}
	plan.Run.Filters = plan.Filters.String()
	writer, err := store.Create(ctx, plan.Dir, plan.Run)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, writer.Discard()) }()
	if writer.IsResumed() && plan.OnResume != nil {
		plan.OnResume(writer.StartedAt())
	}
	c := &collector{
		plan: plan, writer: writer, isServer: client.IsEnterpriseServer(),
		coverage: &coverageLog{writer: writer, onEvent: plan.OnEvent},
	}
	if err := c.organizations(ctx, sessions, refused); err != nil {
		return nil, err
	}
	path, err := writer.Publish(ctx, plan.Now())
	if err != nil {
		return nil, fmt.Errorf("publish snapshot: %w", err)
	}
	result := c.result(path)
	for _, session := range sessions {
		result.Requests += session.Requests()
	}
	return result, nil
}

// refusal is an organization that could not be opened.
type refusal struct {
	org string
	err error
}

// open finds the installation of every organization. Organizations that refuse
// are returned separately; if all do, that is an error.
func open(ctx context.Context, client *github.Client, orgs []string) ([]*github.Session, []refusal, error) {
	if slices.Equal(orgs, []string{"*"}) {
		return openAll(ctx, client)
	}
	var sessions []*github.Session
	var refused []refusal
	for _, org := range orgs {
		session, err := client.Installation(ctx, org)
		if err == nil && session.Installation().ID == 0 { // a ready token: it is not known yet whether the organization exists
			_, _, err = session.Get(ctx, "orgs/"+url.PathEscape(org))
		}
		switch {
		case err == nil, github.IsForbidden(err):
			sessions = append(sessions, session)
		case ctx.Err() != nil:
			return nil, nil, ctx.Err()
		default:
			refused = append(refused, refusal{org, err})
		}
	}
	if len(sessions) == 0 {
		return nil, nil, fmt.Errorf("open organization %s: %w", refused[0].org, refused[0].err)
	}
	return sessions, refused, nil
}

// ErrNoInstallation says that orgs is ["*"] and the App is installed nowhere.
var ErrNoInstallation = errors.New("the GitHub App is not installed in any organization")

func openAll(ctx context.Context, client *github.Client) ([]*github.Session, []refusal, error) {
	installations, err := client.Installations(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("list installations: %w", err)
	}
	var sessions []*github.Session
	var refused []refusal
	for _, i := range installations {
		switch {
		case i.TargetType != "Organization":
		case i.SuspendedAt != nil:
			refused = append(refused, refusal{i.Login, errors.New("the installation is suspended")})
		default:
			sessions = append(sessions, client.Open(i))
		}
	}
	if len(sessions) == 0 {
		return nil, nil, ErrNoInstallation
	}
	return sessions, refused, nil
}

// collector writes one snapshot.
type collector struct {
	plan     Plan
	writer   *store.Writer
	isServer bool // GitHub Enterprise Server
	coverage *coverageLog
}

func (c *collector) organizations(ctx context.Context, sessions []*github.Session, refused []refusal) error {
	for _, r := range refused {
		if err := c.refuse(ctx, r); err != nil {
			return err
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, session := range sessions {
		g.Go(func() error {
			i := session.Installation()
			org := store.Org{Login: i.Login, Permissions: i.Permissions, RepositorySelection: i.RepositorySelection}
			if err := c.writer.AddOrg(ctx, org); err != nil {
				return err
			}
			return newOrganization(c, session).collect(ctx)
		})
	}
	return g.Wait()
}

// refuse records an organization that could not be opened.
func (c *collector) refuse(ctx context.Context, r refusal) error {
	if err := c.writer.AddOrg(ctx, store.Org{Login: r.org}); err != nil {
		return err
	}
	for _, resource := range Resources() {
		row := newCoverage(resource, r.org, store.StatusFailed, r.err.Error())
		row.HTTPStatus = statusCode(r.err)
		if err := c.coverage.add(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

func (c *collector) result(path string) *Result {
	r := &Result{Path: path, IsResumed: c.writer.IsResumed(), IsComplete: true, Coverage: c.coverage.sorted()}
	for _, row := range r.Coverage {
		r.IsComplete = r.IsComplete && (!row.IsRequired || row.Status.IsComplete())
		r.Retries += row.RetryCount
		r.Waited += row.Waited
	}
	return r
}
