package delivery

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"strings"
	"time"
)

// The load balancer controller's annotations of an Ingress.
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/
const (
	annotationCertificate = "alb.ingress.kubernetes.io/certificate-arn"
	annotationHealth      = "alb.ingress.kubernetes.io/healthcheck-path"
	annotationScheme      = "alb.ingress.kubernetes.io/scheme"
)

// healthPatience is how long the application may take to answer.
const healthPatience = 10 * time.Second

// health requests the application's health through its load balancers, as its users would.
func (s *Session) health(ctx context.Context, objects []object) []finding {
	var found []finding
	for _, o := range objects {
		if url := o.url(); o.Kind == "Ingress" && url != "" {
			found = append(found, s.ask(ctx, o, url))
		}
	}
	return found
}

// url returns the URL of the application's health, empty if there is no load balancer yet.
func (o object) url() string {
	balancer, scheme, host := o.loadBalancer(), "http", ""
	if balancer == "" {
		return ""
	}
	for _, rule := range o.Spec.Rules {
		host = cmp.Or(host, rule.Host)
	}
	// Without a domain, no request can match the certificate's name.
	if host != "" && o.Metadata.Annotations[annotationCertificate] != "" {
		scheme = "https"
	}
	return scheme + "://" + cmp.Or(host, balancer) + cmp.Or(o.Metadata.Annotations[annotationHealth], "/health")
}

func (s *Session) ask(ctx context.Context, o object, url string) finding {
	ctx, cancel := context.WithTimeout(ctx, healthPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return wrong("health", "%s: %v", url, err)
	}
	started := time.Now()
	// Do not follow redirects: the answer could be another server's.
	response, err := s.Transport.RoundTrip(request)
	if err != nil {
		return unanswered(o, url, err)
	}
	defer response.Body.Close()
	took := time.Since(started).Round(time.Millisecond)
	if secure := o.Metadata.Annotations[annotationCertificate] != ""; secure && response.StatusCode == http.StatusMovedPermanently {
		return fine("health", "%s: unknown: it serves HTTPS only, and there is no domain to request", url)
	}
	if response.StatusCode != http.StatusOK {
		const most = 200
		body, _ := io.ReadAll(io.LimitReader(response.Body, most))
		return wrong("health", "%s: %s", url, join(response.Status, string(body)))
	}
	return fine("health", "%s: %s in %s", url, response.Status, took)
}

// unanswered explains a request without an answer. From outside the VPC, an internal load balancer
// never answers.
func unanswered(o object, url string, err error) finding {
	switch {
	case o.Metadata.Annotations[annotationScheme] == "internal":
		return fine("health", "%s: unknown: the load balancer is internal and not reachable from here", url)
	case strings.Contains(err.Error(), "no such host") && !strings.Contains(url, o.loadBalancer()):
		return wrong("health", "%s: the domain has no DNS record; it must point to %s", url, o.loadBalancer())
	}
	return wrong("health", "%s: %v; check that your network is in web.allowedCIDRs", url, err)
}
