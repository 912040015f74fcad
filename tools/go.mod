module plinth/tools

go 1.25.0

require (
	github.com/agnivade/levenshtein v1.2.1
	github.com/gofrs/flock v0.13.0
	go.yaml.in/yaml/v3 v3.0.4
	golang.org/x/mod v0.39.0
)

require (
	github.com/kr/text v0.2.0 // indirect
	github.com/rogpeppe/go-internal v1.16.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
)
