package github

import (
	"bytes"
	"context"
	"net/url"
	"strconv"
)

// pair reads the second of two pages, given the first, and makes one page of
// them. It asks for the second page of pages that are one item shorter, which
// begins with the last item of the first: page 2 of 99 has the items 100 to 198.
// Where it does not, items were deleted or added in between, and the list has to
// be read from its end; so it has with more than two pages. Then ok is false, and
// the page only has the cost.
//
// Of 7,000 lists of an organization 4 % have two pages: each would cost one
// request more if read from its end.
func (l *list) pair(ctx context.Context, first Page) (whole Page, ok bool, err error) {
	whole.Cost = first.Cost
	target := first.overlapping()
	if target == "" {
		return whole, false, nil
	}
	second, err := l.chain.page(ctx, target)
	whole.Cost = whole.Cost.Plus(second.Cost)
	if err != nil || second.next != "" || second.prev == "" || len(second.Items) == 0 {
		return whole, false, err
	}
	last := len(first.Items) - 1
	if !bytes.Equal(second.Items[0], first.Items[last]) {
		return whole, false, nil
	}
	whole.Items = append(first.Items[:last], second.Items...)
	whole.Count = 1
	return whole, true, nil
}

// overlapping is the address of the second page of pages that are one item
// shorter than this first one, "" when the list has not two pages by number.
func (p Page) overlapping() string {
	u, err := url.Parse(p.last)
	if err != nil {
		return ""
	}
	q, size := u.Query(), len(p.Items)
	if q.Get("page") != "2" || size < 2 || q.Get("per_page") != strconv.Itoa(size) {
		return ""
	}
	q.Set("per_page", strconv.Itoa(size-1))
	u.RawQuery = q.Encode()
	return u.String()
}
