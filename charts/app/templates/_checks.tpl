{{/* What a schema cannot tell: values that are right by themselves and wrong together. */}}
{{- define "app.checks" -}}
{{- $problems := list -}}
{{- $ingress := .Values.ingress -}}
{{- $processes := include "app.processes" . | fromYaml -}}
{{- $release := $processes.release -}}
{{- $secrets := include "app.reads" . -}}

{{- $all := concat $processes.services $processes.jobs -}}
{{- if not $all -}}
{{- $problems = append $problems "web, workers and jobs are all empty; an application has at least one process" -}}
{{- end -}}
{{- if $release -}}{{- $all = append $all $release -}}{{- end -}}
{{- range $all -}}
{{- $path := .path -}}
{{- with .spec.replicas -}}
{{- if gt (int .min) (int .max) -}}
{{- $problems = append $problems (printf "%s.replicas.min (%d) must not exceed %s.replicas.max (%d)" $path (int .min) $path (int .max)) -}}
{{- end -}}
{{- end -}}
{{- with .spec.resources -}}
{{- /* https://docs.aws.amazon.com/eks/latest/userguide/fargate-pod-configuration.html */ -}}
{{- if gt (include "app.millicpus" .cpu | float64) 16000.0 -}}
{{- $problems = append $problems (printf "%s.resources.cpu (%s) must be at most 16, Fargate's largest" $path .cpu) -}}
{{- end -}}
{{- if gt (include "app.mebibytes" .memory | float64) 122624.0 -}}
{{- $problems = append $problems (printf "%s.resources.memory (%s) must be at most 122624Mi, which with Fargate's own 256Mi is its largest, 120 GB" $path .memory) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Names. A CronJob's may have 52 characters, since Kubernetes adds 11 for its Jobs. */ -}}
{{- range $all -}}
{{- if and (has .kind (list "worker" "job")) (has .name (list "web" "release" "test" "requests")) -}}
{{- $problems = append $problems (printf "%s has a name of the chart's own (web, release, test, requests); give it another" .path) -}}
{{- end -}}
{{- $whole := include "app.processName" (set . "root" $) -}}
{{- $most := eq .kind "job" | ternary 52 63 -}}
{{- if gt (len $whole) $most -}}
{{- $problems = append $problems (printf "%s makes the name %s, which has %d characters of at most %d; give it a shorter one" .path $whole (len $whole) $most) -}}
{{- end -}}
{{- end -}}
{{- range $process, $_ := .Values.jobs -}}
{{- if hasKey $.Values.workers $process -}}
{{- $problems = append $problems (printf "jobs.%s has the name of a worker; give one of them another" $process) -}}
{{- end -}}
{{- end -}}

{{- with include "app.web" . | fromYaml -}}
{{- if and .replicas.requestsPerSecond (not .metrics.port) -}}
{{- $problems = append $problems (printf "web.replicas.requestsPerSecond (%d) needs web.metrics.port, where KEDA asks for the requests" (int .replicas.requestsPerSecond)) -}}
{{- end -}}
{{- end -}}

{{- $own := list "PORT" "METRICS_PORT" "IDLE_TIMEOUT" "GOMEMLIMIT" -}}
{{- if .Values.database -}}
{{- $own = concat $own (include "app.databaseVariables" . | fromJsonArray) -}}
{{- end -}}
{{- with include "app.database" . | fromYaml -}}
{{- if and (eq .tls "verify-full") (not (include "app.certificates" $)) -}}
{{- $problems = append $problems (printf "region (%s): files/rds-global-bundle.pem has no certificate authority of RDS in it; its first lines say how to update it" $.Values.region) -}}
{{- end -}}
{{- end -}}
{{- $taken := list -}}
{{- range $variable, $_ := .Values.env -}}
{{- if has $variable $own -}}{{- $taken = append $taken $variable -}}{{- end -}}
{{- end -}}
{{- if $taken -}}
{{- $problems = append $problems (printf "env must not set %s, which the chart sets; remove it" (join ", " $taken)) -}}
{{- end -}}
{{- range $variable, $_ := .Values.secrets -}}
{{- if has $variable $own -}}
{{- $problems = append $problems (printf "secrets must not set %s, which the chart sets; remove it" $variable) -}}
{{- end -}}
{{- if hasKey $.Values.env $variable -}}
{{- $problems = append $problems (printf "secrets and env both set %s; remove one" $variable) -}}
{{- end -}}
{{- end -}}

{{- range .Values.writable -}}
{{- if regexMatch "^(/var)?/run/secrets(/|$)" . -}}
{{- $problems = append $problems (printf "writable: %s is where credentials are mounted; name another path" .) -}}
{{- end -}}
{{- end -}}

{{- $reader := .Values.secretStore.serviceAccountName -}}
{{- if eq $reader .Values.serviceAccount.name -}}
{{- $problems = append $problems (printf "secretStore.serviceAccountName (%s) must not be serviceAccount.name, or the pods get the role that reads secrets; give it another" $reader) -}}
{{- end -}}
{{- if $release -}}
{{- $accounts := list .Values.serviceAccount.name (include "app.releaseAccount" .) -}}
{{- if $secrets -}}{{- $accounts = concat $accounts (list $reader (include "app.releaseReader" .)) -}}{{- end -}}
{{- if ne (len $accounts) (len (uniq $accounts)) -}}
{{- $problems = append $problems (printf "the service accounts of the pods and of the release command must differ, are %s; give others in serviceAccount and secretStore" (join ", " $accounts)) -}}
{{- end -}}
{{- end -}}
{{- if and $ingress.accessLogs.prefix (not $ingress.accessLogs.bucket) -}}
{{- $problems = append $problems (printf "ingress.accessLogs.prefix (%s) must come with ingress.accessLogs.bucket; name the bucket or remove the prefix" $ingress.accessLogs.prefix) -}}
{{- end -}}
{{- if and $ingress.certificateArn (ne $ingress.wafAclArn "none") $ingress.wafAclArn -}}
{{- $acl := splitList ":" $ingress.wafAclArn -}}
{{- $certificate := splitList ":" $ingress.certificateArn -}}
{{- if ne (index $acl 3) (index $certificate 3) -}}
{{- $problems = append $problems (printf "ingress.wafAclArn must be in %s, the load balancer's region and its certificate's, is in %s" (index $certificate 3) (index $acl 3)) -}}
{{- end -}}
{{- if ne (index $acl 4) (index $certificate 4) -}}
{{- $problems = append $problems (printf "ingress.wafAclArn must be in account %s, the load balancer's and its certificate's, is in %s" (index $certificate 4) (index $acl 4)) -}}
{{- end -}}
{{- end -}}
{{- if $problems -}}
{{- fail (join "\n" $problems) -}}
{{- end -}}
{{- end -}}
