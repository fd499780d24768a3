package fakegithub

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"auditor/internal/fakegithub/graphql"
)

// links holds the two roots that hypermedia links start with.
type links struct {
	api string // http://127.0.0.1:1234 or …/api/v3
	web string // http://127.0.0.1:1234
}

// object appends one JSON object to a buffer. Pages are written without
// reflection: a large organization serves more than a gigabyte of links.
type object struct {
	b    []byte
	open bool // nothing written after the brace
}

func begin(b []byte) *object { return &object{b: append(b, '{'), open: true} }

func (o *object) end() []byte { return append(o.b, '}') }

func (o *object) key(k string) {
	if !o.open {
		o.b = append(o.b, ',')
	}
	o.open = false
	o.b = append(o.b, '"')
	o.b = append(o.b, k...)
	o.b = append(o.b, '"', ':')
}

func (o *object) text(k, v string)           { o.key(k); o.b = appendText(o.b, v) }
func (o *object) number(k string, v int)     { o.key(k); o.b = strconv.AppendInt(o.b, int64(v), 10) }
func (o *object) id(k string, v int64)       { o.key(k); o.b = strconv.AppendInt(o.b, v, 10) }
func (o *object) flag(k string, v bool)      { o.key(k); o.b = strconv.AppendBool(o.b, v) }
func (o *object) null(k string)              { o.key(k); o.b = append(o.b, "null"...) }
func (o *object) raw(k string, v []byte)     { o.key(k); o.b = append(o.b, v...) }
func (o *object) texts(k string, v []string) { o.key(k); o.b = appendTexts(o.b, v) }

// textOrNull writes "" as null.
func (o *object) textOrNull(k, v string) {
	if v == "" {
		o.null(k)
		return
	}
	o.text(k, v)
}

// time writes the format of most objects, 2011-01-26T19:01:12Z; zero is null.
func (o *object) time(k string, t time.Time) {
	if t.IsZero() {
		o.null(k)
		return
	}
	o.text(k, t.UTC().Format("2006-01-02T15:04:05Z"))
}

// pacific is the offset of the times in token endpoints, in summer and winter.
var pacific = time.FixedZone("", -7*60*60)

// offsetTime writes the format of token endpoints and installations,
// 2023-05-16T08:47:09.000-07:00; zero is null.
func (o *object) offsetTime(k string, t time.Time) {
	if t.IsZero() {
		o.null(k)
		return
	}
	o.text(k, t.In(pacific).Format("2006-01-02T15:04:05.000-07:00"))
}

// any writes a small value of another type, which must marshal.
func (o *object) any(k string, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic("fakegithub: marshal " + k + ": " + err.Error()) // a value of ours: a programming error
	}
	o.raw(k, b)
}

func appendTexts(b []byte, v []string) []byte {
	b = append(b, '[')
	for i, s := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, s)
	}
	return append(b, ']')
}

func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= 0x7f {
			q, err := json.Marshal(s)
			if err != nil {
				panic("fakegithub: marshal text: " + err.Error())
			}
			return append(b, q...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// appendLevels writes a permissions map with sorted keys.
func appendLevels(b []byte, m map[string]string) []byte {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	o := begin(b)
	for _, k := range keys {
		o.text(k, m[k])
	}
	return o.end()
}

// userLinks are the hypermedia links of a simple user, as suffixes of its URL.
var userLinks = [...]struct{ key, suffix string }{
	{"followers_url", "/followers"}, {"following_url", "/following{/other_user}"}, {"gists_url", "/gists{/gist_id}"},
	{"starred_url", "/starred{/owner}{/repo}"}, {"subscriptions_url", "/subscriptions"}, {"organizations_url", "/orgs"},
	{"repos_url", "/repos"}, {"events_url", "/events{/privacy}"}, {"received_events_url", "/received_events"},
}

// appendUser writes a simple-user; kind is User or Organization.
func (l links) appendUser(b []byte, id int64, login, kind string) []byte {
	o := begin(b)
	o.text("login", login)
	o.id("id", id)
	o.text("node_id", graphql.NodeID(kind, id))
	o.text("avatar_url", l.web+"/avatars/u/"+strconv.FormatInt(id, 10)+"?v=4")
	o.text("gravatar_id", "")
	self := l.api + "/users/" + login
	o.text("url", self)
	o.text("html_url", l.web+"/"+login)
	for _, link := range userLinks {
		o.text(link.key, self+link.suffix)
	}
	o.text("type", kind)
	o.flag("site_admin", false)
	return o.end()
}
