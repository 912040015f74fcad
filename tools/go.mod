module plinth/tools

go 1.25.0

require (
	github.com/agnivade/levenshtein v1.2.1
	github.com/gofrs/flock v0.13.0
	github.com/johannesboyne/gofakes3 v1.2.0
	golang.org/x/mod v0.35.0
)

require (
	github.com/ryszard/goskiplist v0.0.0-20150312221310-2dfbae5fcf46 // indirect
	go.shabbyrobe.org/gocovmerge v0.0.0-20230507111327-fa4f82cfbf4d // indirect
	golang.org/x/sys v0.42.0 // indirect
	golang.org/x/tools v0.43.0 // indirect
)
