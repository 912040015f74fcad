// Package releases reads the Helm releases of a synthesized stack, with their values as far as they
// are known before Terraform applies anything.
package releases

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
	"helm.sh/helm/v3/pkg/chartutil"
	"sigs.k8s.io/yaml"
)

// A Release is a helm_release resource of a stack's Terraform.
type Release struct {
	// ID is the resource's name in Terraform.
	ID string
	// Name is the release's name, Namespace the namespace that it is installed into.
	Name, Namespace string
	// Chart is a folder, or a chart's name in Repository, pinned by Version.
	Chart, Repository, Version string
	// Driver is where Helm stores the release: secret or configmap.
	Driver string
	// Values are Helm's values, with placeholders for what only Terraform knows.
	Values map[string]any
}

// Read reads the helm_release resources of a cdk.tf.json.
func Read(file string) ([]Release, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var stack struct {
		Provider struct {
			Helm []struct {
				Alias  string
				Driver string `json:"helm_driver"`
			}
		}
		Resource struct {
			HelmRelease map[string]struct {
				Name, Chart, Repository, Version, Namespace, Provider string
				Values                                                []string
				Set, SetList, SetSensitive                            any
			} `json:"helm_release"`
		}
	}
	if err := json.Unmarshal(data, &stack); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	drivers := map[string]string{}
	for _, p := range stack.Provider.Helm {
		drivers[strings.TrimSuffix("helm."+p.Alias, ".")] = cmp.Or(p.Driver, "secret")
	}
	var releases []Release
	for id, r := range stack.Resource.HelmRelease {
		if r.Set != nil || r.SetList != nil || r.SetSensitive != nil {
			return nil, fmt.Errorf("%s: helm_release.%s sets values one by one; only values are checked", file, id)
		}
		values := map[string]any{}
		for _, text := range r.Values {
			more, err := evaluateValues(text)
			if err != nil {
				return nil, fmt.Errorf("%s: helm_release.%s: %w", file, id, err)
			}
			values = chartutil.MergeTables(more, values)
		}
		releases = append(releases, Release{id, r.Name, r.Namespace, r.Chart, r.Repository, r.Version, drivers[cmp.Or(r.Provider, "helm")], values})
	}
	return releases, nil
}

// evaluateValues evaluates a Terraform string, such as "${jsonencode({"a" = aws_x.y.arn})}", and
// parses the resulting YAML or JSON.
func evaluateValues(text string) (map[string]any, error) {
	expr, diags := hclsyntax.ParseTemplate([]byte(text), "values", hcl.InitialPos)
	if diags.HasErrors() {
		return nil, diags
	}
	result, err := evaluator{source: text}.value(expr)
	if err != nil {
		return nil, err
	}
	if result.Type() != cty.String {
		return nil, fmt.Errorf("values are a %s, not a string", result.Type().FriendlyName())
	}
	var values map[string]any
	return values, yaml.UnmarshalStrict([]byte(result.AsString()), &values)
}

// An evaluator evaluates a Terraform expression as far as its text allows. It uses a placeholder
// for values of resources, of other stacks and of unknown functions.
type evaluator struct{ source string }

var functions = map[string]function.Function{
	"concat": stdlib.ConcatFunc, "element": stdlib.ElementFunc, "format": stdlib.FormatFunc,
	"join": stdlib.JoinFunc, "jsondecode": stdlib.JSONDecodeFunc, "jsonencode": stdlib.JSONEncodeFunc,
	"lookup": stdlib.LookupFunc, "lower": stdlib.LowerFunc, "merge": stdlib.MergeFunc,
	"replace": stdlib.ReplaceFunc, "split": stdlib.SplitFunc, "trimprefix": stdlib.TrimPrefixFunc,
	"tobool": stdlib.MakeToFunc(cty.Bool), "tonumber": stdlib.MakeToFunc(cty.Number), "tostring": stdlib.MakeToFunc(cty.String),
}

func (e evaluator) value(expr hclsyntax.Expression) (cty.Value, error) {
	switch x := expr.(type) {
	case *hclsyntax.TemplateWrapExpr:
		return e.value(x.Wrapped)
	case *hclsyntax.ParenthesesExpr:
		return e.value(x.Expression)
	case *hclsyntax.TemplateExpr:
		var text strings.Builder
		for _, part := range x.Parts {
			value, err := e.value(part)
			if err != nil {
				return cty.NilVal, err
			}
			value, err = stdlib.MakeToFunc(cty.String).Call([]cty.Value{value})
			if err != nil {
				return cty.NilVal, err
			}
			text.WriteString(value.AsString())
		}
		return cty.StringVal(text.String()), nil
	case *hclsyntax.ObjectConsExpr:
		attributes := map[string]cty.Value{}
		for _, item := range x.Items {
			key, diags := item.KeyExpr.Value(nil)
			if diags.HasErrors() {
				return cty.NilVal, diags
			}
			value, err := e.value(item.ValueExpr)
			if err != nil {
				return cty.NilVal, err
			}
			attributes[key.AsString()] = value
		}
		return cty.ObjectVal(attributes), nil
	case *hclsyntax.TupleConsExpr:
		items := []cty.Value{}
		for _, expr := range x.Exprs {
			item, err := e.value(expr)
			if err != nil {
				return cty.NilVal, err
			}
			items = append(items, item)
		}
		return cty.TupleVal(items), nil
	case *hclsyntax.FunctionCallExpr:
		var args []cty.Value
		for _, arg := range x.Args {
			value, err := e.value(arg)
			if err != nil {
				return cty.NilVal, err
			}
			args = append(args, value)
		}
		result, err := call(x.Name, args)
		if err != nil && x.Name == "jsonencode" {
			return cty.NilVal, err
		}
		if err != nil {
			// An unknown function, or one that cannot take a placeholder.
			return placeholder(e.text(expr)), nil
		}
		return result, nil
	}
	if len(expr.Variables()) == 0 {
		value, diags := expr.Value(&hcl.EvalContext{Functions: functions})
		if diags.HasErrors() {
			return cty.NilVal, diags
		}
		return value, nil
	}
	return placeholder(e.text(expr)), nil
}

