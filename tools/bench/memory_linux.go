package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// Memory is read every few milliseconds, the list of processes less often: both cost enough to
// slow down the measured program on a small machine.
const (
	memoryEvery    = 5 * time.Millisecond
	processesEvery = 25 * time.Millisecond
)

// memoryWatch follows the memory of a process and its descendants. It adds up their resident
// sets, so shared pages count twice and the result is a little too high.
type memoryWatch struct {
	done     chan struct{}
	finished sync.WaitGroup
	peak     bytesize
}

func watchMemory(pid int) *memoryWatch {
	w := &memoryWatch{done: make(chan struct{})}
	w.finished.Go(func() {
		tick := time.NewTicker(memoryEvery)
		defer tick.Stop()
		var processes []int
		var listed time.Time
		for {
			select {
			case <-w.done:
				return
			case now := <-tick.C:
				if now.Sub(listed) >= processesEvery {
					processes, listed = descendants(pid), now
				}
				var sum bytesize
				for _, process := range processes {
					sum += resident(process)
				}
				w.peak = max(w.peak, sum)
			}
		}
	})
	return w
}

// stop ends the watch and returns the highest sum seen.
func (w *memoryWatch) stop() bytesize {
	close(w.done)
	w.finished.Wait()
	return w.peak
}

// descendants returns a process and all processes below it. The kernel lists children by the
// thread that started them.
func descendants(pid int) []int {
	all := []int{pid}
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		content, _ := os.ReadFile(list)
		for _, field := range bytes.Fields(content) {
			if child, err := strconv.Atoi(string(field)); err == nil {
				all = append(all, descendants(child)...)
			}
		}
	}
	return all
}

// resident is the resident set of a process, 0 if it has ended.
func resident(pid int) bytesize {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	fields := bytes.Fields(content)
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.Atoi(string(fields[1]))
	if err != nil {
		return 0
	}
	return bytesize(pages * os.Getpagesize())
}
