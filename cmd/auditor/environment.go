package main

import (
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// environment is all that a command takes from the world around it, so that
// whole commands run inside tests.
type environment struct {
	args           []string // without the program's name
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	now            func() time.Time
	// width of stdout's and stderr's terminal in columns; 0: not a terminal.
	stdoutWidth, stderrWidth int
}

func processEnvironment() *environment {
	return &environment{
		args: os.Args[1:], stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		getenv: os.Getenv, now: time.Now,
		stdoutWidth: terminalWidth(os.Stdout), stderrWidth: terminalWidth(os.Stderr),
	}
}

func terminalWidth(f *os.File) int {
	if !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		return 80
	}
	return width
}
