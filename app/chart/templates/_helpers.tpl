{{/* The name of every object: the release's. */}}
{{- define "app.fullname" -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{/* The Secret that the ExternalSecret makes and the pod mounts. */}}
{{- define "app.databaseSecret" -}}
{{- printf "%s-database" (include "app.fullname" .) -}}
{{- end -}}

{{/* What selects the pods: it can never change, so nothing that ever changes belongs here. */}}
{{- define "app.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "app.labels" -}}
{{ include "app.selectorLabels" . }}
app.kubernetes.io/version: {{ include "app.version" . | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{/* The tag, or the digest's first twelve digits, as a label may be written. */}}
{{- define "app.version" -}}
{{- $version := .Values.image.tag | default (.Values.image.digest | trimPrefix "sha256:" | trunc 12) -}}
{{- regexReplaceAll "(^[^A-Za-z0-9]+|[^A-Za-z0-9]+$)" ($version | trunc 63) "" -}}
{{- end -}}

{{- define "app.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository .Values.image.tag -}}
{{- end -}}
{{- end -}}

{{/* AWS tags as the controller's annotations take them: key=value,key=value. */}}
{{- define "app.awsTags" -}}
{{- $pairs := list -}}
{{- range $key, $value := . -}}
{{- $pairs = append $pairs (printf "%s=%s" $key $value) -}}
{{- end -}}
{{- join "," $pairs -}}
{{- end -}}

{{/*
How a pod leaves, in seconds. The times depend on each other, so they are kept together.
  deregistration  the ALB finishes what it already sent to a pod it no longer sends anything new
  leave           the pod goes on serving while the controller and the ALB learn that it is leaving
  drain           the application, told to stop, ends its own requests
  grace           all of it; after this the pod is killed. It must exceed leave + drain.
*/}}
{{- define "app.seconds.deregistration" -}}30{{- end -}}
{{- define "app.seconds.leave" -}}20{{- end -}}
{{- define "app.seconds.grace" -}}60{{- end -}}
