// Package tap says what a story found: one line for each claim. A claim that does not hold does not end the story.
package tap

import (
	"fmt"
	"os"
	"strings"
	"time"
)

var failed int

// Claim checks one sentence; what holds returns nil.
func Claim(sentence string, check func() error) {
	if err := caught(check); err != nil {
		failed++
		fmt.Printf("not ok - %s: %s\n", sentence, strings.Join(strings.Fields(err.Error()), " "))
		return
	}
	fmt.Printf("ok - %s\n", sentence)
}

func caught(check func() error) (err error) {
	defer func() {
		if what := recover(); what != nil {
			err = fmt.Errorf("panic: %v", what)
		}
	}()
	return check()
}

// End ends the program: 1 if a claim did not hold.
func End() {
	if failed > 0 {
		os.Exit(1)
	}
	os.Exit(0)
}

// Until waits for a condition, at most a minute.
func Until(what string, condition func() (bool, error)) error {
	deadline := time.Now().Add(time.Minute)
	for {
		done, err := condition()
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if done {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("not within a minute: %s", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Expect is an error that says what should have been and what was, unless `holds`.
func Expect(holds bool, format string, values ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf("expected "+format, values...)
}
