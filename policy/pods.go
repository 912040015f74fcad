package main

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/pod-security-admission/policy"

	"plinth/tools/charts/render"
)

// chartRule is one of Plinth's own rules about Helm releases. Add new ones to chartRules.
type chartRule struct {
	name   string
	remedy string
	// check reports each violation: the object, such as Deployment app, and the problem.
	check func(r rendering, report func(object, problem string))
}

var chartRules = []chartRule{
	{"service-account-token", "Set automountServiceAccountToken: false for the pod or its service account", tokens},
	{"public-service", "Use type ClusterIP; the application is reached through its Ingress", publicServices},
	{"public-ingress", "Make the load balancer internal; only the application's may be public", ingresses},
}

// chartFindings runs chartRules, and Kubernetes' own checks for Pod Security "restricted".
func chartFindings(all []rendering) (findings []Finding) {
	for _, r := range all {
		for _, rule := range chartRules {
			rule.check(r, func(object, problem string) {
				findings = append(findings, Finding{Rule: "plinth/" + rule.name, File: r.stack.shown, In: r.in(object), Problem: problem, Remedy: rule.remedy})
			})
		}
		findings = append(findings, restricted(r)...)
	}
	return findings
}

// restricted runs each check of Pod Security "restricted" on every pod.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/
func restricted(r rendering) (findings []Finding) {
	var overridden []policy.CheckID
	checks := policy.DefaultChecks()
	for _, check := range checks {
		for _, version := range check.Versions {
			overridden = append(overridden, version.OverrideCheckIDs...)
		}
	}
	for _, p := range pods(r.Release) {
		for _, check := range checks {
			if slices.Contains(overridden, check.ID) {
				continue
			}
			result := check.Versions[len(check.Versions)-1].CheckPod(&p.meta, &p.spec)
			if !result.Allowed {
				findings = append(findings, Finding{
					Rule: "pod-security/" + string(check.ID), File: r.stack.shown, In: r.in(p.object),
					Problem: result.ForbiddenReason + ": " + result.ForbiddenDetail,
					Remedy:  "Set it in the chart's values, mostly in securityContext",
				})
			}
		}
	}
	return findings
}

// pod is a pod of a release, or the template of its pods.
type pod struct {
	// object is the object that contains it, as in messages.
	object, namespace string
	meta              metav1.ObjectMeta
	spec              corev1.PodSpec
}

// pods returns all pods of a release, including those of helm test.
func pods(r *render.Release) (found []pod) {
	for _, o := range slices.Concat(r.Objects, r.Tests) {
		add := func(t corev1.PodTemplateSpec) {
			found = append(found, pod{o.String(), o.Namespace, t.ObjectMeta, t.Spec})
		}
		switch d := o.Decoded.(type) {
		case *appsv1.Deployment:
			add(d.Spec.Template)
		case *appsv1.StatefulSet:
			add(d.Spec.Template)
		case *appsv1.DaemonSet:
			add(d.Spec.Template)
		case *batchv1.Job:
			add(d.Spec.Template)
		case *batchv1.CronJob:
			add(d.Spec.JobTemplate.Spec.Template)
		case *corev1.Pod:
			add(corev1.PodTemplateSpec{ObjectMeta: d.ObjectMeta, Spec: d.Spec})
		}
	}
	return found
}

// tokens reports pods that get a token for the Kubernetes API although they have no rights in it.
func tokens(r rendering, report func(object, problem string)) {
	off := map[string]bool{}
	entitled := map[string]bool{}
	bind := func(subjects []rbacv1.Subject, namespace string) {
		for _, s := range subjects {
			if s.Kind == rbacv1.ServiceAccountKind {
				if s.Namespace != "" {
					namespace = s.Namespace
				}
				entitled[namespace+"/"+s.Name] = true
			}
		}
	}
	each(r.Release, func(account *corev1.ServiceAccount, o render.Object) {
		off[o.Namespace+"/"+account.Name] = account.AutomountServiceAccountToken != nil && !*account.AutomountServiceAccountToken
	})
	each(r.Release, func(b *rbacv1.RoleBinding, o render.Object) { bind(b.Subjects, o.Namespace) })
	each(r.Release, func(b *rbacv1.ClusterRoleBinding, _ render.Object) { bind(b.Subjects, "") })
	for _, p := range pods(r.Release) {
		name := p.spec.ServiceAccountName
		if name == "" {
			name = "default"
		}
		account := p.namespace + "/" + name
		mounted := !off[account]
		if p.spec.AutomountServiceAccountToken != nil {
			mounted = *p.spec.AutomountServiceAccountToken
		}
		if mounted && !entitled[account] {
			report(p.object, "service account "+name+"'s token is mounted, but no role is bound to it")
		}
	}
}

func publicServices(r rendering, report func(object, problem string)) {
	each(r.Release, func(s *corev1.Service, o render.Object) {
		if s.Spec.Type == corev1.ServiceTypeLoadBalancer || s.Spec.Type == corev1.ServiceTypeNodePort {
			report(o.String(), "its type is "+string(s.Spec.Type))
		}
	})
}

func ingresses(r rendering, report func(object, problem string)) {
	each(r.Release, func(i *networkingv1.Ingress, o render.Object) {
		scheme := i.Annotations["alb.ingress.kubernetes.io/scheme"]
		if r.stack.id != r.stack.environment()+"-app" && scheme != "internal" {
			report(o.String(), fmt.Sprintf("creates a load balancer with scheme %q", scheme))
		}
	})
}

// each calls call with every object of type T.
func each[T runtime.Object](r *render.Release, call func(T, render.Object)) {
	for _, o := range slices.Concat(r.Objects, r.Tests) {
		if object, ok := o.Decoded.(T); ok {
			call(object, o)
		}
	}
}
