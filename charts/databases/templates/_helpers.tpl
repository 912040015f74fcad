{{/* The name of every object: the release's. */}}
{{- define "databases.fullname" -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{/* The Secret that the ExternalSecret makes and the pod mounts. */}}
{{- define "databases.secret" -}}
{{- printf "%s-credentials" (include "databases.fullname" .) -}}
{{- end -}}

{{/* What selects the pod: it can never change, so nothing that ever changes belongs here. */}}
{{- define "databases.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "databases.version" -}}
{{- .Values.version | default .Chart.AppVersion -}}
{{- end -}}

{{/* The tag of charts/postgres, so that one digest is both's. */}}
{{- define "databases.image" -}}
{{- printf "%s:%s-bookworm" .Values.image.repository (include "databases.version" .) -}}
{{- with .Values.image.digest }}@{{ . }}{{ end -}}
{{- end -}}

{{/*
The metadata of an object. What runs once is a hook, with all that it needs: so each run reads the secrets of
that moment, and the master user's password is in the cluster only while it runs. Helm waits for the Job, and
runs it at each install and upgrade. A Job that fails stays to be looked at; what it needed goes all the same.
https://helm.sh/docs/topics/charts_hooks/
*/}}
{{- define "databases.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "databases.selectorLabels" .root | nindent 2 }}
  app.kubernetes.io/version: {{ include "databases.version" .root | quote }}
  app.kubernetes.io/managed-by: {{ .root.Release.Service }}
  helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- $annotations := .annotations | default dict -}}
{{- if not .root.Values.server.repeatSeconds -}}
{{- $annotations = merge $annotations (dict "helm.sh/hook" "pre-install,pre-upgrade" "helm.sh/hook-weight" (toString .weight) "helm.sh/hook-delete-policy" "before-hook-creation,hook-succeeded") -}}
{{- end -}}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* APPLICATIONS of databases.sh. */}}
{{- define "databases.applications" -}}
{{- $all := list -}}
{{- range $name, $application := .Values.applications -}}
{{- $all = append $all (printf "%s=%s" $name $application.database) -}}
{{- end -}}
{{- join " " $all -}}
{{- end -}}

{{- define "databases.pod" -}}
metadata:
  labels:
    {{- include "databases.selectorLabels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    checksum/files: {{ include "databases.files" . | sha256sum }}
spec:
  # Not as the account that reads the secrets: the script needs nothing of AWS or Kubernetes.
  automountServiceAccountToken: false
  enableServiceLinks: false
  restartPolicy: {{ if .Values.server.repeatSeconds }}Always{{ else }}Never{{ end }}
  securityContext:
    # Debian's nobody, as in charts/postgres.
    runAsNonRoot: true
    runAsUser: 65534
    runAsGroup: 65534
    fsGroup: 65534
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: databases
      image: {{ include "databases.image" . | quote }}
      imagePullPolicy: IfNotPresent
      command: [/bin/sh, /etc/databases/databases.sh]
      securityContext:
        allowPrivilegeEscalation: false
        privileged: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      env:
        - name: APPLICATIONS
          value: {{ include "databases.applications" . | quote }}
        - name: CREDENTIALS_DIR
          value: /var/run/secrets/databases
        - name: SQL_DIR
          value: /etc/databases
        # psql looks for files there, which are not.
        - name: HOME
          value: /nonexistent
        - name: PGHOST
          value: {{ .Values.server.host | quote }}
        - name: PGPORT
          value: {{ .Values.server.port | quote }}
        {{- if eq .Values.server.tls "verify-full" }}
        - name: PGSSLMODE
          value: verify-full
        - name: PGSSLROOTCERT
          value: /etc/databases/ca.pem
        {{- else }}
        - name: PGSSLMODE
          value: require
        - name: PGCHANNELBINDING
          value: require
        {{- end }}
        {{- with .Values.server.repeatSeconds }}
        - name: REPEAT_SECONDS
          value: {{ . | quote }}
        - name: READY_FILE
          value: /tmp/ready
        {{- end }}
      {{- if .Values.server.repeatSeconds }}
      # None for liveness: a server that is away is no reason to start again.
      readinessProbe:
        exec:
          command: [test, -e, /tmp/ready]
        periodSeconds: 5
        timeoutSeconds: 5
      {{- end }}
      resources:
        # Equal, so that the pod is Guaranteed and Fargate's size is what it can really use.
        requests:
          cpu: {{ .Values.resources.cpu | quote }}
          memory: {{ .Values.resources.memory | quote }}
        limits:
          cpu: {{ .Values.resources.cpu | quote }}
          memory: {{ .Values.resources.memory | quote }}
      volumeMounts:
        - name: files
          mountPath: /etc/databases
          readOnly: true
        - name: credentials
          mountPath: /var/run/secrets/databases
          readOnly: true
        {{- if .Values.server.repeatSeconds }}
        - name: tmp
          mountPath: /tmp
        {{- end }}
  volumes:
    - name: files
      configMap:
        name: {{ include "databases.fullname" . }}
    - name: credentials
      secret:
        # Made by the ExternalSecret; until then the pod waits.
        secretName: {{ include "databases.secret" . }}
        defaultMode: 0440
    {{- if .Values.server.repeatSeconds }}
    - name: tmp
      emptyDir:
        sizeLimit: 1Mi
    {{- end }}
{{- end -}}

{{- define "databases.files" -}}
{{- range $path, $_ := .Files.Glob "files/*" }}
{{ base $path }}: |
  {{- $.Files.Get $path | trim | nindent 2 }}
{{- end }}
{{- with .Values.server.certificates }}
ca.pem: |
  {{- trim . | nindent 2 }}
{{- end }}
{{- end -}}
