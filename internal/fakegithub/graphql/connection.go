package graphql

import (
	"encoding/base64"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// connection is a list from which a page is taken.
type connection struct {
	items []any
	id    func(any) int64          // of an item, for cursors that survive insertions; nil: its position counts
	key   func(any) string         // sorts the items, so that a cursor survives a new key of its item; nil: none
	edge  func(any) map[string]any // what edges have besides cursor and node; nil: nothing
	more  map[string]any           // what the connection has besides the usual
}

// page applies after, before, first and last in the order of the Relay
// specification.
func (c connection) page(args map[string]any) (record, *fieldError) {
	from, to := 0, len(c.items)
	for _, name := range []string{"after", "before"} {
		cursor, ok := args[name].(string)
		if !ok {
			continue
		}
		at, ok := c.find(cursor, name == "after")
		if !ok {
			return record{}, &fieldError{"INVALID_CURSOR_ARGUMENTS", fmt.Sprintf("`%s` does not appear to be a valid cursor.", cursor)}
		}
		if name == "after" {
			from = at
		} else {
			to = min(to, at)
		}
	}
	to = max(from, to)
	if n, ok := intArgument(args["first"]); ok {
		to = min(to, from+n)
	}
	if n, ok := intArgument(args["last"]); ok {
		from = max(from, to-n)
	}
	return c.record(from, to), nil
}

func (c connection) record(from, to int) record {
	info := map[string]any{"hasNextPage": to < len(c.items), "hasPreviousPage": from > 0, "startCursor": nil, "endCursor": nil}
	if to > from {
		info["startCursor"], info["endCursor"] = c.cursor(from), c.cursor(to-1)
	}
	edges := make([]any, 0, to-from)
	for i := from; i < to; i++ {
		edge := map[string]any{"cursor": c.cursor(i), "node": c.items[i]}
		if c.edge != nil {
			for k, v := range c.edge(c.items[i]) {
				edge[k] = v
			}
		}
		edges = append(edges, record{values: edge})
	}
	values := map[string]any{"totalCount": len(c.items), "nodes": c.items[from:to], "edges": edges, "pageInfo": record{values: info}}
	for k, v := range c.more {
		values[k] = v
	}
	return record{values: values}
}

const cursorPrefix = "cursor:v2:"

// cursor names an item by its position, its id and its key.
func (c connection) cursor(i int) string {
	id, key := int64(-1), ""
	if c.id != nil {
		id = c.id(c.items[i])
	}
	if c.key != nil {
		key = c.key(c.items[i])
	}
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s%d:%d:%s", cursorPrefix, i, id, key))
}

// find returns where a page after the cursor begins, or where one before it ends.
// That is where its key belongs; without keys, where its item is now; when the
// item is gone, its old position.
func (c connection) find(cursor string, after bool) (int, bool) {
	b, err := base64.StdEncoding.DecodeString(cursor)
	rest, ok := strings.CutPrefix(string(b), cursorPrefix)
	position, rest, two := strings.Cut(rest, ":")
	id, key, three := strings.Cut(rest, ":")
	i, err1 := strconv.Atoi(position)
	n, err2 := strconv.ParseInt(id, 10, 64)
	if err != nil || !ok || !two || !three || err1 != nil || err2 != nil || i < 0 {
		return 0, false
	}
	if c.key != nil && key != "" {
		return sort.Search(len(c.items), func(i int) bool {
			order := strings.Compare(c.key(c.items[i]), key)
			return order > 0 || order == 0 && !after
		}), true
	}
	if c.id != nil {
		at := slices.IndexFunc(c.items, func(v any) bool { return v != nil && c.id(v) == n })
		if at < 0 { // gone: the next item has moved to its position
			return min(i, len(c.items)), true
		}
		i = at
	}
	if after {
		i++
	}
	return min(i, len(c.items)), true
}