// call calls a function and converts the arguments to the types it wants, as Terraform does.
func call(name string, args []cty.Value) (cty.Value, error) {
	f, ok := functions[name]
	if !ok {
		return cty.NilVal, fmt.Errorf("function %s is not known", name)
	}
	for i := range args {
		want := f.VarParam()
		if i < len(f.Params()) {
			want = &f.Params()[i]
		}
		if want == nil {
			return cty.NilVal, fmt.Errorf("function %s takes fewer than %d arguments", name, len(args))
		}
		arg, err := convert.Convert(args[i], want.Type)
		if err != nil {
			return cty.NilVal, fmt.Errorf("function %s: %w", name, err)
		}
		args[i] = arg
	}
	return f.Call(args)
}

func (e evaluator) text(expr hclsyntax.Expression) string {
	return string(expr.Range().SliceBytes([]byte(e.source)))
}

// KubernetesVersion is the placeholder of the control plane's version.
const KubernetesVersion = "1.35"

// placeholder returns a made-up value with the form of the attribute in AWS.
func placeholder(expression string) cty.Value {
	// The attribute is the last word: ...-aws_iam_roleapp7CDA6F5Farn, ...endpoint[0].
	name := strings.ToLower(strings.TrimRight(expression, `"])} 0123456789,`))
	// The ids of constructs before it would mislead.
	ends := func(suffixes ...string) bool {
		for _, suffix := range suffixes {
			if strings.HasSuffix(name, suffix) {
				return true
			}
		}
		return false
	}
	switch {
	case ends("version") && strings.Contains(name, "eks_cluster"):
		return cty.StringVal(KubernetesVersion)
	case ends("port"):
		return cty.NumberIntVal(5432)
	case ends("secret_arn", "secretarn"), strings.Contains(name, "_secret-arn_"), ends("arn") && strings.Contains(name, "secretsmanager_secret"):
		return cty.StringVal("arn:aws:secretsmanager:eu-west-2:111111111111:secret:rds!db-11111111-2222-3333-4444-555555555555-AbCdEf")
	case ends("arn") && strings.Contains(name, "certificate"):
		return cty.StringVal("arn:aws:acm:eu-west-2:111111111111:certificate/11111111-2222-3333-4444-555555555555")
	case ends("arn") && strings.Contains(name, "wafv2_web_acl"):
		return cty.StringVal("arn:aws:wafv2:eu-west-2:111111111111:regional/webacl/placeholder/11111111-2222-3333-4444-555555555555")
	case ends("prometheus_endpoint", "prometheusendpoint"):
		return cty.StringVal("https://aps-workspaces.eu-west-2.amazonaws.com/workspaces/ws-11111111-2222-3333-4444-555555555555/")
	case ends("arn") && strings.Contains(name, "prometheus_workspace"):
		return cty.StringVal("arn:aws:aps:eu-west-2:111111111111:workspace/ws-11111111-2222-3333-4444-555555555555")
	case ends("arn"):
		return cty.StringVal("arn:aws:iam::111111111111:role/placeholder")
	case ends("repository_url", "repositoryurl"):
		return cty.StringVal("111111111111.dkr.ecr.eu-west-2.amazonaws.com/placeholder")
	case ends("address", "endpoint", "host"):
		return cty.StringVal("placeholder.abcdefghijkl.eu-west-2.rds.amazonaws.com")
	case ends("cluster_security_group_id"):
		return cty.StringVal("sg-0123456789abcdef0")
	case ends("id") && strings.Contains(name, "security_group") && strings.Contains(name, "terraform_remote_state"):
		return cty.StringVal("sg-00112233445566778")
	case ends("id") && strings.Contains(name, "security_group"):
		return cty.StringVal("sg-0fedcba9876543210")
	case ends("id") && strings.Contains(name, "aws_subnet"):
		return cty.StringVal(fmt.Sprintf("subnet-%.17x", sha256.Sum256([]byte(name)))[:len("subnet-")+17])
	case ends("vpcid", "id") && strings.Contains(name, "vpc"):
		return cty.StringVal("vpc-0123456789abcdef0")
	case ends("region"):
		return cty.StringVal("eu-west-2")
	}
	return cty.StringVal("placeholder")
}

// OwnImage reports whether an image is in a repository that a stack creates: its name is a placeholder.
func OwnImage(image string) bool { return ownImage.MatchString(image) }

var ownImage = regexp.MustCompile(`/placeholder[:@]`)
