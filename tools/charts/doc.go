// Package charts tests the Helm charts that Plinth installs. It renders Plinth's own charts with sample
// values, and all charts, published ones included, with the stacks' values from the golden Terraform
// files. Package render renders them; programs that simulate Helm use it too. This is a separate module
// so that Helm's dependencies stay out of Plinth's.
package charts
