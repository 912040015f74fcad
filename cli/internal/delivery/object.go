package delivery

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// object is a Kubernetes object, with the fields of all kinds that judge knows. A field that its kind
// does not have is zero.
type object struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Name        string            `json:"name"`
		Namespace   string            `json:"namespace"`
		Generation  int64             `json:"generation"`
		Annotations map[string]string `json:"annotations"`
		Labels      map[string]string `json:"labels"`
		Created     time.Time         `json:"creationTimestamp"`
		Deleted     *time.Time        `json:"deletionTimestamp"`
	} `json:"metadata"`
	Spec struct {
		Replicas *int `json:"replicas"`
		Template struct {
			Spec struct {
				Containers []struct {
					Image string `json:"image"`
				} `json:"containers"`
			} `json:"spec"`
		} `json:"template"`
		MinReplicas int      `json:"minReplicas"`
		MaxReplicas int      `json:"maxReplicas"`
		Metrics     []metric `json:"metrics"`
		Rules       []struct {
			Host string `json:"host"`
		} `json:"rules"`
		Schedule string `json:"schedule"`
		TimeZone string `json:"timeZone"`
		Suspend  bool   `json:"suspend"`
	} `json:"spec"`
	Status struct {
		Observed           int64       `json:"observedGeneration"`
		Replicas           int         `json:"replicas"`
		Updated            int         `json:"updatedReplicas"`
		Available          int         `json:"availableReplicas"`
		Phase              string      `json:"phase"`
		Reason             string      `json:"reason"`
		ContainerStatuses  []container `json:"containerStatuses"`
		Conditions         []condition `json:"conditions"`
		CurrentReplicas    int         `json:"currentReplicas"`
		DesiredReplicas    int         `json:"desiredReplicas"`
		CurrentMetrics     []metric    `json:"currentMetrics"`
		CurrentHealthy     int         `json:"currentHealthy"`
		DesiredHealthy     int         `json:"desiredHealthy"`
		DisruptionsAllowed int         `json:"disruptionsAllowed"`
		RefreshTime        string      `json:"refreshTime"`
		Succeeded          *time.Time  `json:"lastSuccessfulTime"`
		Scheduled          *time.Time  `json:"lastScheduleTime"`
		Active             any         `json:"active"`
		Started            *time.Time  `json:"startTime"`
		LoadBalancer       struct {
			Ingress []struct {
				Hostname string `json:"hostname"`
			} `json:"ingress"`
		} `json:"loadBalancer"`
	} `json:"status"`
}

// metric is an autoscaler's target or current value: of pods, of their container, or external for each
// pod, as from KEDA.
type metric struct {
	Resource  measure `json:"resource"`
	Container measure `json:"containerResource"`
	External  outside `json:"external"`
}

type measure struct {
	Name            string `json:"name"`
	Target, Current struct {
		Percent *int `json:"averageUtilization"`
	}
}

// outside is an external metric. Its values are Kubernetes quantities, such as 200 or 12500m.
type outside struct {
	Metric          struct{ Name string }
	Target, Current struct {
		Each string `json:"averageValue"`
	}
}

func (m metric) measure() measure {
	if m.Container.Name != "" {
		return m.Container
	}
	return m.Resource
}

type container struct {
	Ready    bool `json:"ready"`
	Restarts int  `json:"restartCount"`
	State    struct {
		Waiting    why `json:"waiting"`
		Terminated why `json:"terminated"`
	} `json:"state"`
}

type why struct {
	Reason  string `json:"reason"`
	Message string `json:"message"`
	Code    int    `json:"exitCode"`
}

