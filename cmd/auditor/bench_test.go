//go:build unix

package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"auditor/internal/fakegithub/world"
	"auditor/internal/store"
)

// The figures of a cold run. Each benchmark starts the simulated GitHub and the
// collector as processes of their own and fails when a figure is missed that a
// busy machine does not change; docs/performance.md has the command and what it printed.

// BenchmarkColdRun collects from a server without latency or limits. The CPU
// is the collector's own, user and system.
func BenchmarkColdRun(b *testing.B) {
	programs := buildPrograms(b)
	for _, size := range []world.Size{world.Medium, world.Large} {
		b.Run(string(size), func(b *testing.B) {
			for b.Loop() {
				s := programs.serve(b, size, "-rate-limit", "-1", "-graphql-limit", "-1")
				r := s.collect("collect: {points_per_minute: 0}")
				rows := s.checkRows(r.snapshot)
				counters := s.counters()
				s.stop()

				atMost(b, "requests/floor", float64(counters.Total())/float64(s.floor()), 1.02)
				if size == world.Large { // in a short run the start counts for more than the rows
					atMost(b, "µs-cpu/row", float64(r.CPU.Microseconds())/float64(rows), 150)
				}
				atMost(b, "MB-peak", r.Peak/1e6, 150)
				atMost(b, "MB-snapshot", r.size/1e6, 60)
			}
		})
	}
}

// BenchmarkSpeedUp compares with a client that asks for the same pages one
// after the other, 80 ms from the server. 8 is the configuration's default,
// which can be no more than 8 times as fast; a server that leaves
// points_per_minute at 0 is one to set more for. Time is up to the machine: it
// is reported, and nothing fails.
func BenchmarkSpeedUp(b *testing.B) {
	programs := buildPrograms(b)
	var oneByOne time.Duration // measured once
	for _, run := range []struct {
		concurrency int
		want        float64
	}{{8, 0}, {32, 10}} {
		b.Run(fmt.Sprintf("concurrency=%d", run.concurrency), func(b *testing.B) {
			for b.Loop() {
				s := programs.serve(b, world.Medium, "-latency", "80ms", "-rate-limit", "-1", "-graphql-limit", "-1", "-concurrent", "100")
				if oneByOne == 0 {
					oneByOne = s.askOneByOne()
					b.Logf("one at a time: %d requests in %.1f s", len(s.pages()), oneByOne.Seconds())
				}
				r := s.collect(fmt.Sprintf("collect: {points_per_minute: 0, concurrency: %d}", run.concurrency))
				s.checkRows(r.snapshot)
				s.stop()
				speedUp := oneByOne.Seconds() / r.Wall.Seconds()
				b.ReportMetric(r.Wall.Seconds(), "s")
				b.ReportMetric(speedUp, "speed-up")
				if speedUp < run.want {
					b.Logf("speed-up: want at least %g, from a machine with nothing else to do", run.want)
				}
			}
		})
	}
}

// BenchmarkPaced collects where the points of a minute bind: 200 in 10
// seconds stand for GitHub's 900 in 60, so that there are some windows to wait
// for. No client could do it faster than in as many whole windows as there are
// before its last point; time/minimum is what was needed of that, from the first
// request to the last. That, and whether requests that were sent in time arrive
// in time (a sixtieth of the window is what the collector allows for), is up to
// the machine: it is reported, and nothing fails.
func BenchmarkPaced(b *testing.B) {
	const points, window = 200, 10 * time.Second
	programs := buildPrograms(b)
	for b.Loop() {
		s := programs.serve(b, world.Medium, "-points-per-minute", fmt.Sprint(points), "-window", window.String(),
			"-graphql-points-per-minute", "2000", "-concurrent", "100", "-rate-limit", "-1")
		r := s.collectInWindow(window, fmt.Sprintf("collect: {points_per_minute: %d}", points))
		s.checkRows(r.snapshot)
		counters := s.counters()
		s.stop()

		const revoking = 5 // points of the last request, which revokes the token
		spent := counters.REST - 1 + revoking
		minimum := time.Duration((spent-1)/points) * window
		b.ReportMetric(counters.Last.Sub(counters.First).Seconds()/minimum.Seconds(), "time/minimum")
		b.ReportMetric(float64(counters.Limited), "requests-limited")
		atMost(b, "requests-while-limited", float64(counters.WhileLimited), 0)
	}
}

