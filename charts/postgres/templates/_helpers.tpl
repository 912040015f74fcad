{{/* The name of every object: the release's. Clients know the Service by it. */}}
{{- define "postgres.fullname" -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{/* The Secret that the ExternalSecret makes and the pod mounts. */}}
{{- define "postgres.secret" -}}
{{- printf "%s-credentials" (include "postgres.fullname" .) -}}
{{- end -}}

{{/* What selects the pod: it can never change, so nothing that ever changes belongs here. */}}
{{- define "postgres.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "postgres.labels" -}}
{{ include "postgres.selectorLabels" . }}
app.kubernetes.io/version: {{ include "postgres.version" . | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "postgres.version" -}}
{{- .Values.version | default .Chart.AppVersion -}}
{{- end -}}

{{/* Debian's, which has openssl: the certificate is made in the pod. */}}
{{- define "postgres.image" -}}
{{- printf "%s:%s-bookworm" .Values.image.repository (include "postgres.version" .) -}}
{{- with .Values.image.digest }}@{{ . }}{{ end -}}
{{- end -}}

{{- define "postgres.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Equal, so that the pod is Guaranteed and Fargate's size is what it can really use. */}}
{{- define "postgres.resources" -}}
requests:
  cpu: {{ .Values.resources.cpu | quote }}
  memory: {{ .Values.resources.memory | quote }}
limits:
  cpu: {{ .Values.resources.cpu | quote }}
  memory: {{ .Values.resources.memory | quote }}
{{- end -}}