type condition struct {
	Type    string `json:"type"`
	Status  string `json:"status"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// judge returns a finding about the object's health.
func (o object) judge() finding {
	switch o.Kind {
	case "Deployment":
		return o.deployment()
	case "Pod":
		return o.pod()
	case "HorizontalPodAutoscaler":
		return o.autoscaler()
	case "PodDisruptionBudget":
		return o.budget()
	case "Ingress":
		return o.ingress()
	case "ExternalSecret":
		return o.secret()
	case "CronJob":
		return o.cronJob(time.Now())
	case "Job":
		return o.job()
	}
	return fine(o.Kind, "%s", o.Metadata.Name)
}

// deployment is healthy when its rolling update is complete, as for `kubectl rollout status`: all
// replicas are updated and available, and no old one is left.
func (o object) deployment() finding {
	wanted := 1
	if o.Spec.Replicas != nil {
		wanted = *o.Spec.Replicas
	}
	var images []string
	for _, c := range o.Spec.Template.Spec.Containers {
		images = append(images, c.Image)
	}
	what := cmp.Or(o.kind(), "deployment")
	status := o.Status
	text := fmt.Sprintf("%s: %d of %d available", o.Metadata.Name, status.Available, wanted)
	switch progress := o.condition("Progressing"); {
	case progress.Status == "False":
		return wrong(what, "%s; %s", text, progress.reason())
	case status.Observed < o.Metadata.Generation:
		return wrong(what, "%s; its last change is not processed yet", text)
	case status.Updated < wanted || status.Replicas > status.Updated:
		return wrong(what, "%s; rolling out: %d updated, %d older", text, status.Updated, status.Replicas-status.Updated)
	case status.Available < wanted:
		return wrong(what, "%s", text)
	}
	return fine(what, "%s, of %s", text, strings.Join(images, ", "))
}

// pod is healthy when it is ready. A pod that terminates, or was evicted and replaced, does not count.
func (o object) pod() finding {
	text := o.Metadata.Name + ": "
	restarts := 0
	for _, c := range o.Status.ContainerStatuses {
		restarts += c.Restarts
	}
	if restarts > 0 {
		text = fmt.Sprintf("%s: restarted %d×, ", o.Metadata.Name, restarts)
	}
	ready := o.condition("Ready")
	switch {
	case o.Metadata.Deleted != nil:
		return fine("pod", "%sterminating", text)
	case o.Status.Phase == "Succeeded":
		return fine("pod", "%sdone", text)
	case o.Status.Phase == "Failed":
		return fine("pod", "%sfailed, %s", text, cmp.Or(o.Status.Reason, "for no reason that is told"))
	case ready.Status == "True":
		return fine("pod", "%sready", text)
	}
	for _, c := range o.Status.ContainerStatuses {
		if w := cmp.Or(c.State.Waiting, c.State.Terminated); !c.Ready && w.Reason != "" {
			return wrong("pod", "%s%s", text, join(w.Reason, w.Message))
		}
	}
	if scheduled := o.condition("PodScheduled"); scheduled.Status == "False" {
		return wrong("pod", "%s%s", text, scheduled.reason())
	}
	return wrong("pod", "%snot ready; %s", text, ready.reason())
}

func (o object) autoscaler() finding {
	text := fmt.Sprintf("%s: %d replicas (%d to %d)", o.Metadata.Name, o.Status.DesiredReplicas, o.Spec.MinReplicas, o.Spec.MaxReplicas)
	for _, m := range o.Spec.Metrics {
		aim, now := m.measure(), "unknown"
		for _, current := range o.Status.CurrentMetrics {
			if c := current.measure(); c.Name == aim.Name && c.Current.Percent != nil {
				now = fmt.Sprintf("%d %%", *c.Current.Percent)
			}
		}
		if aim.Target.Percent != nil {
			text += fmt.Sprintf(", %s %s for %d %%", aim.Name, now, *aim.Target.Percent)
		}
		if aim := m.External; aim.Target.Each != "" {
			now := "unknown"
			for _, current := range o.Status.CurrentMetrics {
				if c := current.External; c.Metric.Name == aim.Metric.Name && c.Current.Each != "" {
					now = c.Current.Each
				}
			}
			text += fmt.Sprintf(", %s %s for %s a pod", aim.Metric.Name, now, aim.Target.Each)
		}
	}
	for _, name := range []string{"AbleToScale", "ScalingActive"} {
		if c := o.condition(name); c.Status == "False" {
			return wrong("autoscaler", "%s; %s", text, c.reason())
		}
	}
	return fine("autoscaler", "%s", text)
}

func (o object) budget() finding {
	status := o.Status
	text := fmt.Sprintf("%s: allowed disruptions %d, healthy %d of %d", o.Metadata.Name, status.DisruptionsAllowed, status.CurrentHealthy, status.DesiredHealthy)
	if status.CurrentHealthy < status.DesiredHealthy {
		return wrong("budget", "%s", text)
	}
	return fine("budget", "%s", text)
}

func (o object) ingress() finding {
	if host := o.loadBalancer(); host != "" {
		return fine("ingress", "%s: %s", o.Metadata.Name, host)
	}
	return wrong("ingress", "%s: has no load balancer yet", o.Metadata.Name)
}

func (o object) secret() finding {
	if ready := o.condition("Ready"); ready.Status != "True" {
		return wrong("secret", "%s: not ready; %s", o.Metadata.Name, ready.reason())
	}
	return fine("secret", "%s: ready, read at %s", o.Metadata.Name, o.Status.RefreshTime)
}

func (o object) loadBalancer() string {
	for _, at := range o.Status.LoadBalancer.Ingress {
		return at.Hostname
	}
	return ""
}

func (o object) condition(kind string) condition {
	i := slices.IndexFunc(o.Status.Conditions, func(c condition) bool { return c.Type == kind })
	if i < 0 {
		return condition{}
	}
	return o.Status.Conditions[i]
}

func (c condition) reason() string {
	return cmp.Or(join(c.Reason, c.Message), "no reason is told")
}

// join puts a reason and its message on one line.
func join(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return strings.Join(strings.Fields(strings.Join(parts, ": ")), " ")
}
