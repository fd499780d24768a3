//go:build race

package queries_test

const isRaced = true
