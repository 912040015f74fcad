{{/*
A process is a dict: root is the chart's own context, kind is web, worker, job or release, name is the
process's in the values, path is where, and spec is what they say of it.
*/}}

{{/* All processes as YAML: those that run all the time (services), jobs, and release, without root. */}}
{{- define "app.processes" -}}
{{- $defaults := .Values.defaults -}}
{{- $services := list -}}
{{- $jobs := list -}}
{{- $release := dict -}}
{{- if kindIs "map" .Values.web -}}
{{- $services = append $services (dict "kind" "web" "name" "web" "path" "web" "spec" (mergeOverwrite (deepCopy $defaults.web) (deepCopy .Values.web))) -}}
{{- end -}}
{{- range $name, $spec := .Values.workers -}}
{{- $services = append $services (dict "kind" "worker" "name" $name "path" (printf "workers.%s" $name) "spec" (mergeOverwrite (deepCopy $defaults.worker) (deepCopy $spec))) -}}
{{- end -}}
{{- range $name, $spec := .Values.jobs -}}
{{- $jobs = append $jobs (dict "kind" "job" "name" $name "path" (printf "jobs.%s" $name) "spec" (mergeOverwrite (deepCopy $defaults.job) (deepCopy $spec))) -}}
{{- end -}}
{{- with .Values.release -}}
{{- $release = dict "kind" "release" "name" "release" "path" "release" "spec" (mergeOverwrite (deepCopy $defaults.release) (deepCopy .)) -}}
{{- end -}}
{{- dict "services" $services "jobs" $jobs "release" $release | toYaml -}}
{{- end -}}

{{/* What the values say of web, as YAML; nothing without it. */}}
{{- define "app.web" -}}
{{- range (include "app.processes" . | fromYaml).services -}}
{{- if eq .kind "web" -}}{{- toYaml .spec -}}{{- end -}}
{{- end -}}
{{- end -}}

{{/* What the values say of the database, as YAML; nothing without one. */}}
{{- define "app.database" -}}
{{- with .Values.database -}}{{- mergeOverwrite (deepCopy $.Values.defaults.database) (deepCopy .) | toYaml -}}{{- end -}}
{{- end -}}

{{- define "app.processName" -}}
{{- if eq .kind "web" -}}
{{- include "app.fullname" .root -}}
{{- else -}}
{{- printf "%s-%s" (include "app.fullname" .root) .name -}}
{{- end -}}
{{- end -}}

{{/*
What selects a process's pods: it can never change. Those of web are selected as they always were, so all
others have another name.
*/}}
{{- define "app.processSelector" -}}
{{- if eq .kind "web" -}}
{{ include "app.selectorLabels" .root }}
{{- else -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}-{{ .kind }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end -}}
{{- end -}}

{{- define "app.processLabels" -}}
{{ include "app.processSelector" . }}
{{ include "app.describingLabels" .root }}
{{- end -}}

{{/* The metadata of a process's pods. */}}
{{- define "app.podMetadata" -}}
{{- $web := eq .kind "web" -}}
{{- $values := .root.Values -}}
labels:
  {{- include "app.processLabels" . | nindent 2 }}
  {{- if $web }}
  app.kubernetes.io/component: web
  {{- end }}
  {{- with $values.fargateProfile }}
  eks.amazonaws.com/fargate-profile: {{ . | quote }}
  {{- end }}
{{- $metrics := and $web .spec.metrics.port }}
{{- $internal := and $web $values.ingress.internal }}
{{- if or $values.podAnnotations $values.securityGroups $metrics $internal }}
annotations:
  {{- with $values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- with $values.securityGroups }}
  security-groups: {{ join "," . }}
  {{- end }}
  {{- if $metrics }}
  # Where Prometheus finds the metrics, also those on the port for the load balancer.
  prometheus.io/port: {{ .spec.metrics.port | quote }}
  prometheus.io/path: {{ .spec.metrics.path | quote }}
  {{- end }}
  {{- if $internal }}
  # For another scheme, the controller deletes the load balancer and creates one. New pods are Ready
  # only once that one finds them healthy, so Helm waits for it.
  load-balancer-scheme: internal
  {{- end }}
{{- end }}
{{- end -}}

{{/* What is the same in every pod, apart from its containers and volumes. */}}
{{- define "app.pod" -}}
{{- if eq .kind "release" -}}
serviceAccountName: {{ include "app.releaseAccount" .root }}
{{- else -}}
serviceAccountName: {{ .root.Values.serviceAccount.name }}
{{- end }}
automountServiceAccountToken: false
# Dozens of environment variables about other Services, which nothing reads.
enableServiceLinks: false
terminationGracePeriodSeconds: {{ eq .kind "web" | ternary (include "app.seconds.grace" .root) (include "app.seconds.stopGrace" .root) }}
securityContext:
  {{- include "app.podSecurity" .root | nindent 2 }}
  # Lets that group read the mounted credentials, which nobody else can.
  fsGroup: {{ int .root.Values.user }}
{{- end -}}

{{/* A process's container, without ports and probes. */}}
{{- define "app.container" -}}
image: {{ include "app.image" .root | quote }}
imagePullPolicy: IfNotPresent
{{- with .spec.command }}
command:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- include "app.containerSecurity" . | nindent 2 }}
{{- if or .root.Values.parameters.path .root.Values.secrets }}
# The application's own settings. The later wins where names are the same, and what is set below over both. Made
# by the ExternalSecrets: until there is at least one parameter and every secret there is no Secret, and the
# pod waits, since to start with the wrong settings would be worse.
envFrom:
  {{- if .root.Values.parameters.path }}
  - secretRef:
      name: {{ include "app.parameters" . }}
  {{- end }}
  {{- if .root.Values.secrets }}
  - secretRef:
      name: {{ include "app.namedSecrets" . }}
  {{- end }}
{{- end }}
env:
  {{- include "app.env" . | trim | nindent 2 }}
