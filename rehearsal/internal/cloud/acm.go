package cloud

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	certificateKind = "aws_acm_certificate"
	validationKind  = "aws_acm_certificate_validation"
)

func init() {
	register(map[string]kind{
		certificateKind: {
			id: func(w *World, _ Attributes) string { return w.arn("acm", "certificate/"+randomUUID()) },
			replaced: []string{
				"certificate_authority_arn", "domain_name", "key_algorithm", "subject_alternative_names", "validation_method", "validation_option",
			},
			inUse: "ResourceInUseException",
			check: checkCertificate,
			fill:  fillCertificate,
		},
		validationKind: {
			// The id is the time of issue, still zero when the provider reads it.
			id:       func(*World, Attributes) string { return "0001-01-01 00:00:00 +0000 UTC" },
			key:      func(a Attributes) string { return text(a, "certificate_arn") },
			replaced: []string{"certificate_arn", "validation_record_fqdns"},
			refers:   map[string]string{"certificate_arn": certificateKind + ".arn"},
			check:    checkValidation,
			after: func(w *World, _ string, t *Thing) error {
				issue(w.find(certificateKind, "arn", text(t.Attributes, "certificate_arn")))
				return nil
			},
		},
	})
}

// https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
var certificateDomain = regexp.MustCompile(`^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$`)

func checkCertificate(_ *World, a, _ Attributes) error {
	for _, domain := range domains(a) {
		if !certificateDomain.MatchString(domain) || len(domain) > 253 {
			return refuse("ValidationException", "%q is no domain name that a certificate can be for", domain)
		}
	}
	if len(text(a, "domain_name")) > 64 {
		return refuse("ValidationException", "the domain name %s is longer than 64 characters", text(a, "domain_name"))
	}
	if method := text(a, "validation_method"); method != "DNS" && method != "EMAIL" {
		return refuse("ValidationException", "a certificate for %s is validated by DNS or EMAIL, not %q", text(a, "domain_name"), method)
	}
	return nil
}

// domains are a certificate's domain names without duplicates.
func domains(a Attributes) []string {
	all := []string{text(a, "domain_name")}
	for _, name := range texts(any(a), "subject_alternative_names") {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

func fillCertificate(w *World, id string, a Attributes) {
	var names, proofs []any
	for _, domain := range domains(a) {
		names = append(names, domain)
		proofs = append(proofs, w.proof(domain))
	}
	if text(a, "validation_method") != "DNS" {
		proofs = []any{}
	}
	setDefaults(a, Attributes{
		"arn": id, "status": "PENDING_VALIDATION", "type": "AMAZON_ISSUED", "key_algorithm": "RSA_2048",
		"domain_validation_options": proofs, "subject_alternative_names": names, "validation_emails": []any{},
		"pending_renewal": false, "renewal_eligibility": "INELIGIBLE", "renewal_summary": []any{}, "not_after": "", "not_before": "",
	})
}

// proof is the DNS record that proves control of a domain. All certificates of an account for the
// domain share it.
// https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
func (w *World) proof(domain string) Attributes {
	part := func(what string) string {
		hash := sha256.Sum256([]byte(w.Account + what + domain))
		return "_" + hex.EncodeToString(hash[:16])
	}
	return Attributes{
		"domain_name": domain, "resource_record_type": "CNAME",
		"resource_record_name":  fmt.Sprintf("%s.%s.", part("name"), strings.TrimPrefix(domain, "*.")),
		"resource_record_value": part("value") + ".jkddzztszm.acm-validations.aws.",
	}
}

// checkValidation refuses while a proof is missing: ACM issues a certificate once it finds all.
func checkValidation(w *World, a, _ Attributes) error {
	certificate := w.find(certificateKind, "arn", text(a, "certificate_arn"))
	said := texts(any(a), "validation_record_fqdns")
	for i := range said {
		said[i] = dnsName(said[i])
	}
	for _, proof := range nestedBlocks(certificate.Attributes, "domain_validation_options") {
		name := dnsName(text(proof, "resource_record_name"))
		if len(said) > 0 && !slices.Contains(said, name) {
			return fmt.Errorf("missing %s DNS validation record: %s", text(proof, "domain_name"), name)
		}
		record := w.find(recordKind, "fqdn", name)
		if record == nil || !slices.ContainsFunc(texts(any(record.Attributes), "records"), func(value string) bool {
			return dnsName(value) == dnsName(text(proof, "resource_record_value"))
		}) {
			return refuse("timeout while waiting for state to become 'ISSUED'", "ACM does not find the record %s, which proves that %s is the account's: the last state is PENDING_VALIDATION",
				name, text(proof, "domain_name"))
		}
	}
	return nil
}

// issue makes a certificate valid for the 198 days that ACM gives it.
// https://docs.aws.amazon.com/acm/latest/userguide/acm-certificate-characteristics.html
func issue(certificate *Thing) {
	if certificate == nil || text(certificate.Attributes, "status") == issued {
		return
	}
	at := time.Now().UTC().Truncate(24 * time.Hour)
	certificate.Attributes["status"] = issued
	certificate.Attributes["not_before"] = at.Format(time.RFC3339)
	certificate.Attributes["not_after"] = at.AddDate(0, 0, 198).Format(time.RFC3339)
}

const issued = "ISSUED"

// checkIssued refuses a stack's certificate that is not issued yet. It assumes that others are
// valid.
func (w *World) checkIssued(arn, code string) error {
	if c := w.find(certificateKind, "arn", arn); c != nil && text(c.Attributes, "status") != issued {
		return refuse(code, "The certificate '%s' is not issued yet: its status is %s", arn, text(c.Attributes, "status"))
	}
	return nil
}
