// Command cut extracts from GitHub's published descriptions of its API the small
// part that the simulated GitHub and its tests use. In the folder of the
// repository:
//
//	npm pack @octokit/openapi@23.0.2 @octokit/graphql-schema@15.26.1
//	go -C tools run ./cut -openapi ../octokit-openapi-23.0.2.tgz -graphql ../octokit-graphql-schema-15.26.1.tgz
//
// It keeps the operations and types that keep.go names, with everything they
// refer to and without prose: names, types, required, enums, formats and limits
// are facts to test against, descriptions and examples are not. The same input
// gives the same bytes; a test checks that where npm's files are available.
//
// Start with source, a file of an npm package, and with cutOpenAPI and
// cutGraphQL, which take one.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "cut:", err)
		os.Exit(1)
	}
}

// run reads the two sources and writes the two cuts to files below -out.
func run(args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("cut", flag.ContinueOnError)
	flags.SetOutput(stderr)
	openAPI := flags.String("openapi", "", "npm's @octokit/openapi: the .tgz, or its unpacked generated/api.github.com.json")
	graphQL := flags.String("graphql", "", "npm's @octokit/graphql-schema: the .tgz, or its unpacked schema.graphql")
	out := flags.String("out", fakegithub, "folder of package fakegithub")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *openAPI == "" || *graphQL == "" || flags.NArg() != 0 {
		return fmt.Errorf("usage: cut -openapi FILE -graphql FILE [-out DIR]")
	}
	for _, c := range cuts {
		from := map[string]string{"openapi": *openAPI, "graphql": *graphQL}[c.flag]
		text, err := c.make(from)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(*out, filepath.FromSlash(c.file)), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// fakegithub is the folder of that package, as seen from tools.
const fakegithub = "../internal/fakegithub"

// cuts lists the results: the flag that names the source, and the file below
// package fakegithub to write.
var cuts = []struct {
	flag string
	file string
	make func(from string) ([]byte, error)
}{
	{"openapi", "conformance/testdata/openapi.json", makeOpenAPI},
	{"graphql", "schema/schema.graphql", makeGraphQL},
}

func makeOpenAPI(from string) ([]byte, error) {
	s, err := readSource(from, "generated/api.github.com.json")
	if err != nil {
		return nil, err
	}
	return cutOpenAPI(s, operations)
}

func makeGraphQL(from string) ([]byte, error) {
	s, err := readSource(from, "schema.graphql")
	if err != nil {
		return nil, err
	}
	return cutGraphQL(s, types)
}
