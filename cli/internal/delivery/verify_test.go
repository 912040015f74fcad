package delivery

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

func outputs(host, balancer string) string {
	return `{"dev-app": {"url_host": "` + host + `", "load_balancer_host": "` + balancer + `", "namespace": "app"}}`
}

// TestVerify changes verifyPatience, so it must not run in parallel.
func TestVerify(t *testing.T) {
	patience, pause := verifyPatience, verifyPause
	t.Cleanup(func() { verifyPatience, verifyPause = patience, pause })
	verifyPatience, verifyPause = 200*time.Millisecond, time.Millisecond

	t.Run("waits until UP", func(t *testing.T) {
		d, asked := newDesk(t), 0
		d.synthesize("dev")
		w := &web{respond: func(w http.ResponseWriter, r *http.Request) {
			if asked++; asked < 3 {
				respond(http.StatusServiceUnavailable, "DOWN\n")(w, r)
				return
			}
			respond(http.StatusOK, "UP\n")(w, r)
		}}
		d.Transport = w
		d.write("build/outputs/dev-app.json", outputs(balancer, balancer))
		d.succeeds("verify -env dev")
		assert.Equal(t, w.asked, "http://"+balancer+"/health")
		assert.Equal(t, asked, 3)
		contains(t, d.stderr.String(), "/health: not UP yet: 503 Service Unavailable: DOWN\n", "/health: UP after 0s")
	})
	t.Run("a domain is asked by HTTPS", func(t *testing.T) {
		d := newDesk(t)
		d.synthesize("dev")
		w := &web{respond: respond(http.StatusOK, `{"status":"UP"}`)}
		d.Transport = w
		d.write("build/outputs/dev-app.json", outputs("app.example.com", balancer))
		d.succeeds("verify -env dev")
		assert.Equal(t, w.asked, "https://app.example.com/health")
	})
	for name, test := range map[string]struct {
		outputs string
		web     *web
		want    string
	}{
		"never UP":         {outputs(balancer, balancer), &web{respond: respond(http.StatusServiceUnavailable, "DOWN")}, "http://" + balancer + "/health: is not UP after 200ms: 503 Service Unavailable: DOWN"},
		"redirected":       {outputs(balancer, balancer), &web{respond: respond(http.StatusMovedPermanently, "")}, "is not UP after 200ms: 301 Moved Permanently"},
		"unreachable":      {outputs(balancer, balancer), &web{err: errors.New("dial tcp: no such host")}, "is not UP after 200ms: dial tcp: no such host"},
		"no load balancer": {outputs("", ""), nil, "build/outputs/dev-app.json: has no url_host, since there was no load balancer yet; deploy again: ./plinth deploy dev-app"},
		"another's output": {outputs("a.example.com/x?", balancer), nil, `url_host: "a.example.com/x?" is not a host`},
		"broken":           {"{", nil, "build/outputs/dev-app.json: unexpected end"},
		"not deployed":     {"", nil, "build/outputs/dev-app.json: does not exist; deploy the application first: ./plinth deploy dev-app"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.synthesize("dev")
			if test.outputs != "" {
				d.write("build/outputs/dev-app.json", test.outputs)
			}
			d.Transport = test.web
			contains(t, d.fails("verify -env dev"), test.want)
		})
	}
}
