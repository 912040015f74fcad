package settings

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-playground/validator/v10"
)

// validate checks each value against the rules in its field's validate tag.
func (d *document) validate() {
	err := fieldRules().Struct(d.env)
	if err == nil {
		return
	}
	var failures validator.ValidationErrors
	if !errors.As(err, &failures) {
		d.report("", "cannot be validated: %v", err)
		return
	}
	for _, failure := range failures {
		_, path, _ := strings.Cut(failure.Namespace(), ".")
		path = mapKey.ReplaceAllString(path, ".$1")
		if d.isValid(path) {
			d.report(path, "%s", d.message(path, failure))
		}
	}
}

// mapKey matches a map's key as the validator writes it. An index of a list is a number.
var mapKey = regexp.MustCompile(`\[([^\]0-9][^\]]*)\]`)

// check checks the values against each other. It skips rules about a value that is already reported.
// These are plain functions, not the validator's struct-level rules: they need to know which values are
// valid and which are set, and the other environments.
func (d *document) check(all []*document, selected []string) {
	d.checkNames()
	d.checkPrefixes(all, selected)
	d.checkDedicated()
	d.checkBaseline(all, selected)
	d.checkState(all, selected)
	d.checkCI(all, selected)
	d.checkZones()
	d.checkNetwork(all, selected)
	d.checkDatabase()
	d.checkSupport()
	d.checkKubeProxy()
	d.checkPublicAccess()
	d.checkAccessPaths()
	d.checkAccessEntries()
	d.checkVariables()
	d.checkProfiles()
	d.checkDatabases()
	for _, app := range d.env.Applications() {
		d.checkApp(app)
		d.checkSecrets(app, all)
		if app.Web != nil {
			d.checkWeb(app, all, selected)
		}
	}
	d.checkObservability()
}

// fieldRules returns the validator with the rules of this package under their tags.
var fieldRules = sync.OnceValue(func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(yamlName)
	register := func(tag string, holds validator.Func) {
		if err := v.RegisterValidation(tag, holds); err != nil {
			panic(err) // only for an empty or built-in tag
		}
	}
	for tag, rule := range rules() {
		register(tag, func(field validator.FieldLevel) bool { return rule.holds(field.Field().String()) })
	}
	register("between", func(field validator.FieldLevel) bool {
		least, most := bounds(field.Param())
		return field.Field().Int() >= least && field.Field().Int() <= most
	})
	register("port", func(field validator.FieldLevel) bool { return isPort(field.Field().Int()) })
	register("metricsport", func(field validator.FieldLevel) bool { return field.Field().Int() == 0 || isPort(field.Field().Int()) })
	register("retention", func(field validator.FieldLevel) bool {
		return slices.Contains(retentionDays, int(field.Field().Int()))
	})
	return v
})

// isPort reports whether a process without privileges may listen on a port. On Fargate the kubelet has 10250 of
// every pod.
//
// https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html
func isPort(port int64) bool { return port >= 1024 && port <= 65535 && port != 10250 }

const portsInWords = "1024 to 65535, but not 10250, which the kubelet has"

// bounds parses the parameter of between=1-35.
func bounds(param string) (least, most int64) {
	first, last, _ := strings.Cut(param, "-")
	least, _ = strconv.ParseInt(first, 10, 64)
	most, _ = strconv.ParseInt(last, 10, 64)
	return least, most
}

// message returns what a rule requires, and the value.
func (d *document) message(path string, failure validator.FieldError) string {
	text := fmt.Sprint(failure.Value())
	switch failure.Tag() {
	case "required":
		if d.isSet(path) {
			return "must not be empty"
		}
		return "must be set: it has no default"
	case "min": // the minimum length of a list, always 1; numbers use between
		if d.isSet(path) {
			return "must have an entry, has none"
		}
		return "must be set: it has no default"
	case "oneof":
		allowed := strings.Fields(failure.Param())
		message := "must be " + list(allowed, "or") + ", is " + quote(text)
		if remedy := didYouMean(text, allowed); remedy != "" {
			message += "; " + remedy
		}
		return message
	case "between":
		least, most := bounds(failure.Param())
		return fmt.Sprintf("must be %d to %d, is %s", least, most, text)
	case "port":
		return "must be " + portsInWords + ", is " + text
	case "metricsport":
		return "must be 0 for none, or " + portsInWords + ", is " + text
	case "retention":
		return "must be a number of days that CloudWatch offers, is " + text + "; nearest are " + nearestRetention(int(reflect.ValueOf(failure.Value()).Int()))
	}
	rule, ok := rules()[failure.Tag()]
	if !ok {
		return "must follow the rule " + failure.ActualTag() + "=" + failure.Param() + ", is " + quote(text)
	}
	return rule.message(text)
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
var retentionDays = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// nearestRetention returns the two valid retentions nearest to an invalid number of days.
func nearestRetention(days int) string {
	after, _ := slices.BinarySearch(retentionDays, days)
	after = min(max(after, 1), len(retentionDays)-1)
	return fmt.Sprintf("%d and %d", retentionDays[after-1], retentionDays[after])
}
