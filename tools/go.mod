module plinth/tools

go 1.25.0

require (
	github.com/agnivade/levenshtein v1.2.1
	github.com/gofrs/flock v0.13.0
	golang.org/x/mod v0.35.0
)

require golang.org/x/sys v0.37.0 // indirect