resources:
  # Equal, so that the pod is Guaranteed and Fargate's size is what it can really use.
  requests:
    cpu: {{ .spec.resources.cpu | quote }}
    memory: {{ .spec.resources.memory | quote }}
  limits:
    cpu: {{ .spec.resources.cpu | quote }}
    memory: {{ .spec.resources.memory | quote }}
{{- end -}}

{{/* The variables that tell a process about its database. */}}
{{- define "app.databaseVariables" -}}
["DATABASE_HOST", "DATABASE_READER_HOST", "DATABASE_PORT", "DATABASE_TLS", "DATABASE_NAME", "DATABASE_CREDENTIALS_DIR",
 "DATABASE_URL", "DATABASE_READER_URL",
 "PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD", "PGSSLMODE", "PGSSLROOTCERT", "PGCHANNELBINDING"]
{{- end -}}

{{/* _checks.tpl keeps `env` from setting any of the chart's names. */}}
{{- define "app.env" -}}
{{- $values := .root.Values -}}
{{- if eq .kind "web" }}
- name: PORT
  value: {{ .spec.port | quote }}
{{- with .spec.metrics.port }}
- name: METRICS_PORT
  value: {{ . | quote }}
{{- end }}
- name: IDLE_TIMEOUT
  value: {{ include "app.seconds.idle" .root }}s
{{- end }}
- name: GOMEMLIMIT
  value: {{ include "app.goMemoryLimit" .spec }}
{{- with include "app.database" .root | fromYaml }}
- name: DATABASE_HOST
  value: {{ .host | quote }}
- name: DATABASE_READER_HOST
  value: {{ .readerHost | default .host | quote }}
- name: DATABASE_PORT
  value: {{ .port | quote }}
- name: DATABASE_TLS
  value: {{ .tls }}
- name: DATABASE_NAME
  value: {{ .name | quote }}
# Files username and password: environment variables end up in crash dumps and in child
# processes, and cannot change while the process runs.
- name: DATABASE_CREDENTIALS_DIR
  value: /var/run/secrets/database
# What most clients of PostgreSQL read without being told. These do not change with the password: processes
# that use them start anew after it is rotated.
# https://www.postgresql.org/docs/current/libpq-envars.html
- name: PGHOST
  value: {{ .host | quote }}
- name: PGPORT
  value: {{ .port | quote }}
- name: PGDATABASE
  value: {{ .name | quote }}
{{- if eq .tls "verify-full" }}
- name: PGSSLMODE
  value: verify-full
- name: PGSSLROOTCERT
  value: {{ include "app.certificatesFile" $ }}
{{- else }}
- name: PGSSLMODE
  value: require
- name: PGCHANNELBINDING
  value: require
{{- end }}
{{- range list "PGUSER" "PGPASSWORD" "DATABASE_URL" "DATABASE_READER_URL" }}
- name: {{ . }}
  valueFrom:
    secretKeyRef:
      name: {{ include "app.databaseSecret" $ }}
      key: {{ . }}
{{- end }}
{{- end }}
{{- range $name, $value := $values.env }}
- name: {{ $name }}
  {{- /* As it is: Kubernetes would put another variable for $(NAME). */}}
  value: {{ $value | replace "$(" "$$(" | quote }}
{{- end }}
{{- end -}}

{{/* A process's mounts and volumes; empty without any. */}}
{{- define "app.volumeMounts" -}}
{{- if or .root.Values.writable .root.Values.database -}}
volumeMounts:
  {{- range $i, $path := .root.Values.writable }}
  - name: writable-{{ $i }}
    mountPath: {{ $path | quote }}
  {{- end }}
  {{- if .root.Values.database }}
  - name: database
    mountPath: /var/run/secrets/database
    readOnly: true
  {{- end }}
  {{- if include "app.certificates" .root }}
  - name: certificates
    mountPath: {{ include "app.certificatesFile" . | dir }}
    readOnly: true
  {{- end }}
{{- end -}}
{{- end -}}
{{- define "app.volumes" -}}
{{- if or .root.Values.writable .root.Values.database -}}
volumes:
  {{- range $i, $path := .root.Values.writable }}
  - name: writable-{{ $i }}
    # Without a limit: the machine is the pod's alone, and its disk of 20 GiB is one.
    # https://docs.aws.amazon.com/eks/latest/userguide/fargate-pod-configuration.html
    emptyDir: {}
  {{- end }}
  {{- if .root.Values.database }}
  - name: database
    secret:
      # Made by the ExternalSecret; until then the pod waits in ContainerCreating.
      secretName: {{ include "app.databaseSecret" . }}
      defaultMode: 0440
      items:
        - {key: username, path: username}
        - {key: password, path: password}
        # Empty, and there once these are of the secret that the values name: another one rolls the pods, and none
        # starts with what the one before has.
        - {key: reference-{{ include "app.reference" .root.Values.database.secret }}, path: reference}
  {{- end }}
  {{- if include "app.certificates" .root }}
  - name: certificates
    configMap:
      name: {{ include "app.certificatesMap" . }}
  {{- end }}
{{- end -}}
{{- end -}}

{{/* The pod of a process that ends by itself. */}}
{{- define "app.commandPod" -}}
metadata:
  {{- include "app.podMetadata" . | nindent 2 }}
spec:
  restartPolicy: Never
  {{- include "app.pod" . | nindent 2 }}
  containers:
    - name: {{ .kind }}
      {{- include "app.container" . | nindent 6 }}
      {{- with include "app.volumeMounts" . }}
      {{- . | nindent 6 }}
      {{- end }}
  {{- with include "app.volumes" . }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end -}}
