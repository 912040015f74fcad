package main

import (
	"context"
	"fmt"
	"io"

	"plinth/app/internal/postgrestest"
	"plinth/app/internal/testrun"
)

// run measures everything once. It returns an error if the run failed or any request did: then the
// figures are not what the service can sustain.
func run(ctx context.Context, o options, out, progress io.Writer) error {
	finish, err := testrun.Begin()
	if err != nil {
		return err
	}
	defer finish()
	p := &program{ctx: ctx}
	var measured *report
	if err := p.do(func() {
		database := postgrestest.Start(p, postgrestest.Config{Settings: durable})
		service := startService(p, o.service, database)
		limit := startWithoutDatabase(p, o.nodatabase)
		measured = &report{
			options: o, machine: thisMachine(p, database),
			series: []*series{
				{name: "reading, `GET /visits`", url: service + "/visits"},
				{name: "writing, `GET /`", url: service + "/"},
				{name: "the same handler without a database", url: limit + "/visits"},
			},
		}
		if err := measure(ctx, o, measured.series, progress); err != nil {
			p.Fatal(err)
		}
	}); err != nil {
		return err
	}
	return measured.print(out)
}

// durable reverts the test server's settings that trade durability for speed.
var durable = map[string]string{"fsync": "on", "full_page_writes": "on", "shared_buffers": "128MB"}

// print writes the table. It returns an error if requests failed.
func (r *report) print(out io.Writer) error {
	fmt.Fprint(out, r)
	failed := 0
	for _, s := range r.series {
		failed += s.failed
	}
	if failed > 0 {
		return fmt.Errorf("%d requests failed", failed)
	}
	return nil
}
