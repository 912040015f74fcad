package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// askTimeout exceeds the time in which the service notices that the database is away.
const askTimeout = 10 * time.Second

// ask prints the answer of a URL. helm test runs it, because the image has no other program for that.
// It returns an error unless the status is 200.
func ask(url string, out io.Writer) error {
	client := http.Client{Timeout: askTimeout}
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 4<<10))
	if err != nil {
		return fmt.Errorf("%s: %w", url, err)
	}
	fmt.Fprintf(out, "%s %s\n", response.Status, strings.TrimSpace(string(body)))
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: answers %s, want 200", url, response.Status)
	}
	return nil
}
