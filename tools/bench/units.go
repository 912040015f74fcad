package main

import (
	"fmt"
	"time"
)

// duration is printed in seconds.
type duration time.Duration

func (d duration) seconds() float64 { return time.Duration(d).Seconds() }

func (d duration) String() string { return fmt.Sprintf("%.2f s", d.seconds()) }

// bytesize is printed in megabytes, 0 as unknown.
type bytesize int64

func (b bytesize) String() string {
	if b == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f MB", float64(b)/1e6)
}
