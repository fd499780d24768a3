package world

import (
	"strconv"
	"strings"
)

var (
	firstNames = strings.Fields("Alice Amara Andrei Anika Ben Bruno Carla Chen Daria David Elif Emma Fatima Felix Giulia Hana Hugo Ines Ivan Jana Jonas Julia Kenji Klara Lars Leila Lena Liam Lucia Maja Marco Marta Mateo Mei Mia Mikael Nadia Nina Noah Olga Omar Paula Pavel Priya Rafael Rosa Samir Sara Sofia Stefan Sven Tariq Tomas Uma Vera Viktor Wei Yara Yuki Zoe")
	lastNames  = strings.Fields("Abadi Almeida Andersson Bauer Becker Berg Bianchi Borg Castro Chen Costa Diaz Dubois Egger Eriksson Farah Fischer Fontana Garcia Grimm Haddad Hansen Hoffmann Horvat Ivanova Jansen Johansson Kaya Keller Khan Kim Koch Kowalski Kumar Larsen Lehmann Lind Lopez Marino Martin Mehta Meyer Moreau Nagy Nakamura Nguyen Novak Okafor Olsen Ortiz Park Patel Petrov Popescu Ricci Rossi Sato Schmidt Silva Singh Sousa Svensson Tanaka Thomsen Toth Vargas Vogel Wagner Walker Weber Weiss Wolf Yamada Yilmaz Zhang Ziegler")
	botNames   = strings.Fields("ci release-bot renovate terraform backstage deploy-bot docs-bot metrics qa-bot infra-bot")
	teamNames  = strings.Fields("Platform Payments Identity Mobile Web Data Security Growth Search Logistics Billing Research Support SRE Design Partner Catalog Messaging Insights Compliance")
)

func (g *generator) organization(login string) {
	created := g.ago(2200, 3300)
	seats := g.shape.owners + g.shape.members + g.shape.bots
	g.world.Org = Organization{
		ID: g.ids.next("Organization"), Login: login, Name: title(login) + " Inc.", Description: "Everything " + title(login) + " ships.",
		Plan: "enterprise", Seats: seats + seats/8 + 5, FilledSeats: seats, CreatedAt: created, UpdatedAt: g.ago(3, 60),
		DefaultRepositoryPermission: "read", RequiresTwoFactor: true, MembersCanCreatePublic: true, MembersCanForkPrivate: false,
		MembersCanDelete: true, MembersCanInviteOutside: true, DeployKeysAllowed: true, IsVerified: true,
	}
}

func title(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// people adds owners, members, outside collaborators, former members, and
// machine accounts, which are members.
func (g *generator) people() {
	for _, group := range [...]struct {
		role string
		n    int
	}{{RoleOwner, g.shape.owners}, {RoleMember, g.shape.members}, {RoleOutside, g.shape.outside}, {RoleGone, g.shape.gone}} {
		for range group.n {
			g.world.Users = append(g.world.Users, g.person(group.role))
		}
	}
	for i := range g.shape.bots {
		login := g.world.Org.Login + "-" + botNames[i%len(botNames)]
		g.world.Users = append(g.world.Users, g.account(g.unique(login), "", RoleMember, true))
	}
}

func (g *generator) person(role string) *User {
	first, last := pick(g.rng, firstNames), pick(g.rng, lastNames)
	f, l := strings.ToLower(first), strings.ToLower(last)
	login := [...]string{f[:1] + l, f + "-" + l, f + l[:1], l + strconv.Itoa(70+g.rng.IntN(30)), f + strconv.Itoa(10+g.rng.IntN(90)), l + "-dev"}[weighted(g.rng, 30, 25, 15, 10, 10, 5)]
	return g.account(g.unique(login), first+" "+last, role, false)
}

func (g *generator) account(login, name, role string, isMachine bool) *User {
	return &User{ID: g.ids.next("User"), Login: login, Name: name, Role: role, IsMachine: isMachine,
		HasTwoFactor: role != RoleOutside || g.chance(0.8), CreatedAt: g.ago(400, 4000)}
}

// teams adds the teams, each with a maturity: a team protects all of its
// repositories about equally well.
func (g *generator) teams() {
	g.maturity = map[*Team]float64{}
	for i := range g.shape.teams {
		name := teamNames[i%len(teamNames)]
		if i >= len(teamNames) {
			name += " " + [...]string{"Core", "EMEA", "Tools", "Apps", "Labs", "APAC", "Ops", "Quality"}[i/len(teamNames)-1]
		}
		t := &Team{ID: g.ids.next("Team"), Name: name, Slug: strings.ToLower(strings.ReplaceAll(name, " ", "-")), IsSecret: g.chance(0.08)}
		if i > 3 && g.chance(0.3) {
			t.Parent = g.world.Teams[g.rng.IntN(4)]
		}
		if g.chance(0.7) {
			t.Description = name + " engineering"
		}
		for range 3 + g.rng.IntN(8) {
			t.Members = append(t.Members, pick(g.rng, g.groups[humans]))
		}
		g.maturity[t] = 0.35 + 0.6*g.rng.Float64()
		g.world.Teams = append(g.world.Teams, t)
	}
}

// The groups of token owners, besides the roles.
const (
	humans   = "humans"   // owners and members
	machines = "machines" // machine accounts, which are members
)

// groupPeople sorts the people into groups, once for thousands of draws.
func (g *generator) groupPeople() {
	g.groups = map[string][]*User{}
	for _, u := range g.world.Users {
		if !u.IsMachine || u.Role != RoleMember {
			g.groups[u.Role] = append(g.groups[u.Role], u)
		}
		switch {
		case u.IsMachine && u.Role == RoleMember:
			g.groups[machines] = append(g.groups[machines], u)
		case u.Role == RoleOwner || u.Role == RoleMember:
			g.groups[humans] = append(g.groups[humans], u)
		}
	}
}
