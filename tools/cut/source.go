package main

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// source is one file of an npm package, with its origin and licence, which a copy
// must name.
type source struct {
	Package string // "@octokit/openapi"
	Version string // "23.0.2"
	Licence string // SPDX name from package.json
	Notice  string // the whole licence text, which MIT requires copies to keep
	File    string // path inside the package
	Text    []byte // the file
}

// readSource reads file from an npm package that is either packed (from ends in
// .tgz) or unpacked (from is the file itself).
func readSource(from, file string) (source, error) {
	read := unpacked
	if strings.HasSuffix(from, ".tgz") {
		read = packed
	}
	files, err := read(from, file)
	if err != nil {
		return source{}, fmt.Errorf("read %s: %w", from, err)
	}
	s := source{File: file, Text: files[path.Base(file)]}
	var manifest struct{ Name, Version, License string }
	if err := json.Unmarshal(files["package.json"], &manifest); err != nil {
		return source{}, fmt.Errorf("read %s: package.json: %w", from, err)
	}
	s.Package, s.Version, s.Licence = manifest.Name, manifest.Version, manifest.License
	for _, name := range licenceNames {
		s.Notice += string(files[name])
	}
	if len(s.Text) == 0 || s.Notice == "" {
		return source{}, fmt.Errorf("read %s: it contains no %s, or no licence", from, file)
	}
	return s, nil
}

var licenceNames = []string{"LICENSE", "LICENSE.md"}

// packed returns the wanted files of an npm tarball by base name: npm puts
// everything under package/.
func packed(from, file string) (map[string][]byte, error) {
	f, err := os.Open(from)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{"package/package.json": true, "package/" + file: true}
	for _, name := range licenceNames {
		wanted["package/"+name] = true
	}
	files := map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if !wanted[h.Name] {
			continue
		}
		if files[path.Base(h.Name)], err = io.ReadAll(r); err != nil {
			return nil, err
		}
	}
}

// unpacked returns the file itself and, from the nearest folder above it that
// has a package.json, the manifest and the licence.
func unpacked(from, file string) (map[string][]byte, error) {
	text, err := os.ReadFile(from)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{path.Base(file): text}
	dir, err := filepath.Abs(filepath.Dir(from))
	if err != nil {
		return nil, err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "package.json")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			return nil, errors.New("no package.json in its folder or above: the version is unknown")
		}
	}
	for _, name := range append([]string{"package.json"}, licenceNames...) {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		files[name] = text
	}
	return files, nil
}
