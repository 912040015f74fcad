{{/* The name of every object: the release's. */}}
{{- define "pod-logs.fullname" -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{/* What selects the pod: it can never change, so nothing that ever changes belongs here. */}}
{{- define "pod-logs.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "pod-logs.labels" -}}
{{ include "pod-logs.selectorLabels" . }}
app.kubernetes.io/version: {{ include "pod-logs.tag" . | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "pod-logs.tag" -}}
{{- .Values.image.tag | default .Chart.AppVersion -}}
{{- end -}}

{{- define "pod-logs.image" -}}
{{- printf "%s:%s" .Values.image.repository (include "pod-logs.tag" .) -}}
{{- with .Values.image.digest }}@{{ . }}{{ end -}}
{{- end -}}

{{/* https://grafana.com/docs/alloy/latest/reference/components/loki/loki.source.kubernetes/ */}}
{{- define "pod-logs.config" -}}
logging {
  level  = "warn"
  format = "json"
}

discovery.kubernetes "pods" {
  role = "pod"

  namespaces {
    names = {{ .Values.namespaces | toJson }}
  }
}

discovery.relabel "pods" {
  targets = discovery.kubernetes.pods.targets

  rule {
    source_labels = ["__meta_kubernetes_namespace"]
    target_label  = "namespace"
  }

  rule {
    source_labels = ["__meta_kubernetes_pod_name"]
    target_label  = "pod"
  }

  rule {
    source_labels = ["__meta_kubernetes_pod_container_name"]
    target_label  = "container"
  }

  rule {
    source_labels = ["__meta_kubernetes_pod_label_app_kubernetes_io_name"]
    target_label  = "app"
  }

  rule {
    source_labels = ["__meta_kubernetes_pod_label_app_kubernetes_io_component"]
    target_label  = "process"
  }
}

loki.source.kubernetes "pods" {
  targets    = discovery.relabel.pods.output
  forward_to = [loki.process.pods.receiver]
}

loki.process "pods" {
  forward_to = [loki.write.loki.receiver]

  // A line that is no JSON passes as it is.
  stage.json {
    expressions = { level = "level" }
  }

  stage.labels {
    values = { level = "" }
  }

  // They say once more what the others say.
  stage.label_drop {
    values = ["instance", "job"]
  }
}

loki.write "loki" {
  endpoint {
    url = "{{ .Values.lokiUrl }}/loki/api/v1/push"
  }
}
{{- end -}}
