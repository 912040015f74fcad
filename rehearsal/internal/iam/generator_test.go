package iam_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"plinth/rehearsal/internal/iam"
	"plinth/rehearsal/internal/iam/simulate"
)

const (
	account = "111111111111"
	role    = "arn:aws:iam::" + account + ":role/plinth-deploy"
	session = "arn:aws:sts::" + account + ":assumed-role/plinth-deploy/job"
	bucket  = "arn:aws:s3:::plinth-states"
	kmsKey  = "arn:aws:kms:eu-west-2:" + account + ":key/11111111-2222-3333-4444-555555555555"
)

type object = map[string]any

// generator makes up calls.
type generator struct{ *rand.Rand }

func pick[T any](g generator, of ...T) T { return of[g.IntN(len(of))] }

// some are up to n, in any order, at least one.
func some[T any](g generator, n int, of ...T) []T {
	of = slices.Clone(of)
	g.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
	return of[:1+g.IntN(min(n, len(of)))]
}

// one is a list, or the one thing that is in it.
func one[T any](g generator, all []T) any {
	if len(all) == 1 && g.IntN(2) == 0 {
		return all[0]
	}
	return all
}

func (g generator) chance(percent int) bool { return g.IntN(100) < percent }

func document(statements ...object) *iam.Document { return versioned("2012-10-17", statements...) }

func versioned(version string, statements ...object) *iam.Document {
	content := object{"Statement": statements}
	if version != "" {
		content["Version"] = version
	}
	text, err := json.Marshal(content)
	if err != nil {
		panic(err)
	}
	d, err := iam.Parse(string(text))
	if err != nil {
		panic(fmt.Sprintf("%s: %v", text, err))
	}
	return d
}

// read is a request that what is tried decides on: statements allow it or not by that alone.
func read(context map[string][]string) simulate.Call {
	if context == nil {
		context = map[string][]string{}
	}
	return simulate.Call{Principal: session, Request: iam.Request{Action: "s3:GetObject", Resource: bucket + "/dev/app.tfstate", Context: context}}
}

func statement(effect string, more ...object) object {
	s := object{"Effect": effect, "Action": "s3:GetObject", "Resource": "*"}
	for _, m := range more {
		maps.Copy(s, m)
	}
	return s
}

// when is a call of which an Allow, or a Deny beside an Allow, depends on a condition.
func (g generator) when(context map[string][]string, condition object) simulate.Call {
	c := read(context)
	if g.chance(70) {
		c.Identity = []*iam.Document{document(statement("Allow", object{"Condition": condition}))}
	} else {
		c.Identity = []*iam.Document{document(statement("Allow"), statement("Deny", object{"Condition": condition}))}
	}
	return c
}

