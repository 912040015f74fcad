package wholeapp

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// found is what a pipeline's role reaches outside its stack.
type found struct {
	role, action string
	what         string // whose and what it is, as in data aws_kms_key
	via          string // the principals on the way, empty for its own rights
}

// metadata are actions that read no content. Where nothing else is allowed, a list of another stack's
// resources is no reach.
var metadata = regexp.MustCompile(`:(Describe|List|View|BatchCheck|Get)`) // a registry's token alone opens nothing

// contents are the exceptions.
var contents = append(slices.DeleteFunc(slices.Clone(secretsValues), func(action string) bool { return action == "ecr:GetAuthorizationToken" }),
	"s3:GetObject", "s3:GetObjectVersion", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer",
	"logs:FilterLogEvents", "aps:GetSeries", "aps:GetLabels", "kms:GetPublicKey")

// reach returns everything outside a role's stack on which it can have an action done: by its own
// rights, or those of whoever it can become.
func (a *awsAccount) reach(start *principal) (all []found) {
	via, own := map[string]string{start.name: ""}, a.env.Name+"-"+start.stack
	queue := []*principal{start}
	for len(queue) > 0 {
		p := queue[0]
		queue = queue[1:]
		all = append(all, a.podsOfOthers(p, start, via[p.name])...)
		for _, r := range p.rules {
			if r.deny {
				continue
			}
			actions := slices.DeleteFunc(slices.Clone(r.actions), func(action string) bool {
				return metadata.MatchString(action) && !slices.Contains(contents, action)
			})
			for _, t := range a.things {
				if t.owner == own || !r.isAbout(t) {
					continue
				}
				for _, action := range actions {
					if a.may(p, action, t) {
						all = append(all, found{a.reviewed(start), action, a.whose(t, start), a.via(via[p.name], start)})
					}
				}
			}
		}
		for _, next := range a.becomes(p) {
			if _, seen := via[next.name]; !seen {
				via[next.name] = strings.TrimPrefix(via[p.name]+" → "+next.name, " → ")
				queue = append(queue, next)
			}
		}
	}
	return all
}

// reviewed is a name of a role as in the list of what is reviewed, where every application is called app.
func (a *awsAccount) reviewed(p *principal) string {
	if a.env.Apps[p.stack] == nil {
		return p.name
	}
	for _, verb := range []string{"deploy-", "plan-"} {
		if p.name == verb+p.stack {
			return verb + "app"
		}
	}
	return "role of app"
}

// via is a way over others' roles as in the list of what is reviewed.
func (a *awsAccount) via(way string, start *principal) string {
	if a.env.Apps[start.stack] == nil {
		return way
	}
	return regexp.MustCompile(`\bof `+start.stack+`\b`).ReplaceAllString(way, "of app")
}

func (a *awsAccount) whose(t thing, by *principal) string {
	// The add-ons' controller makes load balancers for applications.
	if rest, made := strings.CutPrefix(t.kind, "controller's "); made {
		app, kind, several := strings.Cut(rest, "'s ")
		if several && (app == by.stack || a.env.Apps[by.stack] == nil) {
			return layer(t.owner) + "'s controller's " + kind
		}
	}
	if t.owner == neighbour || t.owner == stranger {
		return t.owner + "'s " + t.kind
	}
	if layer(t.owner) == "app" && t.owner != a.env.Name+"-"+by.stack && layer(a.env.Name+"-"+by.stack) == "app" {
		return "another application's " + t.kind
	}
	return layer(t.owner) + "'s " + t.kind
}

// becomes returns the principals whose rights a principal can use: roles that it can make, change or
// pass to a service that runs something for it, and those of the pods that it can have run.
func (a *awsAccount) becomes(p *principal) (all []*principal) {
	role := func(arn, boundary string) thing {
		t := thing{arn: arn, kind: "aws_iam_role", isNew: true, keys: map[string]string{"iam:PermissionsBoundary": boundary}}
		maps.Copy(t.keys, map[string]string{
			"aws:ResourceTag/project": a.env.Project, "aws:ResourceTag/environment": a.env.Name, "aws:ResourceTag/stack": p.stack,
		})
		return t
	}
	for _, boundary := range append(a.boundaries(), "") {
		if a.may(p, "iam:CreateRole", role(a.env.RoleARN(a.env.ResourceName("new")), boundary)) {
			all = append(all, a.bounded(boundary))
		}
	}
	for _, t := range a.things {
		r := a.roles[t.arn]
		if t.kind == "aws_ecr_repository" && t.owner == a.env.Name+"-data" && a.may(p, "ecr:PutImage", t) {
			app := strings.TrimPrefix(t.arn[strings.LastIndex(t.arn, "/")+1:], a.env.ResourceName(""))
			all = append(all, a.as(app+":"+app)...)
		}
		if t.kind != "aws_iam_role" || r == nil {
			continue
		}
		if a.may(p, "iam:PutRolePolicy", t) || a.may(p, "iam:AttachRolePolicy", t) {
			all = append(all, a.bounded(t.keys["iam:PermissionsBoundary"]))
		}
		if a.may(p, "iam:UpdateAssumeRolePolicy", t) || len(r.services) > 0 && a.may(p, "iam:PassRole", t) {
			all = append(all, r)
		}
	}
	return append(all, a.inCluster(p)...)
}

