// Package charts holds the Helm charts that Plinth installs against what they are meant to do: its
// own with sample values, and these and those that others publish with the values that the stacks
// pass, read from the golden Terraform files. Package render, which does the rendering, is
// also for programs that stand in for Helm. This is a module of its own so that Helm's dependencies
// stay out of Plinth's.
package charts
