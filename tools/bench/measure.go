package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// cost is what one run used.
type cost struct {
	wall      duration
	processor duration // of all processes together
	memory    bytesize // peak of all processes together; 0 where it is unknown
}

// measure runs a program once.
func (b *bench) measure(project, program, cache string) (cost, error) {
	cmd, err := b.command(project, program, cache)
	if err != nil {
		return cost{}, err
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	started := time.Now()
	if err := cmd.Start(); err != nil {
		return cost{}, err
	}
	memory := watchMemory(cmd.Process.Pid)
	err = cmd.Wait()
	wall := time.Since(started)
	peak := memory.stop()
	if err != nil {
		return cost{}, fmt.Errorf("%s: %w\n%s%s", strings.Join(cmd.Args, " "), err, &stdout, &stderr)
	}
	processor := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if program == peer {
		reading := readingTime(stdout.Bytes())
		wall, processor = wall-reading, processor-reading
	}
	return cost{duration(wall), duration(processor), peak}, nil
}

// readingTime is how long the JavaScript program read Plinth's output. It is subtracted, because a
// handwritten program has its input in its source.
func readingTime(stdout []byte) time.Duration {
	var spent struct {
		Read float64 `json:"read"` // ms
	}
	if err := json.Unmarshal(stdout, &spent); err != nil {
		return 0
	}
	return time.Duration(spent.Read * float64(time.Millisecond))
}

// series is one program in one project, with the cost of each of its runs.
type series struct {
	project, program string
	cold             bool // each run starts with an empty jsii package cache
	costs            []cost
}

// measureRounds runs each of several programs a number of times, in turn, so that other load on
// the machine affects all of them alike.
func (b *bench) measureRounds(rounds int, all ...*series) error {
	for round := range rounds {
		for _, s := range all {
			b.say("round %d of %d: %s%s", round+1, rounds, s.program, map[bool]string{true: ", first run"}[s.cold])
			cache := b.warmCache()
			if s.cold {
				var err error
				if cache, err = os.MkdirTemp(b.dir, "cache-*"); err != nil {
					return err
				}
				defer os.RemoveAll(cache)
			}
			cost, err := b.measure(s.project, s.program, cache)
			if err != nil {
				return err
			}
			s.costs = append(s.costs, cost)
			if s.cold {
				os.RemoveAll(cache)
			}
		}
	}
	return nil
}

// wall is the median wall time of all runs.
func (s *series) wall() duration {
	return median(s.costs, func(c cost) duration { return c.wall })
}

// processor is the median processor time of all runs.
func (s *series) processor() duration {
	return median(s.costs, func(c cost) duration { return c.processor })
}

// memory is the median of the peaks of all runs.
func (s *series) memory() bytesize {
	return median(s.costs, func(c cost) bytesize { return c.memory })
}

func median[T duration | bytesize](costs []cost, of func(cost) T) T {
	values := make([]T, len(costs))
	for i, c := range costs {
		values[i] = of(c)
	}
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 0 {
		return (values[middle-1] + values[middle]) / 2
	}
	return values[middle]
}
