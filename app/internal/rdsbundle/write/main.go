// Command write reads text with certificates and writes the file rds-global-bundle.pem.
package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"plinth/app/internal/rdsbundle"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = write(text)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(text []byte) error {
	certificates, err := rdsbundle.Parse(text)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(rdsbundle.Format(certificates, time.Now()))
	return err
}