// boundaries are the ARNs of the boundaries of the roles that stacks make.
func (a *awsAccount) boundaries() (arns []string) {
	for _, t := range a.things {
		if t.kind == "aws_iam_policy" && strings.Contains(t.arn, a.env.ResourceName("roles")) {
			arns = append(arns, t.arn)
		}
	}
	return arns
}

// bounded is a role that somebody has made with a boundary and given every permission.
func (a *awsAccount) bounded(boundary string) *principal {
	if boundary == "" {
		return &principal{name: "a role without a boundary", arn: a.env.RoleARN(a.env.ResourceName("new")), rules: []rule{{actions: []string{"iam:*", "s3:*"}, resources: []string{"*"}}}}
	}
	_, name, _ := strings.Cut(boundary, a.env.ResourceName("roles", ""))
	return &principal{name: "any role of " + name, arn: a.env.RoleARN(a.env.ResourceName("new")), stack: name, rules: a.policyRules(boundary)}
}

// pods are the roles of the service accounts in a namespace, or in all.
func (a *awsAccount) pods(namespace string) []*principal { return a.as(namespace + ":*") }

// as are the roles of the service accounts that match a pattern.
func (a *awsAccount) as(pattern string) (all []*principal) {
	for _, arn := range slices.Sorted(maps.Keys(a.roles)) {
		if slices.ContainsFunc(a.roles[arn].accounts, func(account string) bool { return wild(pattern, account) }) {
			all = append(all, a.roles[arn])
		}
	}
	return all
}

// reviewed is an entry of reach.yaml.
type reviewed struct {
	// Role, Can, On and As are patterns: a role such as deploy-data or plan-*, actions, whose things of
	// what type, and the principals on the way. Reason says why it may be.
	Role   string
	Can    []string
	On, As string
	Reason string

	used bool
}

func (r *reviewed) covers(f found) bool {
	return wild(r.Role, f.role) && wild(r.On, f.what) && wild(r.As, f.via) && slices.ContainsFunc(r.Can, func(action string) bool { return wild(action, f.action) })
}

// reviewedReach reads the list.
var reviewedReach = sync.OnceValue(func() (list []*reviewed) {
	content, err := os.ReadFile("testdata/reach.yaml")
	if err == nil {
		err = yaml.Unmarshal(content, &list)
	}
	if err != nil {
		panic(err)
	}
	return list
})

// reachesNoFurther: what a role of a pipeline or of an application can reach outside its stack is in the reviewed
// list.
func reachesNoFurther(p platform) (broken []string) {
	for _, name := range slices.Sorted(maps.Keys(p.settings)) {
		if len(p.stacks["bootstrap-"+name]) == 0 {
			continue
		}
		a, err := newAccount(p, p.settings[name])
		if err != nil {
			return append(broken, err.Error())
		}
		broken = append(broken, a.unreviewed(reviewedReach())...)
	}
	return broken
}

// unreviewed are the findings of all pipeline roles, and of those of applications, that no entry covers, in a line
// each.
func (a *awsAccount) unreviewed(list []*reviewed) (messages []string) {
	type place struct{ role, what, via string }
	actions := map[place][]string{}
	for _, arn := range slices.Sorted(maps.Keys(a.roles)) {
		p := a.roles[arn]
		ofPipeline := strings.HasPrefix(p.name, "deploy-") || strings.HasPrefix(p.name, "plan-") || p.name == "push"
		if !ofPipeline && a.env.Apps[p.stack] == nil {
			continue
		}
		for _, f := range a.reach(p) {
			covered := false
			for _, r := range list {
				if r.covers(f) {
					r.used, covered = true, true
				}
			}
			at := place{f.role, f.what, f.via}
			if !covered && !slices.Contains(actions[at], f.action) {
				actions[at] = append(actions[at], f.action)
			}
		}
	}
	for at, list := range actions {
		message := fmt.Sprintf("%s: %s on %s", at.role, strings.Join(list, ", "), at.what)
		if at.via != "" {
			message += ", as " + at.via
		}
		messages = append(messages, message)
	}
	slices.Sort(messages)
	return messages
}
