module plinth/tools

go 1.26.0

require (
	github.com/agnivade/levenshtein v1.2.2 // indirect
	github.com/gofrs/flock v0.13.2 // indirect
	golang.org/x/mod v0.42.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)
