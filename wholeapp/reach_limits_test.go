package wholeapp

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// edit changes each statement of the bootstrap stacks' policies.
func (p platform) edit(t *testing.T, change func(policy string, statement object)) platform {
	t.Helper()
	edited := p.clone(t)
	for _, e := range edited.resources("aws_iam_policy") {
		var document object
		assert.NilError(t, json.Unmarshal([]byte(fmt.Sprint(e.body["policy"])), &document))
		for _, s := range document["Statement"].([]any) {
			change(fmt.Sprint(e.body["name"]), s.(object))
		}
		content, err := json.Marshal(document)
		assert.NilError(t, err)
		e.body["policy"] = string(content)
	}
	return edited
}

// without removes the conditions on some keys from a statement.
func without(statement object, drop func(key string) bool) {
	tests, _ := statement["Condition"].(object)
	for _, keys := range tests {
		maps.DeleteFunc(keys.(object), func(key string, _ any) bool { return drop(key) })
	}
}

// services returns the services of a statement's actions.
func services(statement object) (all []string) {
	for _, action := range words(statement["Action"]) {
		all = append(all, service(action))
	}
	return all
}

// TestReachLimits: each limit in the policies is needed. Without it a pipeline's role reaches further.
func TestReachLimits(t *testing.T) {
	t.Parallel()
	whole := newPlatform(t, environments, "PLINTH_ENVIRONMENTS=dev,prod", "PLINTH_DEV_DATABASE_PASSWORD_ROTATION_DAYS=30")
	assert.Equal(t, len(reachesNoFurther(whole)), 0)

	// Where the resources' names or tags are limits, and where both are, the names come second.
	var tagged, named []string
	whole.edit(t, func(policy string, s object) {
		if strings.HasSuffix(policy, "-boundary") || s["Effect"] == "Deny" {
			return
		}
		tests, _ := s["Condition"].(object)
		for _, keys := range tests {
			for key := range keys.(object) {
				if strings.HasPrefix(key, "aws:ResourceTag/") {
					tagged = append(tagged, services(s)...)
				}
			}
		}
		for _, arn := range words(s["Resource"]) {
			if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 && !strings.HasPrefix(parts[5], "*") && !strings.HasSuffix(parts[5], "/*") {
				named = append(named, services(s)...)
			}
		}
	})
	limits := map[string]platform{}
	for _, of := range slices.Compact(slices.Sorted(slices.Values(tagged))) {
		limits["the resource's tags: "+of] = whole.edit(t, func(_ string, s object) {
			if slices.Contains(services(s), of) {
				without(s, func(key string) bool { return strings.HasPrefix(key, "aws:ResourceTag/") })
			}
		})
	}
	for _, of := range slices.Compact(slices.Sorted(slices.Values(named))) {
		limits["the resource's name: "+of] = whole.edit(t, func(_ string, s object) {
			if !slices.Contains(services(s), of) || s["Effect"] == "Deny" {
				return
			}
			var wide []any
			for _, arn := range words(s["Resource"]) {
				parts := strings.SplitN(arn, ":", 6)
				if len(parts) == 6 {
					parts[5] = "*"
				}
				wide = append(wide, strings.Join(parts, ":"))
			}
			s["Resource"] = wide
		})
	}
	limits["new roles have a boundary"] = whole.edit(t, func(_ string, s object) {
		without(s, func(key string) bool { return key == "iam:PermissionsBoundary" })
	})
	limits["tags are given when a resource is made"] = whole.edit(t, func(_ string, s object) {
		without(s, func(key string) bool { return strings.HasSuffix(key, ":CreateAction") })
	})
	limits["a boundary names resources"] = whole.edit(t, func(policy string, s object) {
		if strings.Contains(policy, "-roles-") {
			s["Resource"] = "*"
		}
	})
	limits["a boundary has conditions"] = whole.edit(t, func(policy string, s object) {
		if strings.Contains(policy, "-roles-") {
			without(s, func(string) bool { return true })
		}
	})
	for _, name := range slices.Sorted(maps.Keys(limits)) {
		broken := reachesNoFurther(limits[name])
		reason, excepted := notNeeded[name]
		switch {
		case len(broken) == 0 && !excepted:
			t.Errorf("%s: without this limit no role reaches further; say in notNeeded why it is there", name)
		case len(broken) > 0 && excepted:
			t.Errorf("%s: is needed, not only since %s: %s", name, reason, broken[0])
		}
	}
}