// features are what is tried.
var features = map[string]func(generator) simulate.Call{
	"actions": func(g generator) simulate.Call {
		c := read(nil)
		element := pick(g, "Action", "Action", "NotAction")
		s := object{"Effect": "Allow", "Resource": "*", element: one(g, some(g, 3, "s3:GetObject", "s3:getobject", "S3:Get*", "s3:*", "*", "s3:GetObject?", "s3:Get?bject", "s3:PutObject", "ec2:*", "s3:GetObjectVersion"))}
		c.Identity = []*iam.Document{document(s)}
		return c
	},
	"resources": func(g generator) simulate.Call {
		c := read(nil)
		c.Resource = pick(g, bucket+"/dev/app.tfstate", bucket+"/dev/App.tfstate", bucket+"/dev", "arn:aws:s3:::other/dev/app.tfstate", bucket+"/dev/app*")
		element := pick(g, "Resource", "Resource", "NotResource")
		s := object{"Effect": pick(g, "Allow", "Allow", "Deny"), "Action": "s3:GetObject", element: one(g, some(g, 3,
			"*", bucket+"/*", bucket, bucket+"/dev/app.tfstate", bucket+"/dev/???.tfstate", bucket+"/dev/?", "arn:aws:s3:::plinth-*/dev/*", "arn:aws:s3:::*", "arn:*:s3:::plinth-states/*",
			"arn:aws:ec2:::plinth-states/*", "arn:aws:s3:*:*:plinth-states/dev/*"))}
		all := []object{s}
		if s["Effect"] == "Deny" {
			all = append(all, statement("Allow"))
		}
		c.Identity = []*iam.Document{document(all...)}
		return c
	},
	"regional resources": func(g generator) simulate.Call {
		arn := func(service, region, account, rest string) string {
			return "arn:aws:" + service + ":" + region + ":" + account + ":" + rest
		}
		c := simulate.Call{Principal: session, Request: iam.Request{Action: "secretsmanager:GetSecretValue", Context: map[string][]string{}}}
		c.Resource = arn("secretsmanager", pick(g, "eu-west-2", "eu-west-1"), account, "secret:"+pick(g, "plinth/dev/app-AbCdEf", "plinth/prod/app-AbCdEf"))
		c.Identity = []*iam.Document{document(object{"Effect": "Allow", "Action": "secretsmanager:*", "Resource": one(g, some(g, 2,
			arn("secretsmanager", "eu-west-2", account, "secret:plinth/dev/*"), arn("secretsmanager", "*", account, "secret:plinth/dev/app-??????"),
			arn("secretsmanager", "eu-west-?", "*", "secret:*"), arn("secretsmanager", "eu-west-2", account, "secret:plinth/*/app-*"),
			arn("*", "eu-west-2", account, "secret:plinth/prod/*"), arn("secretsmanager", "eu-west-2", "222222222222", "secret:*"), arn("secretsmanager", "", account, "secret:*")))})}
		return c
	},
	"short ARNs": func(g generator) simulate.Call {
		c := read(nil)
		c.Identity = []*iam.Document{document(statement("Allow", object{"Resource": one(g, some(g, 2, "arn:aws:s3*", "arn:aws:s3:*", "arn:aws:s3:::*", "arn:aws:*", "arn:*", "arn:aws:s3", "arn:aws:ec2*"))}))}
		return c
	},
	"variables in resources": func(g generator) simulate.Call {
		context := map[string][]string{}
		if g.chance(70) {
			context["aws:PrincipalTag/stack"] = []string{pick(g, "dev", "prod", "*", "d?v")}
		}
		c := read(context)
		c.Resource = bucket + "/" + pick(g, "dev/app.tfstate", "prod/app.tfstate", "x/app.tfstate")
		c.Identity = []*iam.Document{document(statement("Allow", object{"Resource": one(g, some(g, 2,
			bucket+"/${aws:PrincipalTag/stack}/*", bucket+"/${aws:PrincipalTag/stack, 'x'}/*", bucket+"/${aws:principaltag/STACK}/app.*",
			bucket+"/${*}/app.tfstate", bucket+"/${aws:PrincipalTag/none}/*"))}))}
		return c
	},
	"variables in the old version": func(g generator) simulate.Call {
		c := read(map[string][]string{"aws:PrincipalTag/stack": {"dev"}})
		c.Identity = []*iam.Document{versioned(pick(g, "2008-10-17", ""), statement("Allow", object{"Resource": pick(g, bucket+"/${aws:PrincipalTag/stack}/*", bucket+"/dev/*")}))}
		return c
	},
	"an empty value and a default": func(g generator) simulate.Call {
		c := read(map[string][]string{"aws:PrincipalTag/stack": {pick(g, "", "dev")}})
		c.Identity = []*iam.Document{document(statement("Allow", object{"Resource": bucket + "/${aws:PrincipalTag/stack, 'dev'}/*"}))}
		return c
	},
	"strings": func(g generator) simulate.Call {
		operator := pick(g, "StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike") + pick(g, "", "", "IfExists")
		context := map[string][]string{}
		if g.chance(75) {
			context["aws:PrincipalTag/stack"] = []string{pick(g, "dev", "dev", "Dev", "Dev", "prod", "dev-app", "", "d*", "a.b")}
		}
		return g.when(context, object{operator: object{"aws:PrincipalTag/stack": one(g, some(g, 3, "dev", "DEV", "prod", "d*", "*", "?ev", "dev-*", "", "a?b", "axb", "[a-z]+"))}})
	},
	"keys' case": func(g generator) simulate.Call {
		context := map[string][]string{pick(g, "aws:RequestedRegion", "AWS:requestedregion", "aws:requestedRegion"): {"eu-west-2"}}
		return g.when(context, object{"StringEquals": object{pick(g, "aws:RequestedRegion", "aws:requestedregion", "AWS:RequestedRegion"): pick(g, "eu-west-2", "EU-west-2")}})
	},
	"ARNs": func(g generator) simulate.Call {
		operator := pick(g, "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike") + pick(g, "", "", "IfExists")
		context := map[string][]string{}
		if g.chance(80) {
			context["aws:SourceArn"] = []string{pick(g, role, kmsKey, "arn:aws:s3:::b", "arn:aws:iam::"+account+":role/a:b")}
		}
		return g.when(context, object{operator: object{"aws:SourceArn": one(g, some(g, 3, role, kmsKey, "arn:aws:iam::*:role/*", "arn:*:iam::*:*", "arn:aws:*:*:*:*", "arn:aws:s3:::?", "arn:aws:iam::"+account+":role/a:*", "arn:aws:iam::"+account+":user/*"))}})
	},
	"booleans": func(g generator) simulate.Call {
		context := map[string][]string{}
		if g.chance(80) {
			context["aws:SecureTransport"] = []string{pick(g, "true", "false", "True")}
		}
		return g.when(context, object{"Bool" + pick(g, "", "", "IfExists"): object{"aws:SecureTransport": pick[any](g, "true", "false", "TRUE", true, false)}})
	},
	"numbers": func(g generator) simulate.Call {
		operator := "Numeric" + pick(g, "Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals") + pick(g, "", "", "IfExists")
		context := map[string][]string{}
		if g.chance(80) {
			context["s3:TlsVersion"] = []string{pick(g, "1.1", "1.2", "1.3", "1.20", "2", "10")}
		}
		return g.when(context, object{operator: object{"s3:TlsVersion": pick[any](g, "1.2", 1.2, "2", 2, []string{"1.1", "1.3"}, "10", "1.30")}})
	},
	"missing keys": func(g generator) simulate.Call {
		context := map[string][]string{}
		if g.chance(50) {
			context["aws:SourceAccount"] = []string{account}
		}
		return g.when(context, object{"Null": object{"aws:SourceAccount": pick[any](g, "true", "false", true, []string{"true", "false"})}})
	},
	"several values": func(g generator) simulate.Call {
		operator := pick(g, "ForAllValues:", "ForAnyValue:") + pick(g, "StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase")
		context := map[string][]string{}
		if g.chance(80) {
			context["aws:CalledVia"] = some(g, 3, "kms", "s3", "S3", "eks")
		}
		return g.when(context, object{operator: object{"aws:CalledVia": one(g, some(g, 3, "kms", "s3", "s*", "eks", "*"))}})
	},
	"several values, IfExists": func(g generator) simulate.Call {
		operator := pick(g, "StringEquals", "StringNotEquals", "StringLike") + "IfExists"
		if g.chance(30) {
			return g.when(nil, object{"ForAllValues:" + operator: object{"aws:CalledVia": "kms"}})
		}
		return g.when(map[string][]string{"aws:CalledVia": some(g, 3, "kms", "s3", "eks")}, object{pick(g, "ForAllValues:", "ForAnyValue:") + operator: object{"aws:CalledVia": one(g, some(g, 2, "kms", "s3"))}})
	},
	"ForAnyValue with IfExists without the key": func(g generator) simulate.Call {
		return g.when(nil, object{"ForAnyValue:" + pick(g, "StringEquals", "StringNotEquals", "StringLike") + "IfExists": object{"aws:CalledVia": "kms"}})
	},
	"several values without a set": func(g generator) simulate.Call {
		return g.when(map[string][]string{"aws:CalledVia": some(g, 3, "kms.amazonaws.com", "s3.amazonaws.com", "eks.amazonaws.com")}, object{
			pick(g, "StringEquals", "StringNotEquals", "StringLike", "StringEqualsIfExists"): object{"aws:CalledVia": one(g, some(g, 2, "kms.amazonaws.com", "s3.amazonaws.com", "*"))},
		})
	},
	"several conditions": func(g generator) simulate.Call {
		context := map[string][]string{"aws:RequestedRegion": {pick(g, "eu-west-2", "us-east-1")}, "aws:SecureTransport": {pick(g, "true", "false")}}
		if g.chance(50) {
			context["aws:PrincipalTag/stack"] = []string{pick(g, "dev", "prod")}
		}
		condition := object{}
		for _, operator := range some(g, 4, "StringEquals", "StringNotEquals", "Bool", "Null") {
			switch operator {
			case "Bool":
				condition[operator] = object{"aws:SecureTransport": "true"}
			case "Null":
				condition[operator] = object{"aws:PrincipalTag/stack": pick(g, "true", "false")}
			default:
				condition[operator] = object{"aws:RequestedRegion": []string{"eu-west-2", "eu-west-1"}, "aws:PrincipalTag/stack": pick(g, "dev", "prod")}
			}
		}
		return g.when(context, condition)
	},
	"variables in conditions": func(g generator) simulate.Call {
		context := map[string][]string{"aws:PrincipalTag/stack": {pick(g, "dev", "prod", "d*")}}
		if g.chance(70) {
			context["aws:PrincipalTag/env"] = []string{pick(g, "dev", "prod", "d*", "*")}
		}
		operator := pick(g, "StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIfExists")
		return g.when(context, object{operator: object{"aws:PrincipalTag/stack": one(g, some(g, 2, "${aws:PrincipalTag/env}", "${aws:PrincipalTag/env, 'dev'}", "${aws:PrincipalTag/none}", "x${aws:PrincipalTag/env}"))}})
	},
	"escapes in conditions": func(g generator) simulate.Call {
		operator := pick(g, "StringLike", "StringNotLike")
		return g.when(map[string][]string{"aws:PrincipalTag/stack": {pick(g, "d*", "dev")}}, object{operator: object{"aws:PrincipalTag/stack": pick(g, "d${*}", "*${*}", "d*")}})
	},
	"escapes in what is equal": func(g generator) simulate.Call {
		operator := pick(g, "StringEquals", "StringNotEquals")
		return g.when(map[string][]string{"aws:PrincipalTag/stack": {pick(g, "d*", "dev")}}, object{operator: object{"aws:PrincipalTag/stack": pick(g, "d${*}", "d*")}})
	},
	"several policies": func(g generator) simulate.Call {
		c := read(nil)
		for range 1 + g.IntN(3) {
			var all []object
			for range 1 + g.IntN(3) {
				all = append(all, statement(pick(g, "Allow", "Allow", "Deny"), object{"Action": pick(g, "s3:GetObject", "s3:PutObject", "s3:*"), "Resource": pick(g, "*", bucket+"/prod/*", bucket+"/dev/*")}))
			}
			c.Identity = append(c.Identity, document(all...))
		}
		return c
	},
	"boundaries": func(g generator) simulate.Call {
		c := read(nil)
		decide := func() *iam.Document {
			all := []object{statement("Allow", object{"Action": pick(g, "s3:GetObject", "s3:*", "s3:PutObject"), "Resource": pick(g, "*", bucket+"/dev/*", bucket+"/prod/*")})}
			if g.chance(20) {
				all = append(all, statement("Deny", object{"Resource": pick(g, "*", bucket+"/prod/*")}))
			}
			return document(all...)
		}
		c.Identity, c.Boundary = []*iam.Document{decide()}, decide()
		return c
	},
	"buckets' policies": func(g generator) simulate.Call { return g.onResource(read(nil), "s3:GetObject", bucket+"/*") },
	"keys' policies": func(g generator) simulate.Call {
		c := read(nil)
		c.Action, c.Resource = "kms:Decrypt", kmsKey
		return g.onResource(c, "kms:Decrypt", "*")
	},
	"trust": func(g generator) simulate.Call {
		const issuer = "gitlab.example.com"
		provider := "arn:aws:iam::" + account + ":oidc-provider/"
		c := simulate.Call{Principal: provider + issuer, Request: iam.Request{
			Action: "sts:AssumeRoleWithWebIdentity", Resource: role,
			Context: map[string][]string{issuer + ":aud": {pick(g, "sts.amazonaws.com", "other")}, issuer + ":sub": {pick(g, "project_path:acme/plinth:ref_type:branch:ref:main", "project_path:acme/plinth:ref_type:tag:ref:v1", "project_path:other/x:ref_type:branch:ref:main")}},
		}}
		trusts := func(effect string) object {
			return object{
				"Effect": effect, "Action": pick(g, "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRole"),
				"Principal": object{"Federated": pick(g, provider+issuer, provider+issuer, provider+"other.example.com")},
				"Condition": object{"StringEquals": object{issuer + ":aud": "sts.amazonaws.com"}, "StringLike": object{issuer + ":sub": one(g, some(g, 2, "project_path:acme/plinth:*", "project_path:acme/plinth:ref_type:branch:ref:main", "project_path:*:ref_type:tag:ref:v?"))}},
			}
		}
		all := []object{trusts("Allow")}
		if g.chance(60) {
			all = append(all, trusts(pick(g, "Allow", "Deny")))
		}
		c.Policy = document(all...)
		return c
	},
}

