// Package charts tests the Helm charts that Plinth installs: its own charts with sample values, and all
// charts, also those that others publish, with the values that the stacks pass, read from the golden
// Terraform files. Package render renders them; programs that simulate Helm use it too. This is a
// separate module so that Helm's dependencies stay out of Plinth's.
package charts