// notNeeded are limits of which another does the same.
var notNeeded = map[string]string{
	"the resource's name: aps":                  "AWS makes up its ids; its tags tell whose it is",
	"the resource's name: elasticloadbalancing": "the tags of the controller's resources tell whose they are",
	"the resource's tags: elasticloadbalancing": "listeners have no tags when they are made; the load balancer's name is in their ARN",
}

// TestStatesAreClosed: with every right that IAM can give, somebody who is neither an administrator nor a
// role of the bootstrap does nothing with a state, with the bucket's policy or with the key.
func TestStatesAreClosed(t *testing.T) {
	t.Parallel()
	p := newPlatform(t, environments, "PLINTH_ENVIRONMENTS=prod", "PLINTH_PROD_STATE_ADMINISTRATORS=[role/admin]")
	a, err := newAccount(p, p.settings["prod"])
	assert.NilError(t, err)
	mighty := func(name string) *principal {
		return &principal{name: name, arn: a.env.RoleARN(name), rules: []rule{{actions: []string{"*"}, resources: []string{"*"}}}}
	}
	seen := map[string]bool{}
	for _, thing := range a.things {
		actions := []string{"kms:Decrypt", "kms:GenerateDataKey", "kms:PutKeyPolicy", "kms:CreateGrant", "kms:ScheduleKeyDeletion", "kms:ReEncryptFrom"}
		switch {
		case thing.owner != bootstrap+"-prod" && thing.kind != "state":
			continue
		case thing.kind == "aws_s3_bucket":
			actions = []string{"s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:PutReplicationConfiguration", "s3:PutLifecycleConfiguration", "s3:ListBucket", "s3:DeleteBucket"}
		case thing.kind == "state" && thing.owner != neighbour:
			actions = []string{"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectAcl"}
		case thing.kind != "aws_kms_key":
			continue
		}
		seen[thing.kind] = true
		for _, action := range actions {
			assert.Assert(t, a.may(mighty("admin"), action, thing), "the administrator may not %s on %s", action, thing.arn)
			for _, other := range []string{"developer", "plinth-prod-grafana", "plinth-prod-deploy-network-2"} {
				assert.Assert(t, !a.may(mighty(other), action, thing), "%s may %s on %s", other, action, thing.arn)
			}
		}
	}
	assert.Equal(t, len(seen), 3, "%v", seen)
}