// BenchmarkLimited runs into limits that it was not told of, and sends nothing
// while they last: what the hour grants, and the points of a minute.
func BenchmarkLimited(b *testing.B) {
	programs := buildPrograms(b)
	for _, limit := range []struct {
		name  string
		flags []string
	}{
		{"primary", []string{"-rate-limit", "400", "-primary-window", "5s"}},
		{"secondary", []string{"-rate-limit", "-1", "-points-per-minute", "400", "-window", "3s"}},
		{"secondary,silent", []string{"-rate-limit", "-1", "-points-per-minute", "1000", "-window", "10s", "-silent-limits"}},
	} {
		b.Run(limit.name, func(b *testing.B) {
			for b.Loop() {
				s := programs.serve(b, world.Medium, limit.flags...)
				r := s.collect("collect: {points_per_minute: 0}")
				s.checkRows(r.snapshot)
				counters := s.counters()
				s.stop()

				atLeast(b, "requests-limited", float64(counters.Limited), 1) // or nothing was tried
				atMost(b, "requests-while-limited", float64(counters.WhileLimited), 0)
				b.ReportMetric(r.Wall.Seconds(), "s")
			}
		})
	}
}

// atMost tells a figure, and fails when it is more than it may be.
func atMost(b *testing.B, name string, got, most float64) {
	b.Helper()
	b.ReportMetric(got, name)
	if got > most {
		b.Errorf("%s: %.3f, want at most %g", name, got, most)
	}
}

// atLeast does the same the other way round.
func atLeast(b *testing.B, name string, got, least float64) {
	b.Helper()
	b.ReportMetric(got, name)
	if got < least {
		b.Errorf("%s: %.3f, want at least %g", name, got, least)
	}
}

// pages are the paths of the pages that must be read whatever the client: what
// a script would ask for that knows how long each list is. A page of settings,
// which is a GraphQL query, is stood for by the organization itself.
func (s *benchSite) pages() []string {
	const org = "orgs/acme"
	w := s.world
	roles := map[string]int{}
	for _, u := range w.Users {
		roles[u.Role]++
	}
	var paths []string
	list := func(path string, n int) {
		for page := range max(1, (n+99)/100) {
			paths = append(paths, fmt.Sprintf("%s?per_page=100&page=%d", path, page+1))
		}
	}
	list(org+"/personal-access-tokens", len(w.Grants))
	list(org+"/personal-access-token-requests", len(w.Requests))
	list(org+"/repos", len(w.Repositories))
	list(org+"/members", roles[world.RoleOwner])
	list(org+"/members", roles[world.RoleMember])
	list(org+"/outside_collaborators", roles[world.RoleOutside])
	for range (len(w.Repositories) + 49) / 50 {
		paths = append(paths, org) // settings
	}
	for _, t := range w.Grants {
		if t.Selection == world.SelectSubset {
			list(fmt.Sprintf("%s/personal-access-tokens/%d/repositories", org, t.ID), len(t.Repositories))
		}
	}
	for _, t := range w.Requests {
		if t.Selection == world.SelectSubset {
			list(fmt.Sprintf("%s/personal-access-token-requests/%d/repositories", org, t.ID), len(t.Repositories))
		}
	}
	for _, r := range w.Repositories {
		if r.Visibility == world.Public && !r.IsArchived {
			paths = append(paths, "repos/acme/"+r.Name+"/private-vulnerability-reporting")
		}
	}
	return paths
}

// floor is the least number of requests of a run: its pages, and twelve for the
// organization itself.
func (s *benchSite) floor() int { return len(s.pages()) + 12 }

// checkRows tells how many objects the snapshot holds, and fails unless these
// are all that there are: nothing is fast that leaves something out.
func (s *benchSite) checkRows(snapshot string) (rows int) {
	s.b.Helper()
	want := map[string]int{"tokens": len(s.world.Grants), "token_requests": len(s.world.Requests), "repositories": len(s.world.Repositories)}
	for _, t := range s.world.Grants {
		want["token_repositories"] += len(t.Repositories)
	}
	for _, t := range s.world.Requests {
		want["token_request_repositories"] += len(t.Repositories)
	}
	for _, u := range s.world.Users {
		if u.Role != world.RoleGone {
			want["members"]++
		}
	}
	ctx := context.Background()
	opened, err := store.Open(ctx, snapshot)
	if err != nil {
		s.b.Fatal(err)
	}
	defer opened.Close()
	for view, n := range want {
		answer, err := opened.Select(ctx, "SELECT count(*) FROM "+view, nil)
		if err != nil {
			s.b.Fatal(err)
		}
		for row, err := range answer.All() {
			if err != nil || row[0] != int64(n) {
				s.b.Errorf("%v rows in %s, %v; want %d", row, view, err, n)
			}
		}
		rows += n
	}
	return rows
}
