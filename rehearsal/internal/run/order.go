package run

import "sync"

// AtOnce is how many commands run at a time: each keeps a core busy.
const AtOnce = 2

// InOrder runs do for several stacks, [AtOnce] at a time. A stack waits for the stacks in after(stack);
// after may be nil. It does not run if one of those failed.
func InOrder(names []string, after func(string) []string, do func(name string) (succeeded bool)) {
	done := map[string]chan bool{}
	for _, name := range names {
		done[name] = make(chan bool, 1)
	}
	slots := make(chan struct{}, AtOnce)
	var workers sync.WaitGroup
	for _, name := range names {
		workers.Go(func() {
			succeeded := false
			defer func() { done[name] <- succeeded }()
			if after != nil && !all(done, after(name)) {
				return
			}
			slots <- struct{}{}
			defer func() { <-slots }()
			succeeded = do(name)
		})
	}
	workers.Wait()
}

// all waits for some stacks and reports whether all have succeeded.
func all(done map[string]chan bool, names []string) bool {
	every := true
	for _, name := range names {
		if ended, ok := done[name]; ok {
			succeeded := <-ended
			ended <- succeeded // for the next one that waits
			every = every && succeeded
		}
	}
	return every
}