// onResource adds the policy of a resource to one of the caller's own.
func (g generator) onResource(c simulate.Call, action, resource string) simulate.Call {
	var all []object
	for range 1 + g.IntN(2) {
		s := object{"Effect": pick(g, "Allow", "Allow", "Deny"), "Action": pick(g, action, action, "s3:PutObject"), "Resource": resource}
		who := one(g, some(g, 2, role, "arn:aws:iam::"+account+":root", account, "arn:aws:iam::"+account+":role/other", "arn:aws:iam::222222222222:root", session))
		switch {
		case g.chance(15):
			s["Principal"] = pick[any](g, "*", object{"AWS": "*"})
		case g.chance(10):
			s["Principal"] = object{"Service": "logs.amazonaws.com"}
		default:
			s["Principal"] = object{"AWS": who}
		}
		all = append(all, s)
	}
	c.Policy = document(all...)
	own := func() *iam.Document {
		return document(object{"Effect": pick(g, "Allow", "Allow", "Allow", "Deny"), "Action": pick(g, action, "s3:PutObject"), "Resource": "*"})
	}
	c.Identity = []*iam.Document{own()}
	if g.chance(40) {
		c.Boundary = own()
	}
	return c
}

// each is how many calls try a feature.
const each = 200

func generated(seed uint64) []simulate.Call {
	var calls []simulate.Call
	for i, feature := range slices.Sorted(maps.Keys(features)) {
		g := generator{rand.New(rand.NewPCG(seed, uint64(i)))}
		for range each {
			c := features[feature](g)
			c.Feature = feature
			calls = append(calls, c)
		}
	}
	return calls
}
