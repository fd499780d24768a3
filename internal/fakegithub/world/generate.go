package world

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Size is how big a generated organization is.
type Size string

// The sizes of generated organizations.
const (
	Empty  Size = "empty"  // nothing but an owner
	Small  Size = "small"  // about 60 tokens and 40 repositories
	Medium Size = "medium" // 1,200 and 800
	Large  Size = "large"  // 10,000 and 5,000, about 200,000 pairs of both
)

// shape holds the counts of a size.
type shape struct {
	tokens, repositories, requests       int
	owners, members, outside, gone, bots int
	teams                                int
	reach                                float64 // mean of the logarithm of a subset's length
	hostileReason                        int     // length of the hostile reason, in characters
}

var shapes = map[Size]shape{
	Empty:  {owners: 1},
	Small:  {tokens: 60, repositories: 40, requests: 9, owners: 3, members: 27, outside: 4, gone: 3, bots: 3, teams: 6, reach: 0.8, hostileReason: 1_200},
	Medium: {tokens: 1_200, repositories: 800, requests: 70, owners: 7, members: 410, outside: 38, gone: 26, bots: 9, teams: 34, reach: 1.6, hostileReason: 40_000},
	Large:  {tokens: 10_000, repositories: 5_000, requests: 420, owners: 14, members: 2_350, outside: 190, gone: 130, bots: 32, teams: 160, reach: 2.42, hostileReason: 40_000},
}

// IsKnown reports whether Generate accepts the size.
func (s Size) IsKnown() bool { _, ok := shapes[s]; return ok }

// reachSpread is the standard deviation that goes with shape.reach: a heavy
// tail, so that a few subset tokens list hundreds of repositories.
const reachSpread = 1.4

// Generate invents an organization of the login org, as it is at now. The same
// seed, size, login and time give the same world. It panics for an unknown size.
func Generate(seed uint64, size Size, org string, now time.Time) *World {
	sh, ok := shapes[size]
	if !ok {
		panic(fmt.Sprintf("world: unknown size %q", size))
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(org)) // a hash never fails
	rng := rand.New(rand.NewPCG(seed, h.Sum64()))
	w := &World{now: now.UTC().Truncate(time.Second)}
	g := &generator{world: w, shape: sh, rng: rng, ids: newIdentities(rng), names: map[string]bool{}}
	w.gen = g
	g.organization(org)
	g.people()
	g.groupPeople()
	if size != Empty {
		g.teams()
		g.repositories()
		g.rulesets()
		g.tokens()
		g.requests()
	}
	w.reindex()
	return w
}

// generator fills a world and advances it.
type generator struct {
	world    *World
	shape    shape
	rng      *rand.Rand
	ids      *identities
	names    map[string]bool    // repository names and logins already taken
	groups   map[string][]*User // people by role, humans and machines apart; see groupPeople
	maturity map[*Team]float64
	scratch  []int // stamps of sampleRepositories
	stamp    int
}

// identities issues ids that grow with gaps, as on a server with millions
// of other organizations.
type identities struct {
	rng  *rand.Rand
	last map[string]int64
}

func newIdentities(rng *rand.Rand) *identities {
	ids := &identities{rng: rng, last: map[string]int64{}}
	for _, base := range [...]struct {
		kind string
		from int64
	}{
		{"Organization", 5_000_000}, {"User", 9_000_000}, {"Team", 2_000_000}, {"Repository", 80_000_000},
		{"Grant", 20_000}, {"Request", 9_000}, {"Token", 90_000}, {"Ruleset", 60_000}, {"Rule", 700_000},
		{"DeployKey", 30_000_000}, {"BranchProtectionRule", 4_000_000},
	} {
		ids.last[base.kind] = base.from + rng.Int64N(base.from)
	}
	return ids
}

func (ids *identities) next(kind string) int64 {
	ids.last[kind] += 1 + ids.rng.Int64N(97)
	return ids.last[kind]
}

// chance is true with the given probability.
func (g *generator) chance(p float64) bool { return g.rng.Float64() < p }

// pick chooses one element evenly.
func pick[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }

// weighted chooses an index by weight.
func weighted(rng *rand.Rand, weights ...int) int {
	sum := 0
	for _, n := range weights {
		sum += n
	}
	n := rng.IntN(sum)
	for i, weight := range weights {
		if n < weight {
			return i
		}
		n -= weight
	}
	return len(weights) - 1
}

// skewed chooses an element, the first far more likely than the last: a few
// people own many tokens.
func skewed[T any](rng *rand.Rand, list []T) T {
	u := rng.Float64()
	return list[int(u*u*u*float64(len(list)))]
}

// ago is a moment between two numbers of days before now, to the second.
func (g *generator) ago(least, most float64) time.Time {
	days := least + g.rng.Float64()*(most-least)
	return g.world.now.Add(-time.Duration(days * 24 * float64(time.Hour))).Truncate(time.Second)
}

// reachLength draws how many repositories a subset token lists.
func (g *generator) reachLength() int {
	n := int(math.Exp(g.shape.reach + reachSpread*g.rng.NormFloat64()))
	return min(max(1, n), len(g.world.Repositories)*2/5)
}

// sampleRepositories draws n distinct repositories in ascending id.
func (g *generator) sampleRepositories(n int) []*Repository {
	all := g.world.Repositories
	if len(g.scratch) < len(all) {
		g.scratch = make([]int, len(all))
	}
	g.stamp++
	picked := make([]int, 0, n)
	for len(picked) < n {
		i := g.rng.IntN(len(all))
		for g.scratch[i] == g.stamp { // taken: try the next instead of drawing again
			i = (i + 1) % len(all)
		}
		g.scratch[i] = g.stamp
		picked = append(picked, i)
	}
	slices.Sort(picked)
	out := make([]*Repository, n)
	for i, p := range picked {
		out[i] = all[p]
	}
	return out
}

// unique returns a name not taken yet, with a number where needed.
func (g *generator) unique(name string) string {
	for i := 2; g.names[name]; i++ {
		base := name
		if cut := len(base); i > 2 {
			cut -= len(fmt.Sprintf("-%d", i-1))
			base = base[:cut]
		}
		name = fmt.Sprintf("%s-%d", base, i)
	}
	g.names[name] = true
	return name
}
