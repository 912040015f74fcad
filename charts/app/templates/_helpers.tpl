{{/* The name of every object: the release's. */}}
{{- define "app.fullname" -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{/* The Secret that the ExternalSecret makes and a process mounts. */}}
{{- define "app.databaseSecret" -}}
{{- printf "%s-database" (include "app.secretPrefix" .) -}}
{{- end -}}

{{/* The Secret whose keys are a process's variables. */}}
{{- define "app.parameters" -}}
{{- printf "%s-parameters" (include "app.secretPrefix" .) -}}
{{- end -}}

{{/*
The Secret whose keys are the variables of the named secrets. Its name changes with what is read: a pod never
starts with the values of other secrets, but waits for its own. That of the release command goes with each
release, and under one name also if Helm was stopped before.
*/}}
{{- define "app.namedSecrets" -}}
{{- include "app.namedStore" . -}}
{{- if ne .kind "release" -}}-{{- include "app.reference" .root.Values.secrets -}}{{- end -}}
{{- end -}}
{{- define "app.namedStore" -}}
{{- printf "%s-secrets" (include "app.secretPrefix" .) -}}
{{- end -}}

{{/* What tells one reference to secrets from another, in a name. */}}
{{- define "app.reference" -}}
{{- toJson . | sha256sum | trunc 8 -}}
{{- end -}}

{{/* Whether there is anything to read from AWS; empty if not. */}}
{{- define "app.reads" -}}
{{- if or .Values.database .Values.parameters.path .Values.secrets -}}true{{- end -}}
{{- end -}}

{{- define "app.secretPrefix" -}}
{{- include "app.fullname" .root -}}{{- if eq .kind "release" -}}-release{{- end -}}
{{- end -}}

{{/* The release command's service account, and that which reads its secrets. */}}
{{- define "app.releaseAccount" -}}
{{- .Values.serviceAccount.releaseName | default (printf "%s-release" .Values.serviceAccount.name) -}}
{{- end -}}
{{- define "app.releaseReader" -}}
{{- .Values.secretStore.releaseServiceAccountName | default (printf "%s-release" .Values.secretStore.serviceAccountName) -}}
{{- end -}}

{{/* Annotations of what the hook of the release command makes, with its weight. */}}
{{- define "app.hook" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}

{{/* The Service that leads to the metrics. */}}
{{- define "app.metricsService" -}}
{{- printf "%s-metrics" (include "app.fullname" .) -}}
{{- end -}}

{{/* What selects the pods: it can never change, so nothing that ever changes belongs here. */}}
{{- define "app.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "app.labels" -}}
{{ include "app.selectorLabels" . }}
{{ include "app.describingLabels" . }}
{{- end -}}

{{- define "app.describingLabels" -}}
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

{{/* The ALB's attributes as the controller's annotation takes them: name=value,name=value. */}}
{{- define "app.loadBalancerAttributes" -}}
{{- $logs := .Values.ingress.accessLogs -}}
{{- /* Malformed headers are a way to smuggle requests past the ALB. */ -}}
{{- $attributes := list "routing.http.drop_invalid_header_fields.enabled=true" -}}
{{- $attributes = append $attributes (printf "idle_timeout.timeout_seconds=%d" (int .Values.ingress.idleTimeoutSeconds)) -}}
{{- /* Said in either case: the controller leaves alone what is not here, so logs once on would stay on. */ -}}
{{- $attributes = append $attributes (printf "access_logs.s3.enabled=%t" (not (empty $logs.bucket))) -}}
{{- if $logs.bucket -}}
{{- $attributes = append $attributes (printf "access_logs.s3.bucket=%s" $logs.bucket) -}}
{{- $attributes = append $attributes (printf "access_logs.s3.prefix=%s" $logs.prefix) -}}
{{- end -}}
{{- join "," $attributes -}}
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

  notice          the pod goes on serving, until the controller and the ALB surely know that it leaves
  deregistration  from then on the ALB sends it nothing new, and lets what it already sent go on
  drain           so long the application, told to stop, goes on with the requests it has
  stop            and it has ended after so long
  leave           the preStop sleep: notice, and what of deregistration is not in drain
  grace           after this the pod is killed: leave, stop, and some to spare
  stopGrace       the same of a pod that no load balancer knows, which is stopped at once
  start           what a command's deadline has on top: until its pod has a machine, image and Secrets

So whatever the ALB still waits for, the pod still answers: notice + deregistration <= leave + drain.
*/}}
{{- define "app.seconds.notice" -}}20{{- end -}}
{{- define "app.seconds.drain" -}}25{{- end -}}
{{- define "app.seconds.stop" -}}30{{- end -}}
{{- define "app.seconds.deregistration" -}}{{ int .Values.ingress.deregistrationDelaySeconds }}{{- end -}}
{{- define "app.seconds.leave" -}}
{{- $rest := sub (include "app.seconds.deregistration" .) (include "app.seconds.drain" .) -}}
{{- add (include "app.seconds.notice" .) (max 0 $rest) -}}
{{- end -}}
{{- define "app.seconds.stopGrace" -}}{{- add (include "app.seconds.stop" .) 10 -}}{{- end -}}
{{- define "app.seconds.grace" -}}
{{- add (include "app.seconds.leave" .) (include "app.seconds.stopGrace" .) -}}
{{- end -}}
{{- define "app.seconds.start" -}}300{{- end -}}

{{/*
How long the application keeps an idle connection. Longer than the ALB does, so that it is the ALB
that closes it: it would send a request into one that the application is just closing, and answer 502.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
*/}}
{{- define "app.seconds.idle" -}}{{ add (int .Values.ingress.idleTimeoutSeconds) 10 }}{{- end -}}

{{/*
How much memory Go fills with garbage before it collects harder: nine tenths of what the autoscaler
aims at. Without it a heap grows to twice what is in use, whatever the container's limit is, and the
autoscaler would take garbage for load. Of a process without an autoscaler, nine tenths of its memory.
https://go.dev/doc/gc-guide#Memory_limit
*/}}
{{- define "app.goMemoryLimit" -}}
{{- $percent := mulf (dig "replicas" "memoryPercent" 100 .) 0.9 -}}
{{- printf "%.0fMiB" (floor (divf (mulf (include "app.mebibytes" .resources.memory) $percent) 100)) -}}
{{- end -}}

{{/* The MiB of 256Mi or 1.5Gi. */}}
{{- define "app.mebibytes" -}}
{{- if hasSuffix "Gi" . -}}{{ mulf (trimSuffix "Gi" .) 1024 }}{{- else -}}{{ trimSuffix "Mi" . }}{{- end -}}
{{- end -}}

{{/* The thousandths of a CPU of 250m or 0.25. */}}
{{- define "app.millicpus" -}}
{{- if hasSuffix "m" . -}}{{ trimSuffix "m" . }}{{- else -}}{{ mulf . 1000 }}{{- end -}}
{{- end -}}

{{/* Pod Security "restricted", in two parts; AppArmor cannot be set on Fargate. */}}
{{- define "app.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ int .Values.user }}
runAsGroup: {{ int .Values.user }}
seccompProfile:
  type: RuntimeDefault
{{- end -}}
{{- define "app.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* How fast pods come and go, whichever autoscaler decides it. */}}
{{- define "app.scaling" -}}
# Up at once and far, but only once a minute: a pod on Fargate takes a minute or two to start,
# and Kubernetes' own fifteen seconds would double four times before the first one helps.
scaleUp:
  stabilizationWindowSeconds: 0
  selectPolicy: Max
  policies:
    - type: Percent
      value: 100
      periodSeconds: 60
    - type: Pods
      value: 4
      periodSeconds: 60
# Down only to the most that the last five minutes needed, and a tenth of the pods a minute (one,
# of few): load that comes in waves finds them still there, and the rest is not overrun.
scaleDown:
  stabilizationWindowSeconds: 300
  selectPolicy: Max
  policies:
    - type: Percent
      value: 10
      periodSeconds: 60
    - type: Pods
      value: 1
      periodSeconds: 60
{{- end -}}
