package graphql

import (
	"encoding/base64"
	"slices"
	"strconv"
)

// NodeID makes a global id in GitHub's older format: base64 of a kind and a
// number. [Query] reads it in node and nodes.
func NodeID(kind string, id int64) string {
	return base64.StdEncoding.EncodeToString(append(append([]byte("0"), strconv.Itoa(len(kind))+":"+kind...), strconv.FormatInt(id, 10)...))
}

// parseNodeID is the inverse of NodeID; ok is false for anything else.
func parseNodeID(s string) (kind string, id int64, ok bool) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) < 3 || b[0] != '0' {
		return "", 0, false
	}
	colon := slices.Index(b, ':')
	if colon < 0 {
		return "", 0, false
	}
	n, err := strconv.Atoi(string(b[1:colon]))
	if err != nil || n < 0 || colon+1+n > len(b) {
		return "", 0, false
	}
	kind = string(b[colon+1 : colon+1+n])
	id, err = strconv.ParseInt(string(b[colon+1+n:]), 10, 64)
	return kind, id, err == nil
}