// TestApplicationsApart: what keeps an application's roles away from another's pods, parameters and secrets is
// noticed when it is wrong.
func TestApplicationsApart(t *testing.T) {
	t.Parallel()
	whole := newPlatform(t, samples, "PLINTH_ENVIRONMENTS=shapes")
	assert.DeepEqual(t, reachesNoFurther(whole), []string(nil))
	association := func(p platform, role string) object {
		for _, e := range p.resources("aws_eks_access_policy_association") {
			if strings.Contains(e.name, role+"-") {
				return e.body
			}
		}
		t.Fatalf("%s has no access policy", role)
		return nil
	}
	roles := func(change func(values string) string) func(p platform) {
		return func(p platform) {
			for _, e := range p.resources("helm_release") {
				if e.body["name"] == deployRoles {
					values := fmt.Sprint(e.body["values"].([]any)[0])
					changed := change(values)
					assert.Assert(t, values != changed, "%s", values)
					e.body["values"] = []any{changed}
				}
			}
		}
	}
	for name, test := range map[string]struct {
		spoil func(p platform)
		want  []string
	}{
		"a RoleBinding names another application's group": {
			roles(func(values string) string { return strings.ReplaceAll(values, ":deploy-billing", ":deploy-shop") }),
			[]string{"deploy-app: kubernetes:View, kubernetes:Run on another application's pods", "as role billing of billing"},
		},
		"a Role is in a namespace of the add-ons": {
			roles(func(values string) string { return strings.ReplaceAll(values, `"billing" =`, `"keda" =`) }),
			[]string{"deploy-app: kubernetes:View, kubernetes:Run on addons's pods"},
		},
		"a group is another's": {
			func(p platform) {
				for _, e := range p.resources("aws_eks_access_entry") {
					if strings.Contains(e.name, "deploy-handbook_") {
						e.body["kubernetes_groups"] = []any{"plinth:deploy-handbook", "plinth:deploy-shop"}
					}
				}
			},
			[]string{"deploy-app: kubernetes:View, kubernetes:Run on another application's pods", "ssm:GetParametersByPath on another application's parameter, as role shop of shop"},
		},
		"a plan role sees the whole cluster": {
			func(p platform) { association(p, "plan-shop")["access_scope"] = object{"type": "cluster"} },
			[]string{"plan-app: kubernetes:View on another application's pods", "plan-app: kubernetes:View on addons's pods"},
		},
		"a plan role edits": {
			func(p platform) {
				association(p, "plan-shop")["policy_arn"] = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy"
			},
			[]string{"plan-app: kms:Decrypt on data's aws_kms_key, as role shop of app"},
		},
		"a role trusts another application's service accounts": {
			func(p platform) {
				for _, e := range p.elements() {
					if e.stack == "shapes-shop" && e.kind == "aws_iam_policy_document" {
						for _, s := range dig(e.body, "statement").([]any) {
							conditions, _ := s.(object)["condition"].([]any)
							for _, c := range conditions {
								if values := strs(c.(object)["values"]); strings.HasPrefix(values[0], "system:serviceaccount:") {
									c.(object)["values"] = []any{"system:serviceaccount:search-index:search-index-secrets"}
								}
							}
						}
					}
				}
			},
			[]string{"deploy-app: ssm:GetParametersByPath on another application's parameter, as role shop of shop"},
		},
		// Two limits, of which either is enough.
		"an application reads another's parameters, and its boundary lets it": {
			func(p platform) {
				for _, e := range p.elements() {
					if e.kind == "aws_iam_policy" {
						e.body["policy"] = strings.ReplaceAll(fmt.Sprint(e.body["policy"]), ":parameter/plinth/shapes/shop", ":parameter/plinth/shapes/*")
					}
					if e.stack == "shapes-shop" && e.kind == "aws_iam_policy_document" {
						for _, s := range dig(e.body, "statement").([]any) {
							if s.(object)["sid"] == "ReadParameters" {
								s.(object)["resources"] = []any{"arn:aws:ssm:eu-west-2:444444444444:parameter/plinth/shapes/*"}
							}
						}
					}
				}
			},
			[]string{"role of app: ssm:GetParametersByPath on another application's parameter"},
		},
		"an application reads another's secret, and its boundary lets it": {
			func(p platform) {
				for _, e := range p.elements() {
					if e.kind == "aws_iam_policy" {
						e.body["policy"] = strings.ReplaceAll(fmt.Sprint(e.body["policy"]), ":secret:shop/stripe-??????", ":secret:billing/smtp-*")
					}
					if e.stack == "shapes-shop" && e.kind == "aws_iam_policy_document" {
						for _, s := range dig(e.body, "statement").([]any) {
							if s.(object)["sid"] == "ReadSecrets" {
								s.(object)["resources"] = []any{"arn:aws:secretsmanager:eu-west-2:444444444444:secret:billing/smtp-*"}
							}
						}
					}
				}
			},
			[]string{"role of app: secretsmanager:GetSecretValue on another application's secret"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			broken := whole.clone(t)
			test.spoil(broken)
			messages := strings.Join(reachesNoFurther(broken), "\n")
			for _, want := range test.want {
				assert.Check(t, strings.Contains(messages, want), "%q is not in:\n%s", want, messages)
			}
		})
	}
}
