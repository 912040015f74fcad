package run

import "slices"

// With adds variables to a command's environment.
func (r *Rehearsal) With(c Command, variables ...string) Command {
	if c.Env == nil {
		c.Env = r.environment()
	}
	c.Env = append(slices.Clone(c.Env), variables...)
	return c
}
